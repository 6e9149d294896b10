"""Products, as one account is offered them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from entrepot.domain.kernel.ids import from_cuid
from entrepot.doors.bonsai import bodies, joi, schemas
from entrepot.doors.bonsai.answers import refusal
from entrepot.doors.bonsai.failures import entry, over_limit
from entrepot.doors.bonsai.memory import remember
from entrepot.doors.bonsai.openapi.errors import FORMS
from entrepot.doors.bonsai.replies import products as render_products
from entrepot.doors.bonsai.routes.group import Routes
from entrepot.doors.kit import Answer, Reply, Request, Resource, encode
from entrepot.doors.kit.checking import Kind, check
from entrepot.failures.orders import InvalidInput, LineRef, ProductUnknown
from entrepot.store.credentials.directory import Caller
from entrepot.store.queries.products import ForAccount, ListedProduct, Listing, list_products
from entrepot.store.sharing import Bill

Found = dict[str, ListedProduct]


class ProductRoutes(Routes):
    """The route of products."""

    def resources(self) -> list[Resource]:
        """GET /products/."""
        return [Resource("/products", {"GET": self.keyed("products", self.products, schemas.PRODUCTS_KEPT)})]

    async def products(self, request: Request, caller: Caller) -> Answer:
        """The products of these ids and short links, each once; errors name those that are none."""
        checked = check(schemas.PRODUCTS_QUERY, _given(request), joi.JOI)
        if checked.value is None:
            return InvalidInput(joi.items(checked.faults))
        ids, links = _names(checked.value.get("ids")), _names(checked.value.get("shortLinks"))
        for member, names in (("ids", ids), ("shortLinks", links)):
            if len(names) > schemas.MAX_LINES:
                return InvalidInput(tuple(over_limit(Kind.TOO_MANY, member, schemas.MAX_LINES)))
        listing = await self._listing(checked.value, ids, links, caller)
        shown = _shown(listing, ids, links)
        offers = [each.offer for listed in shown for each in render_products.visible(listed)]
        unsaved = await remember(self.services.engine, caller.workspace, offers)
        if unsaved is not None:
            return refusal(unsaved)
        return _reply(listing, shown, ids, links, checked.value["currency"])

    async def _listing(
        self, query: bodies.ProductsQuery, ids: Sequence[str], links: Sequence[str], caller: Caller
    ) -> Listing:
        account = ForAccount(caller.channel, caller.environment, query["currency"])
        uuids = [uuid for name in ids if (uuid := from_cuid(name))]
        async with self.services.reads.acquire(Bill(len(ids) + len(links))) as connection:
            return await list_products(connection, caller.workspace, account, uuids, links)


def _given(request: Request) -> dict[str, str | list[str]]:
    """The parameters as the checker takes them: one that comes several times is a list, and no text."""
    query = request.query
    values = {name: query.getlist(name) for name in query}
    return {name: given[0] if len(given) == 1 else given for name, given in values.items()}


def _names(text: str | None) -> list[str]:
    """The names of a comma list, each once."""
    return list(dict.fromkeys(name for part in (text or "").split(",") if (name := part.strip())))


def _by_id(listing: Listing) -> Found:
    return {render_products.public_id(listed): listed for listed in listing.products}


def _by_link(listing: Listing) -> Found:
    return {link: listed for listed in listing.products if (link := render_products.short_link(listed))}


def _shown(listing: Listing, ids: Iterable[str], links: Iterable[str]) -> list[ListedProduct]:
    """The products in the order in which they were asked for."""
    by_id, by_link = _by_id(listing), _by_link(listing)
    wanted = [*(by_id.get(name) for name in ids), *(by_link.get(name) for name in links)]
    return list({listed.product.id: listed for listed in wanted if listed}.values())


def _reply(
    listing: Listing, shown: Sequence[ListedProduct], ids: Iterable[str], links: Iterable[str], currency: str
) -> Reply:
    data = [render_products.product(listed, listing.integrations, currency) for listed in shown]
    errors = [
        *_unlisted(ids, _by_id(listing), lambda failure: {"publicId": failure.line.product}),
        *_unlisted(links, _by_link(listing), lambda failure: {"shortLink": failure.line.product}),
    ]
    return Reply(200, encode({"data": data, "errors": errors}))


def _unlisted(names: Iterable[str], found: Found, detail: Callable[[Any], object]) -> list[dict[str, object]]:
    row = (FORMS["UnlistedProduct"], detail)
    return [entry(ProductUnknown(LineRef(name, "")), row) for name in names if name not in found]
