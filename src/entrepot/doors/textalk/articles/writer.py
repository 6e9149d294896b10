"""Articles: a patch changes the product, its first variant, prices and choices together, and then the stock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, cast
from uuid import uuid4

import msgspec

from entrepot.domain.catalogue.options import ProductChoice
from entrepot.domain.catalogue.products import Price, Product, Variant
from entrepot.domain.channels.edit_rows import Fresh, Put, Remove
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.kernel.text import fold
from entrepot.domain.stock.adjust import LARGEST_QUANTITY, CountStock
from entrepot.doors.kit import Services
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import ClassDecl, Uid
from entrepot.doors.textalk.declare.fields import minor_units
from entrepot.doors.textalk.pattern.row_writer import RowWriter, changes_of
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.doors.textalk.wire.json import Json, is_array, is_number, is_object
from entrepot.doors.textalk.wire.sentences import say
from entrepot.failures.stock import QuantityOutOfRange

_KNOWN: Final = """
select p.id, p.data, v.id, v.scale, v.sku, p.name,
  (select l.id from locations l where l.workspace = $1 order by l.priority, l.id limit 1),
  coalesce((select sum(s.reserved) from stock s where s.workspace = $1 and s.variant = v.id), 0)::bigint,
  coalesce((select jsonb_object_agg(r.currency, coalesce(r.compare_at, r.amount)) from prices r
            where r.workspace = $1 and r.variant = v.id), '{}')::text,
  (select coalesce(array_agg(pc.choice), '{}') from product_choices pc where pc.workspace = $1 and pc.product = p.id)
from products p join variants v on v.workspace = $1 and v.product = p.id and v.position = 0
where p.workspace = $1 and p.id = $2 and coalesce(p.data -> 'article' ->> 'deleted', '') = ''
"""
MAX_SCALE: Final = 4
"""Quantities have at most so many decimals."""
_PLACE: Final = "select id from locations where workspace = $1 order by priority, id limit 1"


class _Known(msgspec.Struct, frozen=True):
    """An article as it stands; `place` is where its stock is counted."""

    product: int
    data: Mapping[str, Any]
    variant: int
    scale: int
    sku: str
    name: str
    place: int | None
    reserved: int
    regular: Mapping[str, int | None]
    choices: Sequence[int]


class ArticleWriter(RowWriter):
    """Writes articles; deleting one takes it off sale at every door and out of this one's sight."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.engine)
        self._services = services

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Goods first, then their stock; both are refused before either is changed if the shop may not."""
        if "stock" in patch and not context.shop.settings.may_set_stock:
            return RpcError(Code.FORBIDDEN)
        known = None if uid is None else await self._known(context, int(uid))
        if uid is not None and known is None:
            return RpcError(Code.OBJECT_NOT_FOUND)
        if faults := _faults(known, patch):
            return RpcError(Code.VALIDATION_ERROR, faults)
        if _units(known, patch) > LARGEST_QUANTITY:
            return rpc_error(QuantityOutOfRange(_units(known, patch), 0, LARGEST_QUANTITY))
        keys = await self.edit(context, decl, list(_edits(context, decl, known, patch)))
        if isinstance(keys, RpcError):
            return keys
        refusal = await self._count(context, known, cast("Sequence[Any]", keys), patch)
        return refusal or Written(known.product if known else cast("int", keys[0]))

    async def delete(self, context: Context, decl: ClassDecl, uid: Uid) -> RpcError | None:
        """Orders name the product, so its record stays."""
        if await self._known(context, int(uid)) is None:
            return RpcError(Code.OBJECT_NOT_FOUND)
        gone = {"available": False, "hidden": True, "data": {"article": {"deleted": True}}}
        outcome = await self.edit(context, decl, [Put(Product, int(uid), gone)])
        return outcome if isinstance(outcome, RpcError) else None

    async def _known(self, context: Context, uid: int) -> _Known | None:
        async with self._services.reads.acquire() as connection:
            row = await connection.fetchrow(_KNOWN, context.shop.workspace, uid)
        if row is None:
            return None
        return _known(tuple(row))

    async def _count(
        self, context: Context, known: _Known | None, keys: Sequence[Any], patch: Mapping[str, Json]
    ) -> RpcError | None:
        """The stock of an article is what can still be sold: what is promised is counted on top."""
        place = known.place if known else await self._place(context)
        if not _counts(patch) or place is None:
            return None
        command = CountStock(known.variant if known else keys[1], place, _units(known, patch))
        outcome = await self._services.engine.execute(context.shop.workspace, command)
        return rpc_error(outcome.failures[0]) if isinstance(outcome, Refused) else None

    async def _place(self, context: Context) -> int | None:
        async with self._services.reads.acquire() as connection:
            return cast("int | None", await connection.fetchval(_PLACE, context.shop.workspace))

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """What no schema says: of its groups, and of the smallest quantity in which it is counted."""
        del decl
        known = None if uid is None else await self._known(context, int(uid))
        if uid is not None and known is None:
            return RpcError(Code.OBJECT_NOT_FOUND)
        return _faults(known, patch)


def _faults(known: _Known | None, patch: Mapping[str, Json]) -> tuple[Problem, ...]:
    return (*_group_faults(known, patch), *_quantity_faults(_scale(known, patch), patch))


def _group_faults(known: _Known | None, patch: Mapping[str, Json]) -> Iterator[Problem]:
    """The group is one of those that show the article; without one none shows it (decision textalk Article)."""
    if not patch.keys() & {"articlegroup", "showInArticlegroups"}:
        return
    stored: Mapping[str, Any] = known.data.get("article", {}) if known else {}
    after: dict[str, Any] = {**stored, **patch}
    group: Json = after.get("articlegroup")
    shown: Sequence[Json] = after.get("showInArticlegroups") or ()
    if group is None and shown:
        yield Problem("/showInArticlegroups", say("patch.reference"))
    elif group is not None and group not in shown:
        yield Problem("/articlegroup", say("patch.reference"))


def _quantity_faults(scale: int, patch: Mapping[str, Json]) -> Iterator[Problem]:
    """A step or a stock that is no multiple of the article's smallest quantity."""
    smallest = Decimal(1).scaleb(-scale)
    for name, key in (("quantityInfo", "divisibleBy"), ("stock", "stock")):
        within = patch.get(name)
        number = within.get(key) if is_object(within) else None
        if is_number(number) and Decimal(number) % smallest:
            yield Problem(f"/{name}/{key}", say("patch.multiple-of", limit=smallest))


def _scale(known: _Known | None, patch: Mapping[str, Json]) -> int:
    """How many decimals quantities have. It is fixed when the article is made, by the step in which it is sold."""
    if known is not None:
        return known.scale
    info = patch.get("quantityInfo")
    step = info.get("divisibleBy") if is_object(info) else None
    exponent = Decimal(step).normalize().as_tuple().exponent if is_number(step) else 0
    return min(MAX_SCALE, max(0, -exponent)) if isinstance(exponent, int) else 0


def _counts(patch: Mapping[str, Json]) -> bool:
    given = patch.get("stock")
    return is_object(given) and is_number(given.get("stock"))


def _units(known: _Known | None, patch: Mapping[str, Json]) -> int:
    """How many of the variant's smallest unit there shall be: what can be sold, and what is promised."""
    given = patch.get("stock")
    number = given.get("stock") if is_object(given) else None
    reserved = known.reserved if known else 0
    return int(Decimal(number).scaleb(_scale(known, patch))) + reserved if is_number(number) else 0


def _known(row: tuple[Any, ...]) -> _Known:
    product, data, variant, scale, sku, name, place, reserved, regular, choices = row
    decode = msgspec.json.decode
    return _Known(product, decode(data), variant, scale, sku, name, place, reserved, decode(regular), choices)


def _edits(
    context: Context, decl: ClassDecl, known: _Known | None, patch: Mapping[str, Json]
) -> Iterator[Put | Remove]:
    product: int | Fresh = known.product if known else Fresh(0)
    variant: int | Fresh = known.variant if known else Fresh(1)
    yield _product(context, decl, known, patch)
    yield _variant(known, product, patch)
    yield from _prices(known, variant, patch)
    yield from _choices(known, product, patch)


def _product(context: Context, decl: ClassDecl, known: _Known | None, patch: Mapping[str, Json]) -> Put:
    """The plain name that other doors show is that of the shop's own language."""
    changes = {name: value for name, value in changes_of(decl, patch).items() if name in _OF_PRODUCT}
    names, article = patch.get("name"), changes.pop("data", {})
    if is_object(names):
        article["name"] = names
        plain = names.get(context.shop.default_language) or next(iter(names.values()), None)
        changes["name"] = str(plain or (known.name if known else ""))
        changes["search"] = fold(" ".join(str(text) for text in names.values() if text))
    changes["data"] = {"article": article}
    return Put(Product, known.product if known else None, changes, None if known else _NEW_PRODUCT)


_OF_PRODUCT: Final = frozenset(
    {"hidden", "draft", "display_only", "vat_rate", "tax_included", "free_shipping", "data"}
)
_NEW_PRODUCT: Final[Mapping[str, Any]] = {"name": "", "merchant": None}


def _variant(known: _Known | None, product: int | Fresh, patch: Mapping[str, Json]) -> Put:
    changes: dict[str, Any] = {}
    scale = _scale(known, patch)
    if "articleNumber" in patch:
        changes["sku"] = patch["articleNumber"]
    if "weight" in patch:
        changes["weight"] = patch["weight"]
    stock, info = patch.get("stock"), patch.get("quantityInfo")
    if is_object(stock) and "useStock" in stock:
        changes["tracked"] = stock["useStock"]
    step = info.get("divisibleBy") if is_object(info) else None
    if is_number(step):
        changes["divisible_by"] = max(1, int(Decimal(step).scaleb(scale)))
    blank = {"product": product, "sku": uuid4().hex, "scale": scale}
    return Put(Variant, known.variant if known else None, changes, None if known else blank)


def _prices(known: _Known | None, variant: int | Fresh, patch: Mapping[str, Json]) -> Iterator[Put]:
    """An offer is the price, and what it is compared to is the regular one."""
    given = patch.get("price")
    if not is_object(given):
        return
    regular, offers = (
        minor_units(given.get("regular") or given.get("current")),
        minor_units(given.get("specialOffer")),
    )
    for currency in {**regular, **offers}:
        before = known.regular.get(currency) if known else None
        full = regular.get(currency, before)
        offer = offers.get(currency)
        changes = {"amount": full if offer is None else offer, "compare_at": None if offer is None else full}
        yield Put(Price, (variant, currency), changes, {"variant": variant, "currency": currency})


def _choices(known: _Known | None, product: int | Fresh, patch: Mapping[str, Json]) -> Iterator[Put | Remove]:
    """The choices that are listed, in their order; options and surcharges of those that stay may change alone."""
    before = known.choices if known else ()
    given = patch.get("choices")
    listed = [int(str(choice)) for choice in given] if is_array(given) else list(before)
    for choice in before:
        if choice not in listed:
            yield Remove(ProductChoice, (product, choice))
    for position, choice in enumerate(listed):
        changes = _choice_changes(choice, patch) | ({"position": position} if is_array(given) else {})
        if changes:
            blank: dict[str, Any] = {"position": position, "options": None, "prices": {}}
            own = {"product": product, "choice": choice}
            yield Put(ProductChoice, (product, choice), changes, blank | own)


def _choice_changes(choice: int, patch: Mapping[str, Json]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    options, prices = _by_uid(patch.get("choiceOptions")), _by_uid(patch.get("choiceOptionPrices"))
    if choice in options:
        changes["options"] = options[choice]
    if prices:
        changes["prices"] = {option: minor_units(amounts) for option, amounts in prices.items()}
    return changes


def _by_uid(value: Json) -> dict[int, Json]:
    return {int(uid): inner for uid, inner in value.items()} if is_object(value) else {}
