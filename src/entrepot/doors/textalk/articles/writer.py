"""Articles: a patch is one command that changes the product, its first variant, prices, choices and stock together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, cast

import msgspec
from msgspec import UNSET

from entrepot.domain.catalogue.changes import ChoiceChanges, PriceChange, ProductChanges, VariantChanges
from entrepot.domain.catalogue.save_product import DeleteProduct
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.stock.counts import Count
from entrepot.domain.stock.save_goods import SavedGoods, SaveGoods
from entrepot.doors.kit import Services
from entrepot.doors.textalk.articles.refusals import refusal
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import ClassDecl, Uid
from entrepot.doors.textalk.declare.fields import minor_units
from entrepot.doors.textalk.pattern.row_writer import changes_of, problems_of
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.json import Json, is_array, is_number, is_object
from entrepot.doors.textalk.wire.sentences import say

_KNOWN: Final = "select data from products where workspace = $1 and id = $2 and deleted_at is null"
_FLAGS: Final = ("hidden", "draft", "display_only", "vat_rate", "tax_included", "free_shipping")


class ArticleWriter:
    """Writes articles; deleting one takes it off sale at every door and out of sight."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """One command; refused as a whole. 1006, 9001, 9003."""
        known = await self._known(context, uid, patch)
        if isinstance(known, RpcError):
            return known
        if faults := tuple(_group_faults(known, patch)):
            return RpcError(Code.VALIDATION_ERROR, faults)
        outcome = await self._services.engine.execute(
            context.shop.workspace, _command(context, decl, uid, patch)
        )
        if isinstance(outcome, Refused):
            return _refusal(outcome)
        return Written(cast("SavedGoods", outcome).product.id)

    async def delete(self, context: Context, decl: ClassDecl, uid: Uid) -> RpcError | None:
        """Orders name the product, so its record stays."""
        del decl
        command = DeleteProduct(channel=context.shop.channel, name=int(uid))
        outcome = await self._services.engine.execute(context.shop.workspace, command)
        return refusal(outcome) if isinstance(outcome, Refused) else None

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """What no schema says: of its groups, and what the rules would say of the change."""
        known = await self._known(context, uid, patch)
        if isinstance(known, RpcError):
            return known
        command = _command(context, decl, uid, patch)
        async with self._services.reads.acquire() as connection:
            outcome = await self._services.engine.rehearse(connection, context.shop.workspace, command)
        found = problems_of(_refusal(outcome)) if isinstance(outcome, Refused) else ()
        return found if isinstance(found, RpcError) else (*_group_faults(known, patch), *found)

    async def _known(
        self, context: Context, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Mapping[str, Any] | RpcError | None:
        """The article's data, where the patch is of its groups; else its command alone looks at it."""
        if uid is None or not patch.keys() & _GROUPS:
            return None
        known = await self._read(context, int(uid))
        return RpcError(Code.OBJECT_NOT_FOUND) if known is None else known

    async def _read(self, context: Context, uid: int) -> Mapping[str, Any] | None:
        async with self._services.reads.acquire() as connection:
            data = await connection.fetchval(_KNOWN, context.shop.workspace, uid)
        return None if data is None else msgspec.json.decode(data)


_GROUPS: Final = frozenset({"articlegroup", "showInArticlegroups"})


def _group_faults(known: Mapping[str, Any] | None, patch: Mapping[str, Json]) -> Iterator[Problem]:
    """The group is one of those that show the article; without one none shows it (decision textalk Article)."""
    if not patch.keys() & _GROUPS:
        return
    stored: Mapping[str, Any] = known.get("article", {}) if known else {}
    after: dict[str, Any] = {**stored, **patch}
    group: Json = after.get("articlegroup")
    shown: Sequence[Json] = after.get("showInArticlegroups") or ()
    if group is None and shown:
        yield Problem("/showInArticlegroups", say("patch.reference"))
    elif group is not None and group not in shown:
        yield Problem("/articlegroup", say("patch.reference"))


def _refusal(outcome: Refused) -> RpcError:
    return refusal(outcome, step="/quantityInfo/divisibleBy", stock="/stock/stock")


def _command(context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]) -> SaveGoods:
    return SaveGoods(
        channel=context.shop.channel,
        name=None if uid is None else int(uid),
        mode="make" if uid is None else "change",
        product=_product(context, decl, patch, making=uid is None),
        variant=_variant(patch),
        prices=dict(_prices(patch)),
        choices=_choices(patch),
        count=_count(patch),
    )


def _product(context: Context, decl: ClassDecl, patch: Mapping[str, Json], *, making: bool) -> ProductChanges:
    """The plain name that other doors show is that of the shop's own language."""
    stored = changes_of(decl, patch)
    changes: dict[str, Any] = {name: stored[name] for name in _FLAGS if name in stored}
    names, article = patch.get("name"), stored.get("data", {})
    if is_object(names):
        plain = names.get(context.shop.default_language) or (
            next(iter(names.values()), "") if making else None
        )
        changes["names"] = names
        changes["name"] = UNSET if plain is None else plain
    elif making:
        changes["name"] = ""
    if article or making:
        changes["data"] = {"article": article}
    return ProductChanges(**changes)


def _variant(patch: Mapping[str, Json]) -> VariantChanges:
    changes: dict[str, Any] = {}
    if "articleNumber" in patch:
        changes["sku"] = patch["articleNumber"]
    if "weight" in patch:
        changes["weight"] = patch["weight"]
    stock, info = patch.get("stock"), patch.get("quantityInfo")
    if is_object(stock) and "useStock" in stock:
        changes["tracked"] = stock["useStock"]
    step = info.get("divisibleBy") if is_object(info) else None
    if is_number(step):
        changes["step"] = Decimal(step)
    return VariantChanges(**changes)


def _count(patch: Mapping[str, Json]) -> Count | None:
    """The stock of an article is what can still be sold."""
    given = patch.get("stock")
    number = given.get("stock") if is_object(given) else None
    return Count(Decimal(number), "available") if is_number(number) else None


def _prices(patch: Mapping[str, Json]) -> Iterator[tuple[str, PriceChange]]:
    given = patch.get("price")
    if not is_object(given):
        return
    regular = minor_units(given.get("regular") or given.get("current"))
    offers = minor_units(given.get("specialOffer"))
    for currency in {**regular, **offers}:
        yield currency, PriceChange(regular.get(currency, UNSET), offers.get(currency))


def _choices(patch: Mapping[str, Json]) -> ChoiceChanges:
    """The choices that are listed, in their order; options and surcharges of those that stay may change alone."""
    given, options = patch.get("choices"), _by_uid(patch.get("choiceOptions"))
    prices = _by_uid(patch.get("choiceOptionPrices"))
    return ChoiceChanges(
        listed=tuple(int(str(choice)) for choice in given) if is_array(given) else UNSET,
        options={choice: _ids(listed) for choice, listed in options.items()},
        prices={option: minor_units(amounts) for option, amounts in prices.items()},
    )


def _ids(listed: Json) -> tuple[int, ...] | None:
    return tuple(int(str(option)) for option in listed) if is_array(listed) else None


def _by_uid(value: Json) -> dict[int, Json]:
    return {int(uid): inner for uid, inner in value.items()} if is_object(value) else {}
