"""`entrepot check`: whether the database holds what the rules promise.

Every law is one statement that returns what breaks it, so a healthy workspace returns nothing.
"""

from entrepot.checks.accounts import check_accounts
from entrepot.checks.database import check_database
from entrepot.checks.durability import check_durability
from entrepot.checks.findings import Finding, Severity
from entrepot.checks.nodes import check_nodes, find_nodes
from entrepot.checks.running import run_checks
from entrepot.checks.tenants import check_sandbox_workspaces

__all__ = [
    "Finding",
    "Severity",
    "check_accounts",
    "check_database",
    "check_durability",
    "check_nodes",
    "check_sandbox_workspaces",
    "find_nodes",
    "run_checks",
]
