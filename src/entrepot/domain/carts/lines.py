"""Putting articles into a cart, changing them there, and taking them out."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import msgspec

from entrepot.domain.carts.command import LARGEST_AMOUNT, STAGES, CartCommand, repriced, short, unsellable
from entrepot.domain.carts.look import come_to
from entrepot.domain.carts.records import MAX_LINES, Cart, CartFile, CartLine, FileContent
from entrepot.domain.carts.totals import Totals, products_of
from entrepot.domain.catalogue import selection as selections
from entrepot.domain.catalogue.products import Product, Variant
from entrepot.domain.catalogue.selection import Chosen, NewFile, Selection
from entrepot.domain.channels.accounts import channel_of
from entrepot.domain.kernel.commands import Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.records import OrderLine
from entrepot.failures import Failure
from entrepot.failures.carts import CartFull, FilesFull, LineUnknown
from entrepot.failures.orders import LineRef, ProductUnknown

MAX_FILES = 20
"""The most files that one cart may hold."""
MAX_FILE_BYTES = 40_000_000
"""The most bytes that the files of one cart may have together."""


class CartItemSet(msgspec.Struct, frozen=True):
    """A line as it now stands in its cart, with what the cart comes to where that was asked for and is known."""

    cart: Cart
    line: CartLine
    totals: Totals | None = None

    @property
    def item(self) -> int | None:
        """The line's id."""
        return self.line.id


class CartItemRemoved(msgspec.Struct, frozen=True):
    """The cart after a line was taken out."""

    cart: Cart


class ItemCommand(CartCommand, frozen=True, kw_only=True):
    """What the commands share that check an article against catalogue and stock."""

    stages: ClassVar[frozenset[Stage]] = STAGES | {Stage.STOCK}

    def product_number(self, view: View) -> int | None:
        """The article that is meant."""
        raise NotImplementedError

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The cart; the article with its choices; then the stock of its variants."""
        product = self.product_number(view)
        match stage:
            case Stage.ARTICLE:
                return () if product is None else (product,)
            case Stage.STOCK:
                return [variant.id for variant in view.children(Variant, product) if variant.tracked]
            case _:
                return super().wants(stage, view)

    def checked(
        self, cart: Cart, product: Product, choices: Mapping[int, Chosen], quantity: Decimal, view: View
    ) -> tuple[Selection, int, int] | Failure:
        """The selection, its units and unit price; or why it cannot be bought."""
        selection = selections.select(product, choices, view)
        if isinstance(selection, Failure):
            return selection
        variant = selection.variant
        units = selections.units(product, variant, quantity)
        if isinstance(units, Failure):
            return units
        price = selections.unit_price(product, variant, selection.answers, cart.currency, view)
        failure = unsellable(product, variant, price, units)
        return failure or (selection, units, price or 0)

    def refusal(
        self, cart: Cart, product: Product, variant: Variant, units: int, besides: CartLine | None, view: View
    ) -> Failure | None:
        """Whether the variant is short of these units and those of the cart's other lines together."""
        others = sum(
            line.quantity
            for line in view.children(CartLine, cart.id)
            if line.variant_id == variant.id and line is not besides
        )
        return short(channel_of(view, self.channel), product, variant, units + others, view)


class AddItem(ItemCommand, frozen=True, kw_only=True):
    """Put a quantity of an article into the cart. The result is `CartItemSet`.

    The same article with the same choices joins its line. With `refresh` the prices of the other lines are brought
    up to date as well, so that the buyer is shown them.
    """

    opens: ClassVar[bool] = True

    article: int
    choices: dict[int, Chosen] = msgspec.field(default_factory=dict[int, Chosen])
    quantity: Decimal = Decimal(1)
    refresh: bool = True

    @property
    def ids(self) -> int:
        """The cart's, the line's, and the files'."""
        return 2 + sum(isinstance(answer, NewFile) for answer in self.choices.values())

    def product_number(self, view: View) -> int | None:
        """The article."""
        del view
        return self.article

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The other lines' articles too, where their prices or the sum are to be looked at."""
        wanted = super().wants(stage, view)
        number = self.number(view)
        if stage is not Stage.ARTICLE or not (self.refresh or self.sums) or number is None:
            return wanted
        return {*wanted, *products_of(view.children(CartLine, number))}

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what is locked, unknown, not for sale, chosen wrongly or short, in this order; or add it."""
        cart = self.opened(view, now, ids)
        if isinstance(cart, Failure):
            return refused(cart)
        product = view.get(Product, self.article)
        if product is None:
            return refused(ProductUnknown(LineRef(str(self.article), "")))
        checked = self.checked(cart, product, self.choices, self.quantity, view)
        if isinstance(checked, Failure):
            return refused(checked)
        selection, units, price = checked
        if failure := self.refusal(cart, product, selection.variant, units, None, view):
            return refused(failure)
        lines = view.children(CartLine, cart.id)
        joined = _joined(lines, selection, units, price)
        if failure := _crowded(cart, selection, joined, view):
            return refused(failure)
        line = joined or _new_line(cart, product, selection, units, lines, ids)
        return self._added(cart, msgspec.structs.replace(line, price=price), selection.files, view, now, ids)

    def _added(
        self, cart: Cart, line: CartLine, files: Mapping[int, NewFile], view: View, now: datetime, ids: Ids
    ) -> Decision:
        lines = view.children(CartLine, cart.id)
        changes = Changes(repriced(cart, line, view) for line in lines) if self.refresh else Changes()
        line = _with_files(line, files, now, ids, changes)
        changes.put(line)
        cart = self.saved(cart, view, now, changes)
        return Decided(CartItemSet(cart, line, come_to(self, cart, view, changes)), changes)


class LineCommand(ItemCommand, frozen=True, kw_only=True):
    """What the commands share that name a line, by its id, of a cart that is named."""

    line: int

    def product_number(self, view: View) -> int | None:
        """The line's article."""
        line = self.found(view)
        return line.product_id if line else None

    def found(self, view: View) -> CartLine | None:
        """The line in the cart."""
        number = self.number(view)
        lines = [] if number is None else view.children(CartLine, number)
        return next((line for line in lines if line.id == self.line), None)

    def standing(self, view: View, now: datetime, ids: Ids) -> tuple[Cart, CartLine] | Failure:
        """Cart and line, or why they cannot be changed."""
        cart = self.opened(view, now, ids)
        if isinstance(cart, Failure):
            number = self.number(view)
            ordered = [] if number is None else view.children(OrderLine, number)
            unknown = ordered and all(line.id != self.line for line in ordered)
            return LineUnknown(str(self.line)) if unknown else cart
        line = self.found(view)
        return LineUnknown(str(self.line)) if line is None else (cart, line)


class SetItem(LineCommand, frozen=True, kw_only=True):
    """Change the quantity or some choices of a line; what is None or not named stays. The result is `CartItemSet`."""

    quantity: Decimal | None = None
    choices: dict[int, Chosen] = msgspec.field(default_factory=dict[int, Chosen])

    @property
    def ids(self) -> int:
        """The new files'."""
        return sum(isinstance(answer, NewFile) for answer in self.choices.values())

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Check the line as if it were added anew, or refuse."""
        standing = self.standing(view, now, ids)
        if isinstance(standing, Failure):
            return refused(standing)
        cart, line = standing
        product = view.get(Product, line.product_id) if line.product_id else None
        if product is None:
            return refused(ProductUnknown(LineRef(line.product, line.variant)))
        choices = {**selections.kept(line.choices, product.id, view), **self.choices}
        checked = self.checked(cart, product, choices, self._quantity(line, view), view)
        if isinstance(checked, Failure):
            return refused(checked)
        selection, units, price = checked
        failure = self.refusal(cart, product, selection.variant, units, line, view) or _crowded(
            cart, selection, line, view
        )
        return refused(failure) if failure else self._set(cart, line, selection, units, price, view, now, ids)

    def _quantity(self, line: CartLine, view: View) -> Decimal:
        variant = view.get(Variant, line.variant_id)
        kept = Decimal(line.quantity).scaleb(-variant.scale if variant else 0)
        return kept if self.quantity is None else self.quantity

    def _set(
        self,
        cart: Cart,
        line: CartLine,
        selection: Selection,
        units: int,
        price: int,
        view: View,
        now: datetime,
        ids: Ids,
    ) -> Decision:
        changes = Changes()
        _drop_files(line, view, changes, keep=selection.answers)
        line = msgspec.structs.replace(
            line,
            variant=str(selection.variant.id),
            variant_id=selection.variant.id,
            quantity=units,
            choices=selection.answers,
            price=price,
        )
        line = _with_files(line, selection.files, now, ids, changes)
        changes.put(line)
        return Decided(CartItemSet(self.saved(cart, view, now, changes), line), changes)


class RemoveItem(LineCommand, frozen=True, kw_only=True):
    """Take a line out of its cart. The result is `CartItemRemoved`."""

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The cart alone."""
        return CartCommand.wants(self, stage, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Remove the line with its files, or refuse."""
        standing = self.standing(view, now, ids)
        if isinstance(standing, Failure):
            return refused(standing)
        cart, line = standing
        changes = Changes()
        changes.remove(line)
        _drop_files(line, view, changes, keep={})
        return Decided(CartItemRemoved(self.saved(cart, view, now, changes)), changes)


def _crowded(
    cart: Cart, selection: Selection, line: CartLine | None, view: View
) -> CartFull | FilesFull | None:
    """Whether the cart has no room for the files, or for another line; without a `line` there will be one."""
    if line is None and len(view.children(CartLine, cart.id)) >= MAX_LINES:
        return CartFull(MAX_LINES)
    kept = [
        file.size
        for file in view.children(CartFile, cart.id)
        if line is None or file.line != line.no or file.choice not in selection.files
    ]
    sizes = [*kept, *(len(file.content) for file in selection.files.values())]
    full = bool(selection.files) and (len(sizes) > MAX_FILES or sum(sizes) > MAX_FILE_BYTES)
    return FilesFull(MAX_FILES, MAX_FILE_BYTES) if full else None


def _joined(lines: Iterable[CartLine], selection: Selection, units: int, price: int) -> CartLine | None:
    """The line of the same article and choices, with these units more, unless that is beyond every limit."""
    for line in lines:
        same = line.variant_id == selection.variant.id and line.choices == selection.answers
        together = line.quantity + units
        bounded = together <= selections.LARGEST_QUANTITY and price * together <= LARGEST_AMOUNT
        if same and bounded and not selection.files:
            return msgspec.structs.replace(line, quantity=together)
    return None


def _new_line(
    cart: Cart, product: Product, selection: Selection, units: int, lines: Iterable[CartLine], ids: Ids
) -> CartLine:
    return CartLine(
        cart.id,
        max((line.no for line in lines), default=0) + 1,
        str(product.id),
        str(selection.variant.id),
        units,
        {},
        ids.next(),
        product.id,
        selection.variant.id,
        selection.answers,
    )


def _with_files(
    line: CartLine, files: Mapping[int, NewFile], now: datetime, ids: Ids, changes: Changes
) -> CartLine:
    """The line with these files stored and named in its choices."""
    answers = dict(line.choices)
    for choice, file in files.items():
        number, content = ids.next(), file.content
        digest = hashlib.sha256(content).digest()
        changes.put(
            CartFile(
                number,
                line.cart,
                line.no,
                choice,
                file.name[:255],
                file.type[:255],
                len(content),
                digest,
                now,
            ),
            FileContent(number, content),
        )
        answers[str(choice)] = number
    return msgspec.structs.replace(line, choices=answers)


def _drop_files(line: CartLine, view: View, changes: Changes, *, keep: Mapping[str, int | str]) -> None:
    for file in view.children(CartFile, line.cart):
        if file.line == line.no and keep.get(str(file.choice)) != file.id:
            changes.remove(file)
