"""From failures of the core to this door's errors: one table, so that code and data of every refusal are in one place.

What passes by itself (a full queue, a database that fails over) is -32000 with a Retry-After; what the core did not
expect is -32000 too (decision textalk second reading 3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from entrepot.domain.kernel.money import to_major
from entrepot.doors.kit import DoorFailures
from entrepot.doors.textalk.wire.errors import Code, Data, Problem, RpcError
from entrepot.doors.textalk.wire.own_codes import OWN_CODES
from entrepot.doors.textalk.wire.sentences import say
from entrepot.failures import (
    BodyBeyondLimits,
    Failure,
    Internal,
    MalformedBody,
    MethodNotAllowed,
    OperationMissing,
    PayloadTooLarge,
    RequestTimeout,
    TemporaryFailure,
    Unauthenticated,
    Unavailable,
    UnknownRoute,
    UnsupportedContentCoding,
    UnsupportedMediaType,
    access,
    accounts,
    carts,
    catalogue,
    fulfilment,
    goods,
    rows,
    stock,
)
from entrepot.failures import orders as o
from entrepot.failures import payments as p
from entrepot.failures.accounts import CustomerUnknown, SessionUnknown
from entrepot.failures.carts import (
    AddressLookupUnavailable,
    AddressRegisterFailed,
    BuyerEmailMissing,
    ChoiceMissing,
    ChoiceUnknown,
    ChosenNumberInvalid,
    ChosenTextTooLong,
    CombinationUnavailable,
    CurrencyInactive,
    DeliveryMethodUnknown,
    DeliveryNotConfigured,
    DeliveryUnavailable,
    FileRefused,
    LineUnknown,
    PurchaseTooSmall,
    QuantityNotSold,
)
from entrepot.failures.discounts import (
    CertificateCurrencyWrong,
    CertificateNotCombinable,
    DiscountCodeAlreadySpecified,
    DiscountNeedsBuyer,
    InvalidDiscountCode,
    InvalidGiftCertificate,
    NoFurtherDiscount,
)
from entrepot.failures.orders import OrderLocked
from entrepot.failures.payments import (
    CardTokenMissing,
    PaymentCancelRefused,
    PaymentInDoubt,
    PaymentMethodUnknown,
    PaymentNotCancellable,
    PaymentNotCapturable,
    PaymentNotConfigured,
    PaymentUnavailable,
    PaymentUnknown,
)
from entrepot.store.connections import is_away

Detail = Callable[[Any], Data]
_log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger(__name__)


def _nothing(_: Failure) -> None:
    return None


def _code(failure: Any) -> str:
    return failure.code


def _say(key: str) -> Detail:
    return lambda _: say(key)


def _advised(failure: Any) -> Data:
    """After how many seconds the same call can be sent again."""
    return say("outside.again", seconds=failure.retry_after)


_BUY: Final[Mapping[type[Failure], tuple[Code, Detail]]] = {
    o.ProductUnknown: (Code.OBJECT_NOT_FOUND, _nothing),
    o.VariantUnknown: (Code.NOT_BUYABLE, _say("buy.combination")),
    o.ProductUnavailable: (Code.NOT_BUYABLE, _say("buy.not-for-sale")),
    o.MerchantUnknown: (Code.NOT_BUYABLE, _say("buy.not-for-sale")),
    o.PriceInvalid: (Code.NOT_BUYABLE, _say("buy.not-for-sale")),
    o.PriceChanged: (Code.NOT_BUYABLE, _say("buy.changed")),
    o.SoldOut: (Code.NOT_BUYABLE, _say("buy.sold-out")),
    o.NotEnoughStock: (Code.NOT_BUYABLE, _say("buy.stock")),
    ChoiceMissing: (Code.NOT_BUYABLE, _say("buy.choice-missing")),
    ChoiceUnknown: (Code.NOT_BUYABLE, _say("buy.choice-unknown")),
    ChosenNumberInvalid: (
        Code.NOT_BUYABLE,
        lambda f: say("buy.choice-range", choice=f.choice, least=f.minimum, most=f.maximum, step=f.step),
    ),
    ChosenTextTooLong: (
        Code.NOT_BUYABLE,
        lambda f: say("buy.choice-text", choice=f.choice, limit=f.longest),
    ),
    CombinationUnavailable: (Code.NOT_BUYABLE, _say("buy.combination")),
    QuantityNotSold: (Code.NOT_BUYABLE, _say("buy.quantity")),
    FileRefused: (Code.FILE_ATTACHMENT_FAILED, lambda f: say("buy.file", limit=f.largest)),
    carts.FilesFull: (Code.FILE_ATTACHMENT_FAILED, lambda f: say("buy.files-full", limit=f.limit)),
    carts.CartFull: (Code.NOT_BUYABLE, lambda f: say("buy.cart-full", limit=f.limit)),
    carts.TotalRaised: (Code.NOT_BUYABLE, _say("buy.total")),
    carts.CartQuantityTooLarge: (Code.NOT_BUYABLE, lambda f: say("buy.too-many", limit=f.limit)),
}

_SPENT: Final = {"original": "/originalValue", "balance": "/remainingValue", "max_uses": "/maxUses"}
"""Fields that cannot be set to less than was spent or used, as properties."""

_TABLE: Final[Mapping[type[Failure], tuple[Code, Detail]]] = {
    **_BUY,
    MalformedBody: (Code.PARSE_ERROR, _nothing),
    BodyBeyondLimits: (Code.INVALID_REQUEST, lambda f: say(f"request.{f.what}", limit=f.limit)),
    PayloadTooLarge: (Code.INVALID_REQUEST, _nothing),
    RequestTimeout: (Code.INVALID_REQUEST, _nothing),
    UnsupportedMediaType: (Code.INVALID_REQUEST, _nothing),
    UnsupportedContentCoding: (Code.INVALID_REQUEST, _nothing),
    UnknownRoute: (Code.INVALID_REQUEST, _nothing),
    MethodNotAllowed: (Code.INVALID_REQUEST, _nothing),
    OperationMissing: (Code.METHOD_NOT_FOUND, lambda f: say("missing", name=f.operation)),
    Unauthenticated: (Code.BAD_AUTH_TOKEN, _nothing),
    access.TooManyTries: (Code.LOGIN_FAILED, _say("login.wait")),
    accounts.LoginFailed: (Code.LOGIN_FAILED, _nothing),
    accounts.ResetCodeInvalid: (Code.BAD_RESET_CODE, _nothing),
    accounts.SignupCodeInvalid: (Code.BAD_SIGNUP_CODE, _nothing),
    accounts.PasswordInvalid: (Code.INVALID_PASSWORD, _nothing),
    accounts.CustomerExists: (Code.CUSTOMER_EXISTS, _nothing),
    accounts.ConfirmationFailed: (Code.CONFIRMATION_FAILED, _nothing),
    stock.QuantityOutOfRange: (
        Code.VALIDATION_ERROR,
        lambda _: (Problem("/stock/stock", say("patch.stock")),),
    ),
    stock.StockUnknown: (Code.VALIDATION_ERROR, lambda _: (Problem("/stock", say("patch.reference")),)),
    goods.ScaleFixed: (Code.VALIDATION_ERROR, lambda _: (Problem("", say("patch.reference")),)),
    rows.RowUnknown: (Code.OBJECT_NOT_FOUND, _nothing),
    rows.CatalogueClosed: (Code.FORBIDDEN, _nothing),
    rows.StockClosed: (Code.FORBIDDEN, _nothing),
    rows.NameTaken: (Code.VALIDATION_ERROR, lambda _: (Problem("", say("patch.taken")),)),
    rows.AlreadySpent: (
        Code.VALIDATION_ERROR,
        lambda failure: (Problem(_SPENT.get(failure.field, ""), say("patch.spent")),),
    ),
    rows.BelowItself: (Code.VALIDATION_ERROR, lambda _: (Problem("/parent", say("patch.below-itself")),)),
    rows.PartUnknown: (Code.VALIDATION_ERROR, lambda _: (Problem("", say("patch.reference")),)),
    o.OrderUnknown: (Code.OBJECT_NOT_FOUND, _nothing),
    carts.CartUnknown: (Code.OBJECT_NOT_FOUND, _nothing),
    LineUnknown: (Code.OBJECT_NOT_FOUND, _nothing),
    CustomerUnknown: (Code.OBJECT_NOT_FOUND, _nothing),
    PaymentUnknown: (Code.OBJECT_NOT_FOUND, _nothing),
    SessionUnknown: (Code.BAD_SESSION_TOKEN, _nothing),
    CurrencyInactive: (Code.VALIDATION_ERROR, lambda _: (Problem("/currency", say("patch.enum-one")),)),
    DeliveryMethodUnknown: (
        Code.VALIDATION_ERROR,
        lambda _: (Problem("/delivery/method", say("patch.reference")),),
    ),
    PaymentMethodUnknown: (Code.VALIDATION_ERROR, lambda _: (Problem("/method", say("patch.reference")),)),
    OrderLocked: (Code.ORDER_LOCKED, _nothing),
    fulfilment.UnitsOwed: (Code.ORDER_LOCKED, _nothing),
    DiscountCodeAlreadySpecified: (Code.DISCOUNT_CODE_ALREADY_SPECIFIED, _code),
    InvalidDiscountCode: (Code.INVALID_DISCOUNT_CODE, _code),
    DiscountNeedsBuyer: (Code.INVALID_DISCOUNT_CODE, _code),
    NoFurtherDiscount: (Code.NO_FURTHER_DISCOUNT, _code),
    InvalidGiftCertificate: (Code.INVALID_GIFT_CERTIFICATE, _nothing),
    CertificateNotCombinable: (Code.UNCOMBINABLE_PAYMENT_METHOD, _nothing),
    CertificateCurrencyWrong: (Code.GIFT_CERTIFICATE_CURRENCY, _nothing),
    BuyerEmailMissing: (
        Code.VALIDATION_ERROR,
        lambda _: (Problem("/customer/info/email", say("patch.required")),),
    ),
    CardTokenMissing: (Code.INVALID_PARAMS, lambda _: (Problem("/2/token", say("buy.token")),)),
    PurchaseTooSmall: (Code.INSUFFICIENT_PURCHASE_AMOUNT, _nothing),
    DeliveryNotConfigured: (Code.DELIVERY_NOT_CONFIGURED, _nothing),
    DeliveryUnavailable: (Code.DELIVERY_UNAVAILABLE, _nothing),
    PaymentNotConfigured: (Code.PAYMENT_NOT_CONFIGURED, _nothing),
    PaymentUnavailable: (Code.PAYMENT_UNAVAILABLE, _nothing),
    PaymentNotCapturable: (Code.FORBIDDEN, _nothing),
    PaymentNotCancellable: (Code.PAYMENT_NOT_CANCELLABLE, _nothing),
    PaymentCancelRefused: (Code.PAYMENT_CANCELLATION_FAILED, _nothing),
    PaymentInDoubt: (Code.EXTERNAL_SERVER_ERROR, _advised),
    AddressLookupUnavailable: (Code.ADDRESS_LOOKUP_UNAVAILABLE, _nothing),
    AddressRegisterFailed: (Code.EXTERNAL_SERVER_ERROR, _say("outside.register")),
    p.NothingToRefund: (Code.PAYMENT_NOT_REFUNDABLE, _nothing),
    p.AmountNotRefundable: (Code.PAYMENT_NOT_REFUNDABLE, _nothing),
    p.RefundTooLarge: (Code.PAYMENT_NOT_REFUNDABLE, _nothing),
    p.RefundRefused: (Code.PAYMENT_REFUNDING_FAILED, _nothing),
    p.RefundInDoubt: (Code.EXTERNAL_SERVER_ERROR, _say("outside.refund")),
    p.RefundUnderWay: (Code.EXTERNAL_SERVER_ERROR, _advised),
    p.RequestKeyUsed: (Code.INVALID_PARAMS, lambda _: (Problem("/3/key", say("pay.key-used")),)),
    p.PaymentProviderUnreachable: (Code.EXTERNAL_SERVER_ERROR, _advised),
    p.AmountNotChargeable: (
        Code.PAYMENT_FAILED,
        lambda f: say("pay.amount", amount=to_major(f.amount, f.currency), currency=f.currency),
    ),
    p.PaymentDeclined: (Code.PAYMENT_FAILED, lambda f: f.message),
    # The provider did answer: it is its word that the payment failed (decision textalk item 39).
    p.CardProviderFailed: (Code.PAYMENT_FAILED, lambda f: f.message),
    p.CardProviderSilent: (Code.EXTERNAL_SERVER_ERROR, _advised),
    p.TaxUnavailable: (Code.EXTERNAL_SERVER_ERROR, _advised),
    p.TaxRefused: (Code.EXTERNAL_SERVER_ERROR, _say("outside.tax")),
}

_UNEXPECTED: Final = (Code.INTERNAL_ERROR, _nothing)
_STATUS: Final[Mapping[type[Failure], int]] = {
    UnknownRoute: 404,
    MethodNotAllowed: 405,
    RequestTimeout: 408,
    UnsupportedContentCoding: 415,
    Unauthenticated: 401,
}


def _codes() -> dict[type[Failure], tuple[int, str]]:
    return {
        failure: (_STATUS.get(failure, 200), str(int(_TABLE.get(failure, _UNEXPECTED)[0])))
        for failure in catalogue().values()
    }


def _is_unexpected(failure: type[Failure]) -> bool:
    return failure not in _TABLE and not issubclass(failure, TemporaryFailure | Internal)


CODES: Final = DoorFailures(
    "textalk", _codes(), OWN_CODES, unexpected=frozenset(filter(_is_unexpected, catalogue().values()))
)
"""Every failure of the core; what no order of a shop can come to is an internal error here."""


def rpc_error(failure: Failure) -> RpcError:
    """The error that says this failure."""
    code, detail = _TABLE.get(type(failure), _UNEXPECTED)
    return RpcError(code, detail(failure), failure)


def not_stored(error: RpcError) -> RpcError:
    """The error of a call with a file: where the store takes nothing for now, the file is what was not attached."""
    if not isinstance(error.failure, Unavailable):
        return error
    return RpcError(Code.FILE_ATTACHMENT_FAILED, say("buy.file-store"), error.failure)


def fault(error: Exception, code: Code, where: str) -> RpcError:
    """The error for an exception, which goes to the log: temporary where the database does not take requests.

    What passes by itself is one line of the log, and what nobody expects a whole traceback.
    """
    if is_away(error):
        _log.warning("textalk.database_away", where=where, error=type(error).__name__)
    else:
        _log.error("textalk.failed", where=where, exc_info=error)
    return RpcError(code, failure=Unavailable(1) if is_away(error) else Internal())
