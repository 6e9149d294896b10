"""From failures to Bonsai's error entries: one table, from which every refusal of this door is rendered.

Status, code and title come from `openapi.errors`, which the API description is made of too, so that what is promised
and what is answered are the same rows. The spelling of ids differs from code to code (decision bonsai I2).
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Sequence
from typing import Any, cast

from entrepot.doors.bonsai.joi import FaultItem, items
from entrepot.doors.bonsai.openapi.errors import FORMS, ErrorForm
from entrepot.doors.kit import CHALLENGE, DoorFailures, Header, OwnCode, Reply, Request, encode
from entrepot.doors.kit.checking import Kind, one
from entrepot.failures import (
    BodyBeyondLimits,
    Failure,
    Internal,
    MalformedBody,
    MethodNotAllowed,
    Overloaded,
    PayloadTooLarge,
    RequestTimeout,
    Unauthenticated,
    Unavailable,
    UnknownRoute,
    UnsupportedContentCoding,
    UnsupportedMediaType,
)
from entrepot.failures import carts as c
from entrepot.failures import orders as o
from entrepot.failures import payments as p

REDACTED = "<redacted>"
_BY_API_KEY: Header = (CHALLENGE, b'API-Key realm="bonsai"')
_BY_PRIVATE_KEY: Header = (CHALLENGE, b'Basic realm="bonsai", charset="UTF-8"')
_NODE = random.SystemRandom().getrandbits(47) | 1 << 40

Detail = Callable[[Any], object]
_NO_SENTENCE = "An error occurred while communicating with Stripe"
_ABSENT = object()


def _absent(_: Failure) -> object:
    return _ABSENT


def _empty(_: Failure) -> object:
    return ""


def _public(failure: o.LineFailure) -> object:
    return {"publicId": failure.line.product, "variantId": failure.line.variant}


def _snake(failure: o.LineFailure) -> object:
    return {"public_id": failure.line.product, "variant_id": failure.line.variant}


def _product(failure: o.LineFailure) -> object:
    return {"productId": failure.line.product, "variantId": failure.line.variant}


def _stranded(failure: o.NoShippingToCountry) -> object:
    return [{"publicId": line.product, "variantId": line.variant} for line in failure.lines]


def _tax(failure: p.TaxRefused) -> object:
    return {
        "message": failure.message,
        "code": failure.code,
        "number": failure.number,
        "description": failure.description,
        "faultCode": failure.fault_code,
        "helpLink": failure.help_link,
        "severity": failure.severity,
    }


def _stripe(failure: p.CardProviderFailed | p.CardProviderSilent) -> object:
    customer = {"email": failure.email, "first_name": failure.first_name, "last_name": failure.last_name}
    return {"stripeToken": REDACTED, "customer": customer, "message": stripe_sentence(failure)}


def stripe_sentence(failure: p.CardProviderFailed | p.CardProviderSilent) -> str:
    """Stripe's own sentence, or that there was none (decision bonsai second reading 6)."""
    return failure.message if isinstance(failure, p.CardProviderFailed) else _NO_SENTENCE


def _undecided(failure: p.ExternalPaymentUndecided) -> object:
    config = {
        "skipValidation": failure.skip_validation,
        "type": failure.authentication,
        "apiKey": REDACTED,
        "method": REDACTED,
    }
    return {"externalPaymentConfig": {failure.type: config}, "token": REDACTED}


def over_limit(kind: Kind, member: str, limit: int) -> tuple[FaultItem, ...]:
    """A limit of what is stored, said as if the body exceeded it: the API has no other word for it."""
    return items(tuple(one(kind, {"limit": limit}).within(member)))


def _too_many(failure: c.CartQuantityTooLarge) -> object:
    """A quantity beyond what still fits, at the place where it was sent."""
    faults = one(Kind.TOO_LARGE, {"limit": failure.limit, "value": failure.asked}).within("quantity")
    if failure.index is not None:
        faults = faults.within(failure.index).within("products")
    return items(tuple(faults))


def foreign_currency(currency: str) -> o.InvalidInput:
    """Why a payment cannot be this order's: another currency (decision bonsai currency of a v2 payment)."""
    context = {"value": REDACTED, "choices": [currency]}
    return o.InvalidInput(items(tuple(one(Kind.NO_CHOICE, context).within("currency"))))


TABLE: dict[type[Failure], tuple[ErrorForm, Detail]] = {
    o.NotEnoughStock: (FORMS["InsufficientInventory"], _product),
    o.SoldOut: (FORMS["OutOfStock"], _snake),
    o.ProvinceUnknown: (FORMS["ProvinceNotFound"], lambda f: {"province": f.province}),
    o.NoShippingToCountry: (FORMS["InternationalShippingError"], _stranded),
    o.ProductUnknown: (FORMS["ProductDoesNotExist"], _public),
    o.VariantUnknown: (FORMS["VariantDoesNotExist"], _public),
    o.PriceChanged: (FORMS["ProductsPriceChange"], _public),
    o.CostRisen: (FORMS["ProductsPriceChange"], _public),
    o.PriceInvalid: (FORMS["ProductsPriceInvalid"], _public),
    o.ProductUnavailable: (FORMS["ProductUnavailable"], _public),
    o.MerchantUnknown: (FORMS["MerchantNotFound"], lambda f: {"_id": f.merchant or "0" * 24}),
    o.InvalidInput: (FORMS["InvalidInput"], lambda f: f.faults),
    o.OrderSourceUnrecognized: (FORMS["RequestSourceUnrecognized"], _absent),
    o.ShippingAddressMissing: (FORMS["MissingShipping"], _absent),
    o.DuplicateExternalOrder: (FORMS["DuplicateExternalOrder"], lambda f: {"externalOrderId": f.external_id}),
    o.OrderUnknown: (FORMS["CustomerOrderNotFound"], lambda f: {"customer_order_id": f.order}),
    o.OrderNotPayable: (FORMS["BadRequest"], lambda f: f"{f.title}."),
    o.QuoteStale: (FORMS["ServiceUnavailable"], _empty),
    p.PaymentMethodUnsupported: (FORMS["PaymentMethodNotSupported"], lambda f: {"paymentMethod": f.method}),
    p.AmountNotChargeable: (FORMS["PaymentMethodNotSupported"], lambda f: {"paymentMethod": f.method}),
    p.PaymentAmountsMissing: (FORMS["PaymentAmountsNotProvided"], _absent),
    p.ExternalPaymentUnsupported: (FORMS["AccountDoesNotSupportExternalPayment"], _absent),
    p.ExternalPaymentNotImplemented: (
        FORMS["ExternalPaymentNotImplementedYet"],
        lambda f: {"token": REDACTED, "externalPaymentType": f.type},
    ),
    p.ExternalPaymentUndecided: (FORMS["ExternalPaymentUnknownError"], _undecided),
    p.ExternalPaymentRefused: (FORMS["ExternalPaymentTokenValidationFailed"], lambda _: {"token": REDACTED}),
    p.PaymentDeclined: (FORMS["PaymentRequired"], lambda f: {"message": f.message}),
    p.CardProviderFailed: (FORMS["StripeError"], _stripe),
    p.CardProviderSilent: (FORMS["StripeError"], _stripe),
    p.PaymentUnderWay: (FORMS["ServiceUnavailable"], _empty),
    p.MerchantPayoutMissing: (FORMS["MerchantPaymentMissing"], _absent),
    p.TaxRefused: (FORMS["TaxError"], _tax),
    p.TaxUnavailable: (FORMS["TaxesOrDutiesError"], lambda f: f.detail),
    c.CartUnknown: (FORMS["ResourceNotFound"], _empty),
    c.CartFull: (FORMS["InvalidInput"], lambda f: over_limit(Kind.TOO_MANY, "products", f.limit)),
    c.CartQuantityTooLarge: (FORMS["InvalidInput"], _too_many),
    Unauthenticated: (FORMS["ApiKeyRefused"], _empty),
    MalformedBody: (FORMS["BadRequest"], lambda f: f.reason),
    BodyBeyondLimits: (FORMS["BadRequest"], lambda f: f.reason),
    RequestTimeout: (FORMS["BadRequest"], lambda f: f"The body did not arrive within {f.limit:g} seconds."),
    UnknownRoute: (FORMS["UrlNotFound"], _empty),
    MethodNotAllowed: (FORMS["UrlNotFound"], _empty),
    PayloadTooLarge: (FORMS["PayloadTooLarge"], _empty),
    UnsupportedMediaType: (FORMS["UnsupportedMediaType"], _empty),
    UnsupportedContentCoding: (FORMS["UnsupportedMediaType"], _empty),
    Overloaded: (FORMS["ServiceUnavailable"], _empty),
    Unavailable: (FORMS["ServiceUnavailable"], _empty),
    Internal: (FORMS["InternalError"], _empty),
}

_UNRECOGNIZED = FORMS["ProvinceUnrecognized"]
CODES = DoorFailures(
    "bonsai",
    {failure: (form.status, form.code) for failure, (form, _) in TABLE.items()},
    # Checkout's name for what is PROVINCE_NOT_FOUND on all other routes.
    {_UNRECOGNIZED.code: OwnCode(str(_UNRECOGNIZED.title), o.ProvinceUnknown.advice)},
)

Row = tuple[ErrorForm, Detail]


def entry(failure: Failure, row: Row | None = None) -> dict[str, object]:
    """One error entry; `row` where a route says a failure in a form of its own."""
    form, detail = row or TABLE.get(type(failure)) or TABLE[Internal]
    fields: dict[str, object] = {
        "id": str(uuid.uuid1(_NODE)),
        "status": form.status,
        "code": form.code,
        "title": failure.title if form.title is None else form.title,
    }
    value = detail(failure)
    if value is not _ABSENT:
        fields["detail"] = value
    return fields


def render_all(failures: Sequence[Failure], row: Row | None = None) -> Reply:
    """The refusal of a request: every failure an entry, the status that of the first (decision bonsai U13)."""
    entries = [entry(failure, row) for failure in failures]
    status = cast("int", entries[0]["status"])
    asked = (_BY_PRIVATE_KEY if row else _BY_API_KEY,) if status == 401 else ()
    return Reply(status, encode({"errors": entries}), asked, failure=failures[0])


def render(failure: Failure, request: Request) -> Reply:
    """The refusal by one failure."""
    del request
    return render_all((failure,))
