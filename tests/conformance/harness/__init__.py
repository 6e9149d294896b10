"""The proof of documented rows: provoke, compare everything, show that nothing changed, mend, succeed."""

from tests.conformance.harness.client import Client, Request, Reply
from tests.conformance.harness.proof import Prove, prove
from tests.conformance.harness.rows import FINISHED, ROWS, Row
from tests.conformance.harness.state import State, read_state

__all__ = ["FINISHED", "ROWS", "Client", "Prove", "Reply", "Request", "Row", "State", "prove", "read_state"]
