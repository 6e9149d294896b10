"""A partner who sells the boutique's shirts through the Bonsai API, whose orders the webshop's administrators see."""

from __future__ import annotations

import base64
from typing import Any

from entrepot.domain.catalogue.products import product_uuid
from entrepot.domain.kernel.ids import cuid
from tests.conformance.bonsai import SUBMIT
from tests.conformance.harness import Client, Request
from tests.support.buyer import Buyer

PARTNER = {
    "merchants/own": {"name": "The Boutique", "country": "SE", "shipping": {"SE": {"EUR": "5.00"}}},
    "products/shirt/merchant": "own",
    "taxes": {"companies": ["DEFAULT"], "rates": {"SE": {"rate": "25%"}}},
    "channels/partner/door": "bonsai",
    "channels/partner/settings": {
        "currency": "EUR",
        "external_payment": {"api": {"skip_validation": True}},
        "returns": {"refund": "automatic"},
    },
    "channels/shop/settings/sees": "workspace",
}


class Partner:
    """Who sells the boutique's shirts through the Bonsai API."""

    def __init__(self, client: Client, buyer: Buyer) -> None:
        self._client, self._buyer = client, buyer
        self._key = f"{buyer.shop.name}-partner"

    @property
    def headers(self) -> dict[str, str]:
        """Who the partner's shop is."""
        return {"API-Key": self._key}

    async def sells(self, quantity: int) -> dict[str, Any]:
        """An order that is placed."""
        keys = {"live": self._key, "private": f"{self._key}-private"}
        await self._buyer.shop.change({"channels/partner/keys": keys})
        product = cuid(product_uuid(self._buyer.shop.name, "shirt"))
        address = {"first_name": "Per", "last_name": "Ek", "address1": "Storgatan 1", "zip": "11122"}
        body = {
            "customer": {"email": "per@example.com", "first_name": "Per", "last_name": "Ek"},
            "products": [{"public_id": product, "variant_id": "111", "quantity": quantity}],
            "shipping_address": {**address, "city": "Stockholm", "country": "SE"},
            "payment": {
                "method": "external payment",
                "token": "paid-1",
                "currency": "EUR",
                "amounts": {"goods": 35 * quantity, "shipping": 5, "taxes": 8.75 * quantity},
            },
        }
        reply = await self._client.send(Request("POST", SUBMIT, body, self.headers))
        assert reply.status == 200, reply.body
        return reply.json["data"]

    async def reads(self, order: str) -> Any:
        """What is told of the order, or of its refunds."""
        secret = base64.b64encode(f"{self._key}-private:".encode()).decode()
        headers = {"Authorization": f"Basic {secret}"}
        reply = await self._client.send(Request("GET", f"/bonsai/orders/v2/{order}", headers=headers))
        assert reply.status == 200, reply.body
        return reply.json["data"]
