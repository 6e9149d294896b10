"""The fixtures that open an account at each door, on the session's server."""

from tests.conformance.harness.fixtures import (
    bonsai,
    connection,
    datamingle,
    open_bonsai_shop,
    open_datamingle,
    open_rebound_retailer,
    open_seller,
    open_webshop,
    rebound,
    textalk,
)

__all__ = [
    "bonsai",
    "connection",
    "datamingle",
    "open_bonsai_shop",
    "open_datamingle",
    "open_rebound_retailer",
    "open_seller",
    "open_webshop",
    "rebound",
    "textalk",
]
