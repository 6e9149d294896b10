"""The one limit on guessing: how often passwords, codes and clients' secrets may be tried, and mails be asked for.

Tries are counted in the database, so for all worker processes together and over restarts; a process keeps none in
memory. Whoever tries too often gets the refusal of a wrong try, with the seconds to wait, and no work is done; the
count goes by what was typed, so the answer is the same whether or not it exists. Strangers cannot shut an owner out:
what is refused hangs on the caller's own address and session. Tries of one target from everywhere only make each
address's share of it smaller.

Passwords and codes are counted before they are looked at. Of clients' secrets, which programs send many times at once,
only the wrong ones count: an address has as many more as it can send before the first was counted.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import msgspec

from entrepot.domain.channels.guessing import (
    AdmitGood,
    Allowance,
    CountTry,
    GuessCommand,
    TakeBack,
    subject_of,
)
from entrepot.domain.kernel.commands import Refused
from entrepot.engine.batches.engine import Engine
from entrepot.failures import Failure
from entrepot.store.sharing import subscriber

OF_NO_WORKSPACE: Final = 0
"""Where tries are counted of which it is not known whose they are, such as an administrator's name."""
_HOUR, _QUARTER = timedelta(hours=1), timedelta(minutes=15)


class Measure(msgspec.Struct, frozen=True):
    """How often one kind of secret may be tried within a window.

    `each` tries of one target from one address, `careful` of them while the target was tried `everywhere` times in
    vain; `session` tries from one session; `address` tries of whatever target from one address. `proven`: a good try
    shows that the caller owns the target, and those before it are forgotten.
    """

    name: str
    window: timedelta
    each: int
    careful: int | None = None
    everywhere: int | None = None
    session: int | None = None
    address: int | None = None
    proven: bool = False


PASSWORD: Final = Measure("password", _QUARTER, 10, 3, 300, session=20, address=100, proven=True)
"""Of customers, administrators and operators."""
CLIENT: Final = Measure("client", _QUARTER, 30, 5, 1_000, address=300, proven=True)
"""A client's secret, at the operations that give out access tokens."""
MAILED: Final = Measure("mailed", _HOUR, 10, 3, 1_000)
"""Codes that were mailed: the target is a shop, any of whose codes would do."""
COUPON: Final = Measure("coupon", _HOUR, 60, 15, 1_000, session=10)
"""Discount codes and gift certificates: the target is a shop, any of whose codes would do."""
LINK: Final = Measure("link", _QUARTER, 30, 5, 1_000)
"""One-time links of operators: the target is the server."""
MAILS_TO: Final = Measure("mails-to", _HOUR, 5)
"""Mails to one address, whoever asks for them."""
PROOFS_TO: Final = Measure("proofs-to", _HOUR, 5, 1, 10)
"""Codes mailed to an address that its owner shall prove: whoever asks for many keeps nobody else from asking."""
MAILS_FROM: Final = Measure("mails-from", _HOUR, 30)
"""Mails asked for from one address, whomever they go to."""


class Guess(msgspec.Struct, frozen=True):
    """One try: of what, by whom. Its `repr` tells neither target nor caller."""

    measure: Measure
    target: str
    address: str
    session: str = ""

    def __repr__(self) -> str:
        return f"Guess({self.measure.name})"

    @property
    def allowances(self) -> tuple[Allowance, ...]:
        """What the try uses up."""
        measure, where = self.measure, subscriber(self.address)
        found = [self._allowance("each", measure.each, self.target, where)]
        if measure.session and self.session:
            found.append(self._allowance("session", measure.session, "", self.session))
        if measure.address:
            found.append(self._allowance("address", measure.address, "", where))
        return tuple(found)

    @property
    def watched(self) -> Allowance | None:
        """What counts the tries of the target from everywhere."""
        most = self.measure.everywhere
        return None if most is None else self._allowance("everywhere", most, self.target, "")

    def _allowance(self, kind: str, most: int, target: str, source: str) -> Allowance:
        own = kind == "each"
        return Allowance(
            subject_of(self.measure.name, kind, target, source),
            most,
            self.measure.window,
            self.measure.careful if own else None,
            own and self.measure.proven,
        )


class Guesses:
    """Counts tries where all workers see them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def count(self, workspace: int, *guesses: Guess) -> Failure | None:
        """One more try; `TooManyTries` where one of its allowances is used up, or why it cannot be counted."""
        allowances = tuple(each for guess in guesses for each in guess.allowances)
        return await self._asked(workspace, CountTry(allowances=allowances, watched=guesses[0].watched))

    async def admit(self, workspace: int, guess: Guess) -> Failure | None:
        """Of a good try that was not counted: `TooManyTries` where those that failed used up its allowance."""
        return await self._asked(workspace, AdmitGood(allowances=guess.allowances, watched=guess.watched))

    async def _asked(self, workspace: int, command: GuessCommand) -> Failure | None:
        outcome = await self._engine.execute(workspace, command)
        return outcome.failures[0] if isinstance(outcome, Refused) else None

    async def take_back(self, workspace: int, guess: Guess) -> None:
        """The try was good: it does not count."""
        await self._engine.execute(workspace, TakeBack(allowances=guess.allowances, watched=guess.watched))
