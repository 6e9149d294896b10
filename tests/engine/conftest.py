"""The running server, fresh shops and webshops, as the proofs of the doors have them."""

from tests.conformance.harness.fixtures import bonsai, connection, open_bonsai_shop, open_webshop, textalk

__all__ = ["bonsai", "connection", "open_bonsai_shop", "open_webshop", "textalk"]
