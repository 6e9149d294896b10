"""What proofs need: the client of the running server, the database behind it, shops, and the proof itself."""

from tests.conformance.harness.fixtures import (
    bonsai,
    connection,
    datamingle,
    open_bonsai_shop,
    open_buyer,
    open_datamingle,
    open_rebound_retailer,
    open_seller,
    open_webshop,
    prove,
    prove_over_sockets_too,
    rebound,
    textalk,
    transport,
    walmart,
)

__all__ = [
    "bonsai",
    "connection",
    "datamingle",
    "open_bonsai_shop",
    "open_buyer",
    "open_datamingle",
    "open_rebound_retailer",
    "open_seller",
    "open_webshop",
    "prove",
    "rebound",
    "textalk",
    "transport",
    "walmart",
]

pytest_generate_tests = prove_over_sockets_too
