"""Whose an e-mail address is: of the customers of a shop only one goes by it, who is confirmed.

The name is claimed in the workspace's references, so that of two who come at once one is first, whichever workers they
talk to. It moves only under the lock of the customer who holds it, and is freed when that customer is removed. Who has
only signed up with an address claims nothing: whoever proves it first has it.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Any

from entrepot.domain.channels.accounts import Reference
from entrepot.domain.customers.records import Customer
from entrepot.domain.kernel.records import View
from entrepot.domain.kernel.text import fold, folded

SIGNUP_LIFETIME = timedelta(hours=24)
"""How long somebody who has signed up may confirm it (decision textalk item 37)."""

_KIND = "customer-email"


def claim_of(channel: int, email: str, customer: int) -> Reference:
    """The address as this customer's."""
    return Reference(channel, "live", _KIND, folded(email), customer)


def claim_key(channel: int, email: str) -> Hashable:
    """The key of the address among the names that are taken."""
    return claim_of(channel, email, 0).key


def claimant(view: View, channel: int, email: str) -> int | None:
    """Who the address was last seen with, before that customer was locked."""
    claim = view.get(Reference, claim_key(channel, email))
    return None if claim is None else claim.target


def holder(view: View, channel: int, email: str) -> Customer | None:
    """The customer who goes by the address, or None. Needs the claim and its customer in the view."""
    number = claimant(view, channel, email)
    customer = None if number is None else view.get(Customer, number)
    held = customer is not None and customer.state != "removed" and customer.email_folded == folded(email)
    return customer if held else None


def has_lapsed(customer: Customer, now: datetime) -> bool:
    """Whether the customer signed up, and let the time to confirm it pass."""
    return customer.state == "unconfirmed" and customer.secured_at + SIGNUP_LIFETIME <= now


def search_text(customer: Customer) -> str:
    """What a customer is found by: names, company, town and address, folded."""
    where = customer.address
    parts = (where.first_name, where.last_name, where.company, where.town, customer.email)
    return fold(" ".join(part for part in parts if part))


def fields_of(changes: dict[str, Any]) -> dict[str, Any]:
    """The changes of a customer's fields, the address among them where the buyer's info names a new one."""
    email = changes.get("info", {}).get("email")
    return changes if email is None else {**changes, "email": email, "email_folded": folded(email)}
