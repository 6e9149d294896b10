"""The two names of an order's number, of which one is needed (decision walmart order numbers)."""

from __future__ import annotations

from typing import Any, Final, cast

from entrepot.doors.walmart import bodies

NUMBERS: Final = ("sellerOrderId", "customerOrderNo")
EITHER: Final = "Provide at least one order identifier."
BOTH: Final = "Both identifiers must match if provided; at least one is required."


def payload_of(value: object) -> dict[str, Any] | None:
    """A decoded body's payload; None where it has none that is an object."""
    payload = cast("dict[str, Any]", value).get("payload") if isinstance(value, dict) else None
    return cast("dict[str, Any]", payload) if isinstance(payload, dict) else None


def without_blanks(value: object) -> object:
    """A decoded body without the numbers that say nothing: null and blank ones."""
    payload = payload_of(value)
    if payload is None:
        return value
    silent = {name for name in NUMBERS if name in payload and _is_silent(payload[name])}
    if not silent:
        return value
    told = {name: each for name, each in payload.items() if name not in silent}
    return {**cast("dict[str, Any]", value), "payload": told}


def _is_silent(number: object) -> bool:
    return number is None or (isinstance(number, str) and not number.strip())


def is_unnamed(value: object) -> bool:
    """Whether a body without blanks has a payload, and neither number in it."""
    payload = payload_of(value)
    return payload is not None and not any(name in payload for name in NUMBERS)


def are_different(value: object) -> bool:
    """Whether a body without blanks has both numbers, which are texts or whole numbers, and not the same."""
    payload = payload_of(value) or {}
    told = [payload.get(name) for name in NUMBERS]
    if not all(isinstance(each, str | int) and not isinstance(each, bool) for each in told):
        return False
    return str(told[0]) != str(told[1])


def number_in(payload: bodies.CreateOrder | bodies.CancelOrder) -> str:
    """The number of a checked payload."""
    return payload.get("customerOrderNo") or payload.get("sellerOrderId") or ""


def field_in(payload: bodies.CreateOrder | bodies.CancelOrder) -> str:
    """Where the number of a checked payload stands."""
    return "customerOrderNo" if "customerOrderNo" in payload else "sellerOrderId"
