"""Worlds: workspaces with channels, catalogue, first stock, rates and simulated accounts, described in one file.

`load_world` reads and checks a file, `apply_world` makes the database what it says.
"""

from entrepot.worlds.apply import apply_world, find_workspace
from entrepot.worlds.faults import Fault
from entrepot.worlds.file import demo_world, load_world
from entrepot.worlds.records import merchant_ref, product_uuid
from entrepot.worlds.report import Change, Difference, GeneratedKey, Report, WorkspaceReport
from entrepot.worlds.types import World

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
    "product_uuid",
]
