"""A rule that may fail by order."""

from __future__ import annotations

from datetime import datetime
from math import ceil

from entrepot.domain.kernel.commands import Command, Decision, Ids, refused
from entrepot.domain.kernel.records import View
from entrepot.domain.kernel.stages import Stage
from entrepot.engine.batches.batch import Rule
from entrepot.failures import Overloaded
from entrepot.sandbox.register import FaultRegister, InjectedFaultError
from entrepot.sandbox.targets import rule_target


def faulty_rule(rule: Rule, faults: FaultRegister) -> Rule:
    """The rule, which raises InjectedFaultError for the commands that a fault strikes."""

    def decide(command: Command, view: View, now: datetime, ids: Ids) -> Decision:
        target = rule_target(type(command))
        # What a command wants first is the channel that it came by.
        channels = list(command.wants(Stage.CHANNEL, view))
        fault = faults.strike(target, view.workspace, channels)
        if fault is None:
            return rule(command, view, now, ids)
        if fault.order.kind == "busy":
            return refused(Overloaded(ceil(fault.order.delay or 1)))
        raise InjectedFaultError(target)

    return decide
