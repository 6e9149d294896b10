"""Products, each a variant by its SKU: made, listed, read, changed and deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from msgspec import UNSET

from entrepot.domain.catalogue.changes import VariantChanges
from entrepot.domain.catalogue.save_product import DeleteProduct, Mode, OfVariant, ProductName, SavedProduct
from entrepot.domain.stock.counts import Count
from entrepot.domain.stock.save_goods import SaveGoods
from entrepot.doors.datamingle import bodies, drf, schemas
from entrepot.doors.datamingle.admission import Partner
from entrepot.doors.datamingle.free_objects import kept
from entrepot.doors.datamingle.identifiers import identifier
from entrepot.doors.datamingle.replies import goods as render
from entrepot.doors.datamingle.replies.moments import written
from entrepot.doors.datamingle.routes.group import checked, done, no_body
from entrepot.doors.datamingle.routes.records import RecordRoutes
from entrepot.doors.kit import Answer, Request
from entrepot.failures import Failure
from entrepot.failures.orders import InvalidInput
from entrepot.failures.partners import RecordTaken, RecordUnknown
from entrepot.failures.rows import NameTaken, RowUnknown
from entrepot.failures.stock import QuantityOutOfRange
from entrepot.store.queries.partners.goods import FIRST, PartnerProduct, list_products, product_by
from entrepot.store.sharing import Bill


class ProductRoutes(RecordRoutes):
    """The routes of products."""

    resource: ClassVar[str] = "products"

    async def create(self, request: Request, partner: Partner) -> Answer:
        """Make a product (POST /products/)."""
        body = await checked(request, schemas.NEW_PRODUCT, partner)
        if isinstance(body, Failure):
            return body
        saved = await self._save(partner, body["sku"], "make", body)
        if isinstance(saved, NameTaken):
            return RecordTaken("product", "sku", body["sku"])
        return await self._told(saved, partner, body["sku"], 201)

    async def list(self, request: Request, partner: Partner) -> Answer:
        """A page of products on sale, newest first (GET /products/)."""
        page = await self.page(request, partner, (FIRST[0].isoformat(), str(FIRST[1])))
        if isinstance(page, Failure):
            return page
        (at, number), limit = page
        async with self.services.reads.acquire(Bill(limit)) as connection:
            found = await list_products(
                connection, partner.caller.workspace, (datetime.fromisoformat(at), int(number)), limit + 1
            )
        rows = [render.product(each, partner.caller.workspace) for each in found]
        places = [(each.created_at.isoformat(), str(each.variant)) for each in found]
        return await self.listed(partner, rows, places, limit)

    async def read(self, request: Request, partner: Partner) -> Answer:
        """One product (GET /products/{identifier}/)."""
        found = await self._find(request, partner)
        return found if isinstance(found, Failure) else self._done(found, partner)

    async def update(self, request: Request, partner: Partner) -> Answer:
        """Change what was sent, and nothing else (PUT /products/{identifier}/)."""
        body = await checked(request, schemas.PRODUCT_CHANGES, partner, partial=True)
        if isinstance(body, Failure):
            return body
        found = await self._find(request, partner)
        if isinstance(found, Failure):
            return found
        saved = await self._save(partner, OfVariant(found.variant), "change", body)
        return await self._told(saved, partner, identifier(request))

    async def delete(self, request: Request, partner: Partner) -> Answer:
        """Take a product off sale at every door, and delete it (DELETE /products/{identifier}/)."""
        if wrong := await no_body(request):
            return wrong
        found = await self._find(request, partner)
        if isinstance(found, Failure):
            return found
        command = DeleteProduct(channel=partner.caller.channel, name=OfVariant(found.variant))
        gone = await self.execute(partner, command, SavedProduct)
        if isinstance(gone, RowUnknown):
            return RecordUnknown("Product", identifier(request))
        if isinstance(gone, Failure):
            return gone
        at = {"updated_at": written(gone.variant.changed_at)}
        shown = render.product(found, partner.caller.workspace)
        return done({**shown, "is_active": False, **at}, partner)

    async def _save(
        self, partner: Partner, name: ProductName, mode: Mode, body: bodies.ProductFields
    ) -> SavedProduct | Failure:
        command = SaveGoods(
            channel=partner.caller.channel,
            name=name,
            mode=mode,
            variant=_changes(body),
            count=Count(body["quantity"], "total") if "quantity" in body else None,
        )
        saved = await self.execute(partner, command, SavedProduct)
        return _out_of_range(saved) if isinstance(saved, QuantityOutOfRange) else saved

    async def _told(
        self, saved: SavedProduct | Failure, partner: Partner, name: str, status: int = 200
    ) -> Answer:
        """The product after a change, with what is on hand of it."""
        if isinstance(saved, RowUnknown):
            return RecordUnknown("Product", name)
        if isinstance(saved, Failure):
            return saved
        async with self.services.reads.acquire() as connection:
            found = await product_by(connection, partner.caller.workspace, saved.variant.id)
        return RecordUnknown("Product", name) if found is None else self._done(found, partner, status)

    async def _find(self, request: Request, partner: Partner) -> PartnerProduct | Failure:
        found = await self.found(request, partner, render.PRODUCT, product_by)
        return found or RecordUnknown("Product", identifier(request))

    def _done(self, found: PartnerProduct, partner: Partner, status: int = 200) -> Answer:
        return done(render.product(found, partner.caller.workspace), partner, status)


def _changes(body: bodies.ProductFields) -> VariantChanges:
    fields: dict[str, Any] | Any = UNSET
    if "custom_fields" in body:
        fields = {"custom_fields": kept(body["custom_fields"])}
    return VariantChanges(available=body.get("is_active", UNSET), data=fields)


def _out_of_range(failure: QuantityOutOfRange) -> InvalidInput:
    """The quantity that does not fit: other locations hold more, or it is too large."""
    if failure.quantity < failure.smallest:
        text = f"Ensure this value is greater than or equal to {failure.smallest}."
    else:
        text = f"Ensure this value is less than or equal to {failure.largest}."
    return InvalidInput((drf.detail(("quantity",), text),))
