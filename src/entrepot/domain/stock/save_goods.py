"""A product and how much there is of it, saved together or not at all."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import cast

from entrepot.domain.catalogue.changes import (
    ChoiceChanges,
    ProductChanges,
    VariantChanges,
    scale_of,
    variant_fault,
)
from entrepot.domain.catalogue.products import Variant
from entrepot.domain.catalogue.save_product import SavedProduct, SaveProduct, named_variant
from entrepot.domain.channels.rights import catalogue_closed, stock_closed
from entrepot.domain.kernel.commands import Decided, Decision, Ids, refused
from entrepot.domain.kernel.quantity import exact_units
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.stock.counts import Count, counted, location_named
from entrepot.domain.stock.levels import Level
from entrepot.failures import Failure
from entrepot.failures.goods import QuantityUneven, StepUneven
from entrepot.failures.rows import NameTaken
from entrepot.failures.stock import StockUnknown


class SavedGoods(SavedProduct, frozen=True):
    """A product as it stands now, and the level that was counted, if any was."""

    level: Level | None


class SaveGoods(SaveProduct, frozen=True, kw_only=True):
    """Make or change a product as `SaveProduct` does, and count its variant. The result is `SavedGoods`."""

    count: Count | None = None

    @property
    def weight(self) -> int:
        """What the product weighs, and a level as heavy as counting alone."""
        return super().weight + (4 if self.count else 0)

    @property
    def counts_only(self) -> bool:
        """Whether nothing of the catalogue changes, if the product is there."""
        return (self.product, self.variant, self.choices) == (
            ProductChanges(),
            VariantChanges(),
            ChoiceChanges(),
        ) and not self.prices

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The product; the location, and the variant's levels."""
        if self.count is not None and stage is Stage.LOCATION:
            return (self.count.location,)
        if self.count is not None and stage is Stage.STOCK:
            found = named_variant(view, self.called)
            return () if found is None else (found.id,)
        return super().wants(stage, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuses who may not count before who may not change goods; then as `SaveProduct` and counting do.

        `StockClosed` and `CatalogueClosed`; then `RowUnknown`, `NameTaken`, `ScaleFixed`; then `StepUneven`,
        `QuantityUneven`, `NameTaken` for a SKU, all that are so; then `StockUnknown` for a location, and
        `QuantityOutOfRange`.
        """
        closed = stock_closed(view, self.channel) if self.count else None
        found = named_variant(view, self.called)
        if closed is None and not (self.counts_only and found is not None):
            closed = catalogue_closed(view, self.channel)
        if closed is not None:
            return refused(closed)
        saved = self.saved(view, now, ids)
        if not isinstance(saved, Decided):
            return refused(*self._all_faults(view, saved, found))
        return self._with_count(view, saved, known=found is not None)

    def _all_faults(self, view: View, first: Failure, found: Variant | None) -> tuple[Failure, ...]:
        """The first fault, with all else that is wrong with the values in themselves where it is of these."""
        scale = None if found is None or self.mode == "make" else found.scale
        match first:
            case NameTaken():
                return first, *_goods_faults(self, scale)
            case StepUneven():
                taken = self.takes_another_name(view, found)
                return (*_goods_faults(self, scale), *([NameTaken()] if taken else []))
            case _:
                return (first,)

    def _with_count(self, view: View, saved: Decided, *, known: bool) -> Decision:
        """What is saved, with the count."""
        product = cast("SavedProduct", saved.result)
        changes = Changes() if self.counts_only and known else saved.changes
        level = None if self.count is None else self._counted(view, product.variant, self.count)
        if level is not None and not isinstance(level, Level):
            return refused(level)
        if level is not None:
            changes.put(level)
        return Decided(SavedGoods(product.product, product.variant, product.made, level), changes)

    def _counted(self, view: View, variant: Variant, count: Count) -> Level | Failure:
        place = location_named(view, count.location)
        if place is None:
            return StockUnknown(variant.sku, str(count.location or ""), "location")
        return counted(view.children(Level, variant.id), place, variant.id, variant.scale, count)


def _goods_faults(command: SaveGoods, scale: int | None) -> tuple[Failure, ...]:
    """What of the command a variant of this scale cannot have, or (None) one that is made so; nothing else is seen."""
    if scale is None:
        scale = scale_of(command.variant)
    wrong = variant_fault(command.variant, scale)
    faults: list[Failure] = [] if wrong is None else [wrong]
    if command.count is not None and exact_units(command.count.quantity, scale) is None:
        faults.append(QuantityUneven(str(command.count.quantity), scale))
    return tuple(faults)
