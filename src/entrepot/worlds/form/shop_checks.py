"""What a schema cannot say of webshops: names that lead nowhere, ids given twice, shops without a channel."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from entrepot.domain.pricing.code_names import code_name
from entrepot.worlds.form.shop_types import Webshop
from entrepot.worlds.form.types import Secret, Workspace

Steps = tuple[str | int, ...]
Found = Iterator[tuple[Steps, str]]


def webshop_faults(workspace: Workspace, steps: Steps) -> Found:
    """All faults of a workspace's choices, groups and webshops."""
    for name, product in workspace.products.items():
        for place, choice in enumerate(product.choices):
            if choice not in workspace.choices:
                yield (*steps, "products", name, "choices", place), "no choice of this workspace"
    for name, group in workspace.groups.items():
        if group.parent is not None and group.parent not in workspace.groups:
            yield (*steps, "groups", name, "parent"), "no group of this workspace"
        elif _is_below_itself(name, workspace):
            yield (*steps, "groups", name, "parent"), "the group would stand below itself"
    for name, shop in workspace.webshops.items():
        channel = workspace.channels.get(name)
        if channel is None or channel.door != "textalk":
            yield (*steps, "webshops", name), "no channel of the door textalk has this name"
        yield from _repeated(
            _codes(shop, (*steps, "webshops", name)), "buyers cannot tell it from another code"
        )
    for ids in _ids(workspace, steps):
        yield from _repeated(ids, "the id of another one")


def _is_below_itself(name: str, workspace: Workspace) -> bool:
    above, seen = workspace.groups[name].parent, set[str]()
    while above in workspace.groups and above != name and above not in seen:
        seen.add(above)
        above = workspace.groups[above].parent or ""
    return above == name


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
