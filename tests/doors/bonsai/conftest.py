"""Tests that talk to the running server use the same client, shops and database as the proofs."""

from tests.conformance.harness.fixtures import bonsai, connection, open_bonsai_shop

__all__ = ["bonsai", "connection", "open_bonsai_shop"]
