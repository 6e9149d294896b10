"""Valid bodies of each kind, and the way to change one place of them."""

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

JOI_CASES: dict[str, Any] = json.loads((Path(__file__).parent / "joi_cases.json").read_text("utf-8"))

ABSENT: Any = object()


def submit_v1() -> dict[str, Any]:
    return copy.deepcopy(JOI_CASES["body"])


def submit_v2() -> dict[str, Any]:
    return {
        "customer": {"email": "qa@shopbonsai.ca", "firstName": "Eddy"},
        "products": [{"id": "clad6pg5z00eu012gfz7hfm92", "variantId": "M00679529706740", "quantity": 2}],
        "shippingAddress": {
            "firstName": "Eddy",
            "lastName": "Bonsai",
            "address1": "1 Main Street",
            "city": "New York",
            "country": "US",
            "zip": "10001",
        },
        "payment": {"method": "stripe"},
    }


def checkout() -> dict[str, Any]:
    body = submit_v1()
    return {
        "products": body["products"],
        "shipping_address": body["shipping_address"],
        "payment": {"paymentMethod": "stripe", "requestPaymentIntent": True},
        "target_currency": "EUR",
    }


def at(body: Any, path: Sequence[str | int]) -> Any:
    for key in path:
        body = body[key]
    return body


def changed(body: dict[str, Any], path: Sequence[str | int], value: Any = ABSENT) -> dict[str, Any]:
    body = copy.deepcopy(body)
    parent = at(body, path[:-1])
    if value is ABSENT:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return body
