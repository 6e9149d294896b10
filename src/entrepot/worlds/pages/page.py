"""The reference pages that are made from worlds: a world as tables in Markdown, and the published schema.

`python -m entrepot.worlds.pages.page docs/reference` writes them; a test keeps them equal to what they are made from.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from entrepot.domain.catalogue.products import product_uuid
from entrepot.domain.kernel.ids import cuid
from entrepot.worlds.form.file import demo_world
from entrepot.worlds.form.key_checks import literal
from entrepot.worlds.form.schema import world_schema
from entrepot.worlds.form.types import Merchant, Price, Product, Shipping, Workspace, World
from entrepot.worlds.pages.shop_page import webshop_sections
from entrepot.worlds.plan.records import variants_of

INTRODUCTION = """# The demo world

Made from `src/entrepot/worlds/demo.toml` by `python -m entrepot.worlds.pages.page docs/reference`.

`entrepot demo` serves this world. Public ids follow from the names in the file, so they are the same on every
machine; keys and tokens are literal, which only a sandbox's file may do. Amounts are in major units.

An account takes each card token for one order only. A token shown with `_…` is a family: whatever follows the
underscore (`tok_visa_1`, `tok_visa_mine`), it stands for the same card, so a client never runs out of tokens.
"""


def world_page(world: World) -> str:
    """A world as a page of tables."""
    sections = [INTRODUCTION, *(_workspace(name, spec) for name, spec in world.workspaces.items())]
    return "\n".join(sections)


def schema_text() -> str:
    """The published JSON Schema of world files."""
    return msgspec.json.format(msgspec.json.encode(world_schema()), indent=2).decode() + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "demo-world.md": lambda: world_page(demo_world()),
    "world.schema.json": schema_text,
}
"""The reference pages by file name."""


def main(folder: str) -> None:
    """Write all pages into a folder."""
    for name, make in PAGES.items():
        (Path(folder) / name).write_text(make(), "utf-8")


def _workspace(name: str, spec: Workspace) -> str:
    parts = [
        f"## Workspace `{name}`\n",
        _table("Accounts", ("account", "door", "keys", "settings"), _accounts(spec)),
        _table(
            "Products",
            ("product", "product id", "variant id", "prices", "stock", "remarks"),
            _products(name, spec),
        ),
        _table("Merchants", ("merchant", "country", "integration", "payout", "ships to"), _merchants(spec)),
        _table(
            "Taxes and duties", ("region", "rate", "on shipping", "duty", "duty-free up to"), _taxes(spec)
        ),
        _table("Cards at the simulated bank", ("token", "card", "state", "account holds"), _cards(spec)),
        _table("Tokens that the simulated partner vouches for", ("token",), _tokens(spec)),
        _table("Clients of the simulated order hub", ("client", "orders at a time"), _clients(spec)),
        _table(
            "Residents in the simulated register", ("number", "country", "who", "where"), _residents(spec)
        ),
        *(_table(title, heads, rows) for title, heads, rows in webshop_sections(spec)),
    ]
    return "\n".join(part for part in parts if part)


Row = tuple[str, ...]


def _table(title: str, heads: Row, rows: Iterable[Row]) -> str:
    lines = [_row(row) for row in rows]
    if not lines:
        return ""
    return "\n".join([f"### {title}\n", _row(heads), _row("---" for _ in heads), *lines, ""])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _accounts(spec: Workspace) -> Iterator[Row]:
    for name, channel in spec.channels.items():
        keys = (f"{key}: `{secret}`" for key, value in channel.keys.items() if (secret := literal(value)))
        settings = (f"`{path} = {value}`" for path, value in _flat(channel.settings, ""))
        yield name, channel.door, ", ".join(keys), ", ".join(settings) or "the defaults"


def _products(workspace: str, spec: Workspace) -> Iterator[Row]:
    for name, product in spec.products.items():
        public = f"`{cuid(product_uuid(workspace, name))}`"
        for variant in variants_of(name, product):
            item = variant.spec
            title = f"{product.name}: {variant.title}" if variant.title else product.name
            number = "" if item.id is None else f"`{item.id}`"
            stock = ", ".join(f"{place}: {quantity}" for place, quantity in item.stock.items())
            prices = ", ".join(f"{_price(price)} {currency}" for currency, price in item.prices.items())
            yield title, public, number, prices, stock, ", ".join(_remarks(product, spec))


def _remarks(product: Product, spec: Workspace) -> Iterator[str]:
    if product.merchant in spec.merchants:
        yield f"from {spec.merchants[product.merchant].name}"
    elif product.merchant:
        yield f"its merchant `{product.merchant}` does not exist"
    if product.hidden:
        yield "hidden"
    if not product.available:
        yield "not for sale"
    if product.excluded_methods:
        yield f"not by {', '.join(product.excluded_methods)}"


def _merchants(spec: Workspace) -> Iterator[Row]:
    for merchant in spec.merchants.values():
        payout = f"`{merchant.payout_account}`" if merchant.payout_account else "none"
        integration = merchant.integration
        if integration not in spec.merchant_integrations:
            integration += " (not supported)"
        yield merchant.name, merchant.country, integration, payout, "; ".join(_shipping(merchant))


def _shipping(merchant: Merchant) -> Iterator[str]:
    for country, rates in merchant.shipping.items():
        yield f"{country} for {', '.join(_rate(rate, currency) for currency, rate in rates.items())}"


def _rate(rate: str | int | Shipping, currency: str) -> str:
    if not isinstance(rate, Shipping):
        return f"{rate} {currency}"
    free = f" (free from {rate.free_from})" if rate.free_from is not None else ""
    return f"{rate.price} {currency}{free}"


def _taxes(spec: Workspace) -> Iterator[Row]:
    for region, rate in spec.taxes.rates.items():
        threshold = f"{rate.duty_threshold}" if rate.duty_threshold else ""
        yield region, rate.rate, "yes" if rate.shipping_taxed else "no", rate.duty_rate, threshold


def _cards(spec: Workspace) -> Iterator[Row]:
    for token, card in spec.bank.cards.items():
        funds = (f"{amount} {currency}" for currency, amount in spec.bank.accounts[card.account].items())
        names = f"`{token}`, `{token}_…`" if card.family else f"`{token}`"
        yield names, f"{card.brand} {card.last4}", card.state.replace("_", " "), ", ".join(funds)


def _tokens(spec: Workspace) -> Iterator[Row]:
    return ((f"`{token}`",) for token in spec.partner.tokens)


def _clients(spec: Workspace) -> Iterator[Row]:
    return ((client, str(most)) for client, most in spec.hub.clients.items())


def _residents(spec: Workspace) -> Iterator[Row]:
    for country, residents in spec.residents.items():
        for number, resident in residents.items():
            who = resident.company or f"{resident.first_name} {resident.last_name}"
            yield f"`{number}`", country, who, f"{resident.address}, {resident.postcode} {resident.town}"


def _price(price: str | int | Price) -> str:
    return str(price.price if isinstance(price, Price) else price)


def _flat(settings: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(cast("dict[str, Any]", value), f"{path}{name}.")
        else:
            yield f"{path}{name}", msgspec.json.encode(value).decode()


if __name__ == "__main__":
    main(sys.argv[1])
