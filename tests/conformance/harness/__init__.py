"""The proof of documented rows: provoke, compare everything, show that nothing changed, mend, succeed."""

from tests.conformance.harness.client import Client, Line, Reply, Request, Sender
from tests.conformance.harness.proof import Expected, Prove
from tests.conformance.harness.state import changed, read_state

__all__ = ["Client", "Expected", "Line", "Prove", "Reply", "Request", "Sender", "changed", "read_state"]
