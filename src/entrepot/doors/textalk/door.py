"""The manifest of the Textalk door. What takes long to load is loaded when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from entrepot.doors.manifest import KeyKind, Manifest, Missing, WebshopDoor
from entrepot.doors.textalk.caller.tokens import ADMINISTRATOR, AUTH, WEBSHOP
from entrepot.doors.textalk.wire.settings import SHORTEST_PASSWORD, WebshopSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp

    from entrepot.doors.kit import DoorFailures, Services
    from entrepot.doors.kit.trying import Try
    from entrepot.engine.deliveries.events import Body


def _app(services: Services) -> ASGIApp:
    from entrepot.doors.textalk.app import Textalk

    return Textalk(services).app(MISSING)


def _failures() -> DoorFailures:
    from entrepot.doors.textalk.transport.telling import CODES

    return CODES


def _tells() -> Body:
    from entrepot.doors.textalk.shop.events import body

    return body


def _tries(url: str) -> Sequence[Try]:
    from entrepot.doors.textalk.demo import tries

    return tries(url)


MISSING: Final = (
    Missing("ArticleRelationList", "Lists of related articles"),
    Missing("ArticleTemplate", "Templates of articles"),
    Missing("Auth", "Its getToken is Admin.login here"),
    Missing("Clients", "The vendor's own add-ons"),
    Missing("CustomPage", "Pages of the shop"),
    Missing("CustomPageItem", "What stands on pages of the shop"),
    Missing("DiscountCode", "Here Discountcode; the vendor's form is not public"),
    Missing("Integration", "The vendor's own add-ons"),
    Missing("IntegrationType", "Kinds of the vendor's add-ons"),
    Missing("Supplier", "Suppliers, which parts of orders name; getSuborders with them"),
    Missing("Theme", "Looks of the shop"),
    Missing("Giftcertificate.delete", "Delete a gift certificate"),
    Missing("Language.set", "Languages come from world files"),
    Missing("Order.create", "Carts are made by Order.set and Order.addArticle"),
    Missing("Order.delete", "Orders are discarded"),
    Missing("OrderItem.create", "Items are added by Order.addArticle"),
    Missing("Payment.create", "Payments are planned by Payment.set"),
    Missing("Payment.delete", "Payments are cancelled"),
    Missing("Suborder.create", "Parts of orders are made with them"),
    Missing("Url.set", "Addresses of the shop come from world files"),
    Missing("Webshop.list", "One server, one shop for each number"),
    Missing("Webshop.set", "The shop's settings come from world files"),
)
"""Classes and methods that the vendor has, or clients of it call; one of a class stands for all of its methods."""

MANIFEST: Final = Manifest(
    app=_app,
    failures=_failures,
    tells=_tells,
    tries=_tries,
    first=(
        "'{url}/textalk/backend/jsonrpc/v1?webshop=22222&language=en' "
        """-d '{{"jsonrpc": "2.0", "id": 1, "method": "Article.list", "params": [{{"uid": true, "name": true}}]}}'"""
    ),
    title="the Textalk webshop API",
    description="/openrpc.json",
    sockets=True,
    keys={"auth": KeyKind(AUTH, "live")},
    settings=WebshopSettings,
    numbers={"uid": WEBSHOP},
    sends_mail=True,
    missing=MISSING,
    webshop=WebshopDoor(administrators=ADMINISTRATOR, shortest_password=SHORTEST_PASSWORD),
)
"""A shop is found by its number, which is no secret (decision textalk context parameters)."""
