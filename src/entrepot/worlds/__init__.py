"""Worlds: workspaces with channels, catalogue, first stock, rates and simulated accounts, described in one file.

`load_world` reads and checks a file, `apply_world` makes the database what it says.
"""

from entrepot.worlds.applying.apply import apply_world, find_workspace
from entrepot.worlds.form.faults import Fault
from entrepot.worlds.form.file import demo_world, load_world
from entrepot.worlds.form.types import World
from entrepot.worlds.plan.records import merchant_ref
from entrepot.worlds.plan.report import Change, Difference, GeneratedKey, Report, WorkspaceReport

__all__ = [
    "Change",
    "Difference",
    "Fault",
    "GeneratedKey",
    "Report",
    "WorkspaceReport",
    "World",
    "apply_world",
    "demo_world",
    "find_workspace",
    "load_world",
    "merchant_ref",
]
