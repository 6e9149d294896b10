"""Whether the database answers and has this release's schema."""

from __future__ import annotations

from entrepot.checks.findings import Finding
from entrepot.store.connections import FAULTS
from entrepot.store.upkeep import migrate
from entrepot.store.upkeep.migrate import MigrationError, State

_ADVICE = {
    State.BEHIND: "run `entrepot migrate`",
    State.AHEAD: "run the newer Entrepôt, or restore a backup of this one's",
}


async def check_database(database_url: str) -> list[Finding]:
    """Violations if the database cannot be reached, is too old, or has another schema than this release."""
    try:
        state = await migrate.read_state(database_url)
    except MigrationError as error:
        return [Finding("violation", "migrations", None, str(error))]
    except FAULTS as error:
        # Of the error only its kind: a driver's text may repeat the URL, which holds a password.
        return [Finding("violation", "database", None, f"it does not answer ({type(error).__name__})")]
    if state in (State.CURRENT, State.EXPANDED):
        return []
    return [Finding("violation", "migrations", None, f"the schema is {state.value}: {_ADVICE[state]}")]
