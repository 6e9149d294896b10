"""A new sales order, checked: the first fault alone is told, in the grammar of the API's own sentences."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, cast

from entrepot.domain.kernel.money import exponent, read_amount
from entrepot.doors.kit import Request, decode_json, media_type
from entrepot.doors.kit.checking import Body, Fault, Faults, Kind, check, one
from entrepot.doors.kit.checking.trails import dotted
from entrepot.doors.rebound import schemas
from entrepot.failures import Failure, MalformedBody, UnsupportedMediaType
from entrepot.failures.orders import InvalidInput

JSON: Final = "application/json"
SalesOrder = dict[str, Any]

_WORDS: Final[dict[Kind, str]] = {
    Kind.REQUIRED: "is required",
    Kind.EMPTY: "must not be empty",
    Kind.UNSTORABLE: "contains characters that cannot be stored",
    Kind.NO_TEXT: "must be a string",
    Kind.NO_CHOICE: "must be one of {choices}",
    Kind.NO_FORM: "must be {form}",
    Kind.NO_MATCH: "is not in the right format",
    Kind.TOO_LONG: "must be at most {limit} characters long",
    Kind.NO_MOMENT: "must be a valid date-time",
    Kind.NO_BOOLEAN: "must be a boolean",
    Kind.NO_NUMBER: "must be a number",
    Kind.NO_WHOLE: "must be an integer",
    Kind.TOO_SMALL: "must be at least {limit}",
    Kind.TOO_LARGE: "must be at most {limit}",
    Kind.TOO_FINE: "must have at most {limit} decimal places",
    Kind.NO_LIST: "must be an array",
    Kind.TOO_MANY: "must have at most {limit} elements",
    Kind.NO_OBJECT: "must be an object",
}
_REPEATED: Final = "must be unique within the order"
WEIGHT_PLACES: Final = 6
"""How many decimal places a weight has at most."""
_FINEST_WEIGHT: Final = Decimal(1).scaleb(-WEIGHT_PLACES)


def new_sales_order(request: Request) -> SalesOrder | Failure:
    """The body of the request as a sales order, or the first thing that is wrong with it."""
    if media_type(request.scope) != JSON:
        return UnsupportedMediaType(request.media_type[:100])
    value = decode_json(request.body, exact=True)
    if isinstance(value, Failure):
        return value
    if type(value) is not dict:
        return MalformedBody("The body is no object.")
    return _checked(cast("dict[str, Any]", value))


def _checked(value: dict[str, Any]) -> SalesOrder | Failure:
    name = value.get("clientOrderId")
    if not isinstance(name, str) or not name.strip():
        return InvalidInput(("clientOrderId is required.",))
    order: SalesOrder = {}
    for part, rule in (
        (schemas.MEMBERS, None),
        (schemas.UP_TO_ITEMS, _compared),
        (schemas.AFTER_ITEMS, None),
    ):
        found = _part(value, part, rule)
        if isinstance(found, Failure):
            return found
        order |= found
    return order


def _part(
    value: dict[str, Any], part: Body[dict[str, Any]], rule: Callable[[SalesOrder], str | None] | None
) -> SalesOrder | Failure:
    checked = check(part, value, schemas.MANNER)
    if checked.value is None:
        return InvalidInput((sentence(checked.faults[0]),))
    fault = rule(checked.value) if rule else None
    return checked.value if fault is None else InvalidInput((fault,))


def sentence(fault: Fault) -> str:
    """What is wrong, after the category of the sentence."""
    words = _WORDS[Kind.REQUIRED if _is_absent(fault) else fault.kind]
    context = {**fault.context, "choices": ", ".join(fault.context.get("choices", ()))}
    return f"{dotted(fault.path)} {words.format_map(context)}."


def _is_absent(fault: Fault) -> bool:
    """Whether a member that must be there is as good as not there: null, or an empty text."""
    if fault.kind is Kind.NO_TEXT:
        return fault.context.get("value", "") is None
    return fault.kind is Kind.EMPTY and fault.path[-1] in schemas.REQUIRED


def _compared(order: SalesOrder) -> str | None:
    """What is wrong with the items among each other, and with their money."""
    seen: set[str] = set()
    for index, item in enumerate(order.get("salesItems", ())):
        if item["clientItemId"] in seen:
            return f"salesItems[{index}].clientItemId {_REPEATED}."
        seen.add(item["clientItemId"])
        if fault := _price_fault(item) or _weight_fault(item):
            return sentence(fault.within(index).within("salesItems")[0])
    return None


def _price_fault(item: dict[str, Any]) -> Faults | None:
    price, currency = item.get("price"), item.get("currency")
    if price is None:
        return None
    if currency is None:
        return one(Kind.REQUIRED).within("currency")
    if read_amount(price, currency) is None:
        return one(Kind.TOO_FINE, {"limit": exponent(currency)}).within("price")
    return None


def _weight_fault(item: dict[str, Any]) -> Faults | None:
    weight: Decimal | None = item.get("weight")
    # Exact: no weight has more than 12 digits before the point, so rounding it never exceeds the context's digits.
    if weight is None or weight.quantize(_FINEST_WEIGHT) == weight:
        return None
    return one(Kind.TOO_FINE, {"limit": WEIGHT_PLACES}).within("weight")
