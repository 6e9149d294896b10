"""Worked examples: of the request as a message, of who calls, and of a shop's set-up."""

from __future__ import annotations

from typing import Final

from entrepot.failures import access as a
from entrepot.failures import accounts as u
from entrepot.failures import goods as g
from entrepot.failures import partners as p
from entrepot.failures import rows as r
from entrepot.failures import service as s
from entrepot.failures import stock as k
from entrepot.failures.base import Failure

SERVICE: Final[tuple[Failure, ...]] = (
    s.Overloaded(2),
    s.Unavailable(1),
    s.MalformedBody("Input data was truncated."),
    s.BodyBeyondLimits("depth", "Objects and arrays nest deeper than 64 levels.", 64),
    s.UnsupportedMediaType("text/plain"),
    s.PayloadTooLarge(1_000_000),
    s.RequestTimeout(30.0),
    s.MethodNotAllowed("DELETE", ("OPTIONS", "POST")),
    s.OperationMissing("create-inbound-shipment"),
    s.Unauthenticated("unknown"),
    s.DeliveryNotParked("order.placed/1042/hook-1/7"),
    s.DeliveryNotRepeatable("1042/event:12/7"),
    a.TooManyTries(60),
    a.ScopeMissing("integrations.orders.write"),
    a.TokenRequestInvalid("grant_type is missing"),
    a.GrantTypeUnsupported("password"),
    u.PasswordInvalid(8, 128),
    u.CustomerUnknown("4711"),
    r.RowUnknown("storefront", "b4b7de78-78ab-479f-a034-89f9f3324406"),
    r.AlreadySpent("original"),
    p.RecordUnknown("Location", "A-101"),
    p.CursorInvalid("made-up"),
    p.BodyNoObject("Expected an object, got an array."),
    p.PayloadUnmappable("Details is no array"),
    p.RecordTaken("location", "code", "A-101"),
    p.MappingFlawed(("orders: rule 2 names no field of the API",)),
    p.MappingUnknown("orders", "7"),
    k.QuantityOutOfRange(-1, 0, 1_000_000),
    k.StockUnknown("mug", "attic", "location"),
    k.StockShort(5, 3),
    g.ScaleFixed(0),
    g.StepUneven("0.125", 2),
    g.QuantityUneven("0.5", 0),
    g.LocationInUse("main"),
)
