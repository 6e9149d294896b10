"""`entrepot outbox`: list and retry."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from entrepot.cli.operate.session import Session, operator_command
from entrepot.cli.options import fail

if TYPE_CHECKING:
    from rich.table import Table

    from entrepot.domain.kernel.commands import Command
    from entrepot.domain.outbox.deliveries import RetryDelivery
    from entrepot.store.queries.outbox import DeliveryRow

app = typer.Typer(
    help="Messages to others: mails, events, payouts, reversals, refunds. See what was given up, and bring it back.",
    no_args_is_help=True,
)

MOST = 10_000

Listener = Annotated[
    str | None,
    typer.Option(
        help="Only to this listener, such as event:12, or to all of a kind: event, mail, payout, reversal, refund."
    ),
]


@app.command("list")
@operator_command
async def list_outbox(
    session: Session,
    waiting: Annotated[bool, typer.Option("--waiting", help="Those that are still tried instead.")] = False,
    delivered: Annotated[bool, typer.Option("--delivered", help="Those that have arrived instead.")] = False,
    listener: Listener = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST)] = 100,
) -> None:
    """List messages that were given up, oldest first; never what they say."""
    from entrepot.store.queries.outbox import list_deliveries

    if waiting and delivered:
        fail("Expected at most one of --waiting and --delivered.", status=2)
    state = "waiting" if waiting else "delivered" if delivered else "parked"
    found = await list_deliveries(session.connection, session.workspace, state, listener, limit=limit)
    session.tell(found, lambda: _table(found))


@app.command("retry")
@operator_command
async def retry_outbox(
    session: Session,
    message: Annotated[
        list[str] | None, typer.Argument(help="As `outbox list` names it; may be repeated.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that were given up instead.")] = False,
    listener: Listener = None,
) -> None:
    """Try messages again that were given up. The running server takes them at once, and has three days again."""
    if everything == bool(message) or (message and listener):
        fail("Expected either MESSAGE, or --all with or without --listener.", status=2)
    commands = [_named(each) for each in message] if message else await _parked(session, listener)
    await _run(session, commands, "messages are tried again.")


@app.command("resend")
@operator_command
async def resend_outbox(
    session: Session,
    message: Annotated[list[str], typer.Argument(help="As `outbox list` names it; may be repeated.")],
) -> None:
    """Tell events again that have arrived. Their id is the same, and Entrepot-Attempt counts one more."""
    from entrepot.domain.outbox.deliveries import ResendDelivery

    wanted = [ResendDelivery(each.subject, each.listener, each.seq) for each in map(_named, message)]
    await _run(session, wanted, "messages are sent again.")


async def _run(session: Session, commands: "Sequence[Command]", says: str) -> None:
    from entrepot.cli.showing import failure_json, failure_text
    from entrepot.domain.kernel.commands import Refused

    outcomes = await session.execute_all(commands)
    refusals = [outcome.failures[0] for outcome in outcomes if isinstance(outcome, Refused)]
    done = len(outcomes) - len(refusals)
    told = {"done": done, "refused": [failure_json(failure) for failure in refusals]}
    session.tell(told, lambda: f"{done} {says}")
    if refusals:
        fail(*map(failure_text, refusals))


async def _parked(session: Session, listener: str | None) -> "list[RetryDelivery]":
    from entrepot.domain.outbox.deliveries import RetryDelivery
    from entrepot.store.queries.outbox import list_deliveries

    found = await list_deliveries(session.connection, session.workspace, "parked", listener, limit=MOST)
    return [RetryDelivery(row.subject, row.listener, row.seq) for row in found]


def _named(text: str) -> "RetryDelivery":
    from entrepot.domain.outbox.deliveries import RetryDelivery

    subject, _, rest = text.partition("/")
    listener, _, seq = rest.rpartition("/")
    if not listener or not _is_number(subject) or not _is_number(seq):
        fail(f"MESSAGE: {text!r} is wrong; expected a name such as 7/event:12/1.", status=2)
    return RetryDelivery(int(subject), listener, int(seq))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 16


def _table(found: "Sequence[DeliveryRow]") -> "Table":
    from entrepot.cli.showing import table

    rows = (
        (f"{row.subject}/{row.listener}/{row.seq}", row.tries, f"{row.due_at:%Y-%m-%d %H:%M}", row.error)
        for row in found
    )
    when = {"waiting": "next", "delivered": "arrived"}.get(found[0].state if found else "", "since")
    return table(("message", "tries", when, "what is wrong"), rows, right=("tries",), whole=(when,))
