"""The stages in which a batch loads and locks what it touches, in the one order of locks."""

from __future__ import annotations

from collections import defaultdict
from enum import IntEnum


class Stage(IntEnum):
    """The steps in which a batch loads what it touches, in the one order in which rows are locked."""

    CHANNEL = 0
    REFERENCE = 1
    TRIES = 2
    CODE = 3
    STOREFRONT = 4
    SESSION = 10
    CUSTOMER = 11
    CART = 12
    ORDER = 13
    ATTEMPT = 14
    PAYMENT = 15
    BUYER = 16
    DISCOUNT = 17
    DISCOUNT_USE = 18
    CERTIFICATE = 19
    DELIVERY = 20
    SHIPMENT = 21
    RETURN = 22
    PLACER = 23
    BELONGINGS = 24
    OFFER = 30
    SHIPPING = 31
    TAX = 32
    ARTICLE = 33
    METHOD = 34
    PRODUCT = 35
    HELD = 36
    GROUP = 37
    ROW = 38
    LOCATION = 39
    VARIANT = 40
    GOODS = 41
    STOCK = 42
    KEPT = 43


_CODES = frozenset({Stage.DISCOUNT, Stage.DISCOUNT_USE, Stage.CERTIFICATE})


_AFTER_CART = frozenset(stage for stage in Stage if stage > Stage.CART)


LEADS_TO: defaultdict[Stage, frozenset[Stage]] = defaultdict(
    frozenset,
    {
        Stage.CHANNEL: frozenset({Stage.TAX}),
        Stage.REFERENCE: _CODES | {Stage.CUSTOMER},
        Stage.CODE: frozenset({Stage.CUSTOMER}),
        Stage.SESSION: _AFTER_CART | {Stage.CART},
        Stage.CUSTOMER: frozenset({Stage.HELD}),
        Stage.CART: _AFTER_CART,
        Stage.ORDER: _CODES
        | {Stage.PAYMENT, Stage.DELIVERY, Stage.PLACER, Stage.HELD, Stage.VARIANT, Stage.STOCK},
        Stage.BUYER: frozenset({Stage.DISCOUNT_USE}),
        Stage.DISCOUNT: _CODES | {Stage.HELD},
        Stage.CERTIFICATE: frozenset({Stage.HELD}),
        Stage.RETURN: frozenset({Stage.BELONGINGS}),
        Stage.OFFER: frozenset({Stage.SHIPPING, Stage.STOCK}),
        Stage.ARTICLE: frozenset({Stage.STOCK}),
        Stage.PRODUCT: frozenset({Stage.STOCK}),
        Stage.LOCATION: frozenset({Stage.KEPT}),
        Stage.GOODS: frozenset({Stage.STOCK}),
    },
)
"""To which later stages' wants a stage may lead. Stages that do not lead to each other load together."""
