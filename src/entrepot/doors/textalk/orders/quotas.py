"""How much may be uploaded in a day: per address, per session and per shop, counted for all workers together.

What was refused later, because of what it was to be attached to, counts too: it was read all the same; what is over one
of the sums counts for none. An administrator's files count for the shop alone.
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
    if not sizes:
        return None
    kilobytes = sum(max(1, -(-size // 1_000)) for size in sizes)
    counting = CountTry(allowances=tuple(_allowances(context)), amount=kilobytes)
    counted = await engine.execute(context.shop.workspace, counting)
    if not isinstance(counted, Refused):
        return None
    over = counted.failures[0]
    if isinstance(over, TooManyTries):
        return RpcError(Code.FILE_ATTACHMENT_FAILED, say("buy.files-quota"), over)
    return rpc_error(over)


def _allowances(context: Context) -> Iterator[Allowance]:
    if context.audience is not Audience.ADMIN:
        if context.session is not None:
            yield _allowance(context, "session", str(context.session.id), OF_SESSION)
        yield _allowance(context, "address", subscriber(context.address), OF_ADDRESS)
    yield _allowance(context, "shop", "", OF_SHOP)


def _allowance(context: Context, kind: str, who: str, most: int) -> Allowance:
    return Allowance(subject_of("files", kind, str(context.shop.channel), who), most, DAY)
