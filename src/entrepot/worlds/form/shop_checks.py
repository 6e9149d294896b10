"""What a schema cannot say of webshops: names that lead nowhere, ids given twice, shops without a channel."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from functools import cache
from zoneinfo import available_timezones

from entrepot.domain.channels.accounts import ShopSettings
from entrepot.domain.kernel import regions
from entrepot.domain.kernel.moments import read_moment
from entrepot.domain.pricing.code_names import code_name
from entrepot.registry import manifests
from entrepot.worlds.form.amounts import millionths
from entrepot.worlds.form.shop_types import Webshop
from entrepot.worlds.form.types import Channel, Product, Secret, Workspace

Steps = tuple[str | int, ...]
Found = Iterator[tuple[Steps, str]]


def webshop_faults(workspace: Workspace, steps: Steps) -> Found:
    """All faults of a workspace's choices, groups and webshops."""
    for name, product in workspace.products.items():
        yield from _product(workspace, product, (*steps, "products", name))
    for name, group in workspace.groups.items():
        if group.parent is not None and group.parent not in workspace.groups:
            yield (*steps, "groups", name, "parent"), "no group of this workspace"
        elif _is_below_itself(name, workspace):
            yield (*steps, "groups", name, "parent"), "the group would stand below itself"
    for name, shop in workspace.webshops.items():
        if not _has_webshop(workspace.channels.get(name)):
            yield (
                (*steps, "webshops", name),
                f"no channel with this name is at a door with webshops ({_shop_doors()})",
            )
        yield from _times(workspace, name, (*steps, "webshops", name))
        yield from _vat(workspace, name, (*steps, "webshops", name, "vat"))
        yield from _repeated(
            _codes(shop, (*steps, "webshops", name)), "buyers cannot tell it from another code"
        )
    yield from zone_faults(workspace, steps)
    for ids in _ids(workspace, steps):
        yield from _repeated(ids, "the id of another one")


def _product(workspace: Workspace, product: Product, steps: Steps) -> Found:
    for place, choice in enumerate(product.choices):
        if choice not in workspace.choices:
            yield (*steps, "choices", place), "no choice of this workspace"
    article: object = product.data.get("article")
    if isinstance(article, dict) and "name" in article:
        yield (*steps, "data", "article", "name"), "names by language are the product's `names`"


def _has_webshop(channel: Channel | None) -> bool:
    manifest = manifests().get(channel.door) if channel else None
    return manifest is not None and manifest.webshop is not None


def _shop_doors() -> str:
    return ", ".join(name for name, manifest in manifests().items() if manifest.webshop)


def _is_below_itself(name: str, workspace: Workspace) -> bool:
    above, seen = workspace.groups[name].parent, set[str]()
    while above in workspace.groups and above != name and above not in seen:
        seen.add(above)
        above = workspace.groups[above].parent or ""
    return above == name


def _times(workspace: Workspace, name: str, steps: Steps) -> Found:
    shop = workspace.webshops[name]
    named = [(("discounts", code, "valid_until"), each.valid_until) for code, each in shop.discounts.items()]
    named += [
        (("certificates", code, "expires_at"), each.expires_at) for code, each in shop.certificates.items()
    ]
    for where, text in named:
        if text is not None and read_moment(text) is None:
            yield (*steps, *where), "no date, and no point in time"


def zone_faults(workspace: Workspace, steps: Steps) -> Found:
    """Channels in time zones that do not exist."""
    for name, channel in workspace.channels.items():
        zone = channel.settings.get("shop", {}).get("time_zone", "UTC")
        if zone not in _zones():
            yield (
                (*steps, "channels", name, "settings", "shop", "time_zone"),
                "no time zone such as `Europe/Stockholm`",
            )


@cache
def _zones() -> frozenset[str]:
    return frozenset({"UTC", *available_timezones()})


def _vat(workspace: Workspace, name: str, steps: Steps) -> Found:
    channel = workspace.channels.get(name)
    home = (
        channel.settings.get("shop", {}).get("vat_country", ShopSettings().vat_country) if channel else None
    )
    for country, rates in workspace.webshops[name].vat.items():
        if not regions.country_exists(country):
            yield (*steps, country), "no country of ISO 3166-1"
        if country == home:
            yield (*steps, country), "the shop's own country, whose rates are those of the products"
        seen = [millionths(rate) for rate in rates]
        for place, rate in enumerate(rates):
            if seen.index(seen[place]) != place:
                yield (*steps, country, rate), "the same rate as another one, written otherwise"


def passwords_in(workspace: Workspace, steps: Steps) -> Iterator[tuple[Steps, Secret]]:
    """The passwords of customers and administrators, each with its place."""
    for name, shop in workspace.webshops.items():
        where = (*steps, "webshops", name)
        for email, customer in shop.customers.items():
            yield (*where, "customers", email, "password"), customer.password
        for username, administrator in shop.administrators.items():
            yield (*where, "administrators", username, "password"), administrator.password


def _ids(workspace: Workspace, steps: Steps) -> Iterator[list[tuple[Steps, int]]]:
    """The ids of each kind of thing."""
    yield [((*steps, "choices", name, "id"), choice.id) for name, choice in workspace.choices.items()]
    yield [((*steps, "groups", name, "id"), group.id) for name, group in workspace.groups.items()]
    yield [
        ((*steps, "choices", name, "options", inner, "id"), option.id)
        for name, choice in workspace.choices.items()
        for inner, option in choice.options.items()
    ]
    for section in _SECTIONS:
        yield [
            ((*steps, "webshops", name, section, inner, "id"), item.id)
            for name, shop in workspace.webshops.items()
            for inner, item in getattr(shop, section).items()
        ]


_SECTIONS = (
    "delivery",
    "payment",
    "discounts",
    "certificates",
    "customer_groups",
    "customers",
    "administrators",
)


def _codes(shop: Webshop, steps: Steps) -> Iterator[tuple[Steps, Hashable]]:
    """The names that codes have for buyers; blanks alone are none, as if it were taken."""
    yield steps, ""
    for section in ("discounts", "certificates"):
        for code in getattr(shop, section):
            yield (*steps, section, code), code_name(code)


def _repeated(names: Iterable[tuple[Steps, Hashable]], fault: str) -> Found:
    seen: set[Hashable] = set()
    for where, name in names:
        if name in seen:
            yield where, fault
        seen.add(name)
