"""What the console's tests share."""

from tests.conformance.harness.fixtures import (
    bonsai,
    connection,
    datamingle,
    open_bonsai_shop,
    open_datamingle,
)

__all__ = ["bonsai", "connection", "datamingle", "open_bonsai_shop", "open_datamingle"]
