"""The integration log's connection, which may fail by order."""

from __future__ import annotations

from collections.abc import Sequence

from entrepot.integration_log.entries import Row
from entrepot.integration_log.writer import Copy
from entrepot.sandbox.register import FaultRegister, InjectedFaultError
from entrepot.sandbox.targets import LOG

GIVEN_UP = 30.0
"""Seconds after which a COPY that is not answered is given up."""


def faulty_copy(copy: Copy, faults: FaultRegister) -> Copy:
    """What writes the log, with faults on `connection:log`."""

    async def written(rows: Sequence[Row]) -> None:
        fault = faults.strike(LOG)
        if fault is None:
            return await copy(rows)
        match fault.order.kind:
            case "refuse":
                raise ConnectionRefusedError(LOG)
            case "slow":
                await fault.wait(fault.order.delay or 0)
                return await copy(rows)
            case "timeout":
                await fault.wait(GIVEN_UP if fault.order.delay is None else fault.order.delay)
                raise TimeoutError(LOG)
            case "drop":
                await copy(rows)
                raise ConnectionResetError(LOG)
            case _:
                raise InjectedFaultError(LOG)

    return written
