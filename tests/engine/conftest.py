"""The running server and fresh shops, as the proofs of the Bonsai door have them."""

from tests.conformance.harness.fixtures import bonsai, connection, open_bonsai_shop

__all__ = ["bonsai", "connection", "open_bonsai_shop"]
