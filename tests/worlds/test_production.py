"""A world file, a server that is no sandbox, an order: what a merchant does on the first day, door by door."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from entrepot.cli import app
from entrepot.domain.catalogue.products import product_uuid
from entrepot.domain.kernel.ids import cuid
from tests.support.server import running_server

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def apply(world: Path, database_url: str) -> str:
    result = CliRunner().invoke(app, ["apply", str(world), "--database-url", database_url])
    assert result.exit_code == 0, result.output
    return result.stdout


def secret(said: str, name: str) -> str:
    found = re.search(rf"{name} key, shown this once: (\S+)", said)
    assert found is not None, said
    return found[1]


def test_a_production_bonsai_account_takes_an_order(
    tmp_path: Path, database_url: str, open_folder: Path
) -> None:
    key = secret(apply(EXAMPLES / "shop.toml", database_url), "main live")
    order: Any = {
        "customer": {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"},
        "products": [{"public_id": cuid(product_uuid("tea", "earl-grey")), "variant_id": "", "quantity": 1}],
        "shipping_address": {
            "first_name": "Ada", "last_name": "Lovelace", "address1": "1 Main St", "city": "Toronto",
            "province": "ON", "country": "CA", "zip": "M5V 2T6",
        },
        "payment": {
            "method": "external payment", "token": "paid-1", "currency": "CAD",
            "amounts": {"goods": 14.5, "shipping": 6, "taxes": 2.67},
        },
    }  # fmt: skip
    with running_server(open_folder / "bonsai.log", "--database-url", database_url) as server:
        headers = {"API-Key": key}
        ids = {"ids": order["products"][0]["public_id"], "currency": "CAD"}
        shown = httpx.get(
            f"{server.url}/bonsai/products/", params=ids, headers=headers, trust_env=False, timeout=60
        )
        order["products"][0]["variant_id"] = shown.json()["data"][0]["variants"][0]["id"]
        url = f"{server.url}/bonsai/orders/V1/submit"
        reply = httpx.post(url, json=order, headers=headers, trust_env=False, verify=False, timeout=60)
    assert reply.status_code == 200, reply.text
    assert reply.json()["data"]["total_price"] == 23.17


def test_a_live_order_never_meets_the_simulated_bank(
    tmp_path: Path, database_url: str, open_folder: Path
) -> None:
    """Where the file names no card provider, cards are no way to pay, and no browser is given a charge to confirm."""
    world = (EXAMPLES / "shop.toml").read_text("utf-8")
    (tmp_path / "shop.toml").write_text(world, "utf-8")
    key = secret(apply(tmp_path / "shop.toml", database_url), "main live")
    tea = cuid(product_uuid("tea", "earl-grey"))
    address = {
        "first_name": "Ada", "last_name": "Lovelace", "address1": "1 Main St", "city": "Toronto",
        "province": "ON", "country": "CA", "zip": "M5V 2T6",
    }  # fmt: skip
    with running_server(open_folder / "bank.log", "--database-url", database_url) as server:
        headers = {"API-Key": key}
        ids = {"ids": tea, "currency": "CAD"}
        shown = httpx.get(
            f"{server.url}/bonsai/products/", params=ids, headers=headers, trust_env=False, timeout=60
        )
        line = {"public_id": tea, "variant_id": shown.json()["data"][0]["variants"][0]["id"], "quantity": 1}

        def post(path: str, body: Any) -> Any:
            url = f"{server.url}/bonsai/orders/{path}"
            return httpx.post(
                url, json=body, headers=headers, trust_env=False, verify=False, timeout=60
            ).json()

        order = {
            "customer": {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"},
            "products": [line], "shipping_address": address,
            "payment": {"method": "credit card", "token": "tok_visa"},
        }  # fmt: skip
        assert [e["code"] for e in post("V1/submit", order)["errors"]] == ["PAYMENT_METHOD_NOT_SUPPORTED"]
        wish = {"paymentMethod": "stripe", "requestPaymentIntent": True}
        asked = {"products": [line], "shipping_address": address, "payment": wish}
        checkout = post("checkout", asked)
    assert [error["code"] for error in checkout["errors"]] == ["STRIPE_ERROR"]
    assert "secret" not in str(checkout)


@pytest.fixture
def secrets_of_the_webshop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords as people and mail servers have them: short ones."""
    monkeypatch.setenv("MAIL_PASSWORD", "s3cret")
    monkeypatch.setenv("ANNA_PASSWORD", "linen8ok")


@pytest.mark.usefixtures("secrets_of_the_webshop")
def test_a_production_webshop_takes_an_order_under_its_own_number(
    database_url: str, open_folder: Path
) -> None:
    said = apply(EXAMPLES / "webshop.toml", database_url)
    assert "wool number: 4711" in said
    with running_server(open_folder / "webshop.log", "--database-url", database_url) as server:
        context = {"webshop": "4711"}

        def call(method: str, *params: Any) -> Any:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            url = f"{server.url}/textalk/backend/jsonrpc/v1"
            reply = httpx.post(
                url, params=context, json=body, trust_env=False, verify=False, timeout=60
            ).json()
            assert "error" not in reply, reply
            return reply["result"]

        context["session"] = call("Session.getToken")
        order = call("Order.addArticle", None, 1, {}, {"order": True})["order"]
        address = {"firstName": "Ada", "country": "SE"}
        buyer = {"address": address, "info": {"email": "ada@example.com"}}
        call("Order.set", order, {"customer": buyer, "delivery": {"method": 501}})
        call("Payment.set", None, {"order": order, "method": 601})
        assert call("Order.checkout", order, {"costs": "due"}) == {"costs": {"due": 499}}
        context["auth"] = secret(said, "wool auth")
        assert call("Order.list", "uid") == [{"uid": order}]
