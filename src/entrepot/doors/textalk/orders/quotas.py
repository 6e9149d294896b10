"""How much may be uploaded in a day: per address, per session and per shop, counted for all workers together.

What was refused later, because of what it was to be attached to, counts too: it was read all the same. An administrator
counts for the shop alone. Whoever is over one limit uses up nothing of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from entrepot.domain.catalogue.selection import Chosen, NewFile
from entrepot.domain.channels.guessing import Allowance, CountTry, subject_of
from entrepot.domain.kernel.commands import Refused
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.wire.errors import Code, RpcError
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.doors.textalk.wire.sentences import say
from entrepot.engine import Engine
from entrepot.failures.access import TooManyTries
from entrepot.store.sharing import subscriber

DAY: Final = timedelta(days=1)
OF_SESSION, OF_ADDRESS, OF_SHOP = 100_000, 500_000, 10_000_000
"""In kilobytes a day; a file counts with at least one."""


async def over_quota(engine: Engine, context: Context, answers: Mapping[int, Chosen]) -> RpcError | None:
    """Count the files among these answers; 2070 with the seconds to wait where they are too much for today."""
    sizes = [len(answer.content) for answer in answers.values() if isinstance(answer, NewFile)]
    kilobytes = sum(max(1, -(-size // 1_000)) for size in sizes)
    if not sizes:
        return None
    allowances = tuple(Allowance(subject, most, DAY) for subject, most in _limits(context))
    counted = await engine.execute(context.shop.workspace, CountTry(allowances=allowances, amount=kilobytes))
    if not isinstance(counted, Refused):
        return None
    over = counted.failures[0]
    if isinstance(over, TooManyTries):
        return RpcError(Code.FILE_ATTACHMENT_FAILED, say("buy.files-quota"), over)
    return rpc_error(over)


def _limits(context: Context) -> Iterator[tuple[bytes, int]]:
    shop = str(context.shop.channel)
    if context.audience is not Audience.ADMIN:
        session = "" if context.session is None else str(context.session.id)
        yield subject_of("files", "session", shop, session), OF_SESSION
        yield subject_of("files", "address", shop, subscriber(context.address)), OF_ADDRESS
    yield subject_of("files", "shop", shop), OF_SHOP
