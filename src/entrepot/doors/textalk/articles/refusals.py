"""How a refused change of articles and variants is told: each fault at the property that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from entrepot.domain.kernel.commands import Refused
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.doors.textalk.wire.sentences import say
from entrepot.failures import Failure
from entrepot.failures.goods import QuantityUneven, StepUneven
from entrepot.failures.rows import NameTaken


def refusal(outcome: Refused, *, step: str = "", stock: str = "") -> RpcError:
    """The error; `step` and `stock` are where the patch has these quantities."""
    problems = tuple(_problems(outcome.failures, step, stock))
    if problems or not outcome.failures:
        failure = outcome.failures[0] if outcome.failures else None
        return RpcError(Code.VALIDATION_ERROR, problems, failure)
    return rpc_error(outcome.failures[0])


def _problems(failures: tuple[Failure, ...], step: str, stock: str) -> Iterator[Problem]:
    for failure in failures:
        match failure:
            case StepUneven(scale=scale):
                yield Problem(step, say("patch.multiple-of", limit=Decimal(1).scaleb(-scale)))
            case QuantityUneven(scale=scale):
                yield Problem(stock, say("patch.multiple-of", limit=Decimal(1).scaleb(-scale)))
            case NameTaken():
                yield Problem("/articleNumber", say("patch.taken"))
            case _:
                return
