"""What the console's tests share."""

from tests.conformance.harness.fixtures import bonsai, connection, open_bonsai_shop

__all__ = ["bonsai", "connection", "open_bonsai_shop"]
