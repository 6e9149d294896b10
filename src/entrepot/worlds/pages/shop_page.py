"""What a page of a world shows of its webshops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrepot.worlds.form.types import Choice, Webshop, Workspace

Row = tuple[str, ...]
Section = tuple[str, Row, Iterator[Row]]


def webshop_sections(spec: Workspace) -> Iterator[Section]:
    """Tables of a workspace's choices and groups, and of each of its webshops."""
    yield "Choices", ("choice", "id", "kind", "remarks"), _choices(spec)
    yield "Groups", ("group", "id", "under"), _groups(spec)
    for name, shop in spec.webshops.items():
        yield f"Webshop `{name}`: methods", ("method", "id", "kind", "remarks"), _methods(shop)
        yield f"Webshop `{name}`: codes", ("code", "id", "worth"), _codes(shop)
        yield f"Webshop `{name}`: people", ("who", "id", "password", "remarks"), _people(shop)


def _choices(spec: Workspace) -> Iterator[Row]:
    for choice in spec.choices.values():
        yield _any(choice.name), f"`{choice.id}`", choice.kind, ", ".join(_of_choice(choice))


def _of_choice(choice: Choice) -> Iterator[str]:
    if choice.mandatory:
        yield "mandatory"
    for option in choice.options.values():
        yield f"`{option.id}` {_any(option.name)}"
    if choice.kind == "number":
        most = "" if choice.maximum is None else f" to {choice.maximum}"
        yield f"from {choice.minimum}{most} by {choice.multiple_of}"


def _groups(spec: Workspace) -> Iterator[Row]:
    for group in spec.groups.values():
        parent = spec.groups[group.parent].name if group.parent else {}
        yield _any(group.name), f"`{group.id}`", _any(parent)


def _methods(shop: Webshop) -> Iterator[Row]:
    for delivery in shop.delivery.values():
        countries = ", ".join(country for zone in delivery.zones for country in zone.countries)
        yield _any(delivery.name), f"`{delivery.id}`", "delivery", countries
    for payment in shop.payment.values():
        remarks = [] if payment.with_certificate else ["not beside gift certificates"]
        remarks += ["looks addresses up"] if payment.address_lookup else []
        remarks += ["captured later"] if payment.capture == "later" else []
        yield _any(payment.name), f"`{payment.id}`", f"payment, {payment.provider}", ", ".join(remarks)


def _codes(shop: Webshop) -> Iterator[Row]:
    for code, discount in shop.discounts.items():
        amounts = (f"{amount} {currency}" for currency, amount in discount.amount.items())
        worth = discount.percent or ", ".join(amounts) or "free delivery"
        until = f", until {discount.valid_until[:10]}" if discount.valid_until else ""
        uses = f", {discount.max_uses} times" if discount.max_uses else ""
        yield f"`{code}`", f"`{discount.id}`", f"{worth}{until}{uses}"
    for code, certificate in shop.certificates.items():
        until = f", until {certificate.expires_at[:10]}" if certificate.expires_at else ""
        cancelled = ", cancelled" if certificate.cancelled else ""
        worth = f"certificate of {certificate.value} {certificate.currency}{until}{cancelled}"
        yield f"`{code}`", f"`{certificate.id}`", worth


def _people(shop: Webshop) -> Iterator[Row]:
    for email, customer in shop.customers.items():
        remark = "" if customer.approved else "may not log in"
        yield f"`{email}`", f"`{customer.id}`", _secret(customer.password), remark
    for name, administrator in shop.administrators.items():
        yield f"`{name}`", f"`{administrator.id}`", _secret(administrator.password), "administrator"


def _secret(password: object) -> str:
    return f"`{password}`" if isinstance(password, str) else "from the environment"


def _any(texts: Mapping[str, str]) -> str:
    return texts.get("en") or next(iter(texts.values()), "")
