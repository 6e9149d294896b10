"""Promises: which offers could be ordered now (decision walmart promises)."""

from __future__ import annotations

from typing import Final

from entrepot.domain.placing.promise import Promised, Wish, promises
from entrepot.doors.kit import Answer, Request, Resource
from entrepot.doors.walmart import bodies, schemas
from entrepot.doors.walmart.answers import attributes, checked, decoded, envelope
from entrepot.doors.walmart.errors import WireError
from entrepot.doors.walmart.failures import refusal
from entrepot.doors.walmart.replies.promises import promised
from entrepot.doors.walmart.routes.group import Routes
from entrepot.doors.walmart.routes.orders import BASES
from entrepot.doors.walmart.voices import PROMISE
from entrepot.failures import Failure
from entrepot.failures.orders import InvalidInput, NotEnoughStock, SoldOut
from entrepot.store.credentials.directory import Caller

_OFFER: Final = "offerSelections[{}].offers[{}]"
_ADDRESS: Final = "destinations[{}].address.{}"
_NEEDED: Final = (("state", "stateCode"), ("zip", "postalCode"))


class PromiseRoutes(Routes):
    """The operation that promises."""

    def resources(self) -> list[Resource]:
        """One path, under both bases."""
        promise = self.guarded("promise", PROMISE, self.promise)
        return [Resource(f"{base}/fetchOrderPromiseOptions", {"POST": promise}) for base in BASES]

    async def promise(self, request: Request, caller: Caller) -> Answer:
        """202 if every offer could be ordered, 206 if some, 400 if none."""
        value = decoded(request)
        if isinstance(value, Failure):
            return value
        body = checked(value, schemas.PROMISE, PROMISE)
        if isinstance(body, Failure):
            return body
        payload = body["payload"]
        placed = _placed(payload)
        if wrong := _senseless(payload, placed):
            return InvalidInput(wrong)
        offers = list(placed.values())
        wishes = [
            Wish(place, offer["sku"], offer["requestedQuantity"]["measurementValue"])
            for place, offer in placed.items()
        ]
        view = await self.reads.stock(caller, [wish.sku for wish in wishes])
        found = promises(caller.settings.stock, wishes, view)
        failures = [each.failure for each in found if each.failure]
        if len(failures) == len(found):
            return refusal(PROMISE, failures, _where)
        told = promised(payload, offers, found, [_error(each) for each in found], self.services.clock.now())
        status, http = ("PARTIAL_SUCCESS", 206) if failures else ("SUCCESS", 202)
        return envelope(status, attributes(request, value), told, http=http)


def _placed(payload: bodies.Promise) -> dict[str, bodies.Offer]:
    """The offers by their places."""
    return {
        _OFFER.format(outer, inner): offer
        for outer, selection in enumerate(payload["offerSelections"])
        for inner, offer in enumerate(selection["offers"])
    }


def _senseless(payload: bodies.Promise, placed: dict[str, bodies.Offer]) -> tuple[WireError, ...]:
    """What a shape cannot say: too many offers in all, lines of one id, addresses without what is needed."""
    wrong: list[WireError] = []
    if len(placed) > schemas.MAX_OFFERS:
        text = f"`offerSelections` must have at most {schemas.MAX_OFFERS} offers in all"
        wrong.append(PROMISE.error(text, "offerSelections"))
    seen: set[str] = set()
    for place, offer in placed.items():
        if offer["lineId"] in seen:
            text = f"`{place}.lineId` must not be that of another line"
            wrong.append(PROMISE.error(text, f"{place}.lineId"))
        seen.add(offer["lineId"])
    for index, to in enumerate(payload["destinations"]):
        for names in _NEEDED:
            if not any(name in to["address"] for name in names):
                place = _ADDRESS.format(index, names[0])
                wrong.append(PROMISE.error(f"`{place}` must not be null", place))
    return tuple(wrong)


def _where(failure: Failure) -> str | None:
    place = getattr(getattr(failure, "line", None), "line", None)
    if isinstance(failure, SoldOut | NotEnoughStock):
        return f"{place}.requestedQuantity.measurementValue"
    return f"{place}.sku"


def _error(promise: Promised) -> WireError | None:
    return None if promise.failure is None else PROMISE.says(promise.failure, _where(promise.failure))
