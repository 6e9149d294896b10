"""A tax query as AvaTax's CreateTransactionModel."""

from datetime import date
from typing import Any

from entrepot.domain.kernel.money import to_major
from entrepot.domain.pricing.taxes import Destination, TaxLine, TaxQuery

CUSTOMER_CODE = "shopper"
SHIPPING_TAX_CODE = "FR020100"
"""AvaTax's code for delivery by common carrier."""


def sales_order(query: TaxQuery, today: date) -> dict[str, Any]:
    """Write the query as a SalesOrder: a quote, which AvaTax neither records nor commits.

    The seller is the importer, since the shopper pays the duties with the order.
    """
    lines = [_line(number, line, query, "") for number, line in enumerate(query.lines)]
    shipping = [
        _line(number, line, query, SHIPPING_TAX_CODE)
        for number, line in enumerate(query.shipping, start=len(lines))
    ]
    return {
        "type": "SalesOrder",
        "commit": False,
        "isSellerImporterOfRecord": True,
        "companyCode": query.company,
        "customerCode": CUSTOMER_CODE,
        "date": today.isoformat(),
        "currencyCode": query.currency,
        "lines": lines + shipping,
    }


def _line(number: int, line: TaxLine, query: TaxQuery, tax_code: str) -> dict[str, Any]:
    """Write one line; its number is its place in the query, by which the reply is matched."""
    fields: dict[str, Any] = {
        "number": str(number),
        "quantity": line.quantity,
        "amount": float(to_major(line.amount, query.currency)),
        "taxIncluded": line.tax_included,
        "taxCode": line.tax_code or tax_code,
        "hsCode": line.hs_code,
        "addresses": {"shipFrom": _address(_origin(line)), "shipTo": _address(query.ship_to)},
    }
    return {name: value for name, value in fields.items() if value != ""}


def _origin(line: TaxLine) -> Destination:
    """Where the line is sent from; merchants in the US and in Canada need more than their country."""
    at = line.merchant_address
    return Destination(line.merchant_country, at.province, at.zip, at.city, at.address1)


def _address(place: Destination) -> dict[str, str]:
    fields = {
        "line1": place.address1,
        "city": place.city,
        "region": place.province,
        "country": place.country,
        "postalCode": place.zip,
    }
    return {name: value for name, value in fields.items() if value}
