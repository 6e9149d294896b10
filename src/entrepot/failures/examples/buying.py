"""Worked examples: of what is bought, from the cart or the basket to the order's destination."""

from __future__ import annotations

from typing import Final

from entrepot.failures import carts as c
from entrepot.failures import discounts as d
from entrepot.failures import lanes as n
from entrepot.failures import orders as o
from entrepot.failures.base import Failure
from entrepot.failures.orders import LineRef

MUG: Final = LineRef("c68yvyl5s1ienexavdwntb1dr", "101", "1")
SCARF: Final = LineRef("c4m1ykbfxt0vbb1wk3jx2girz", "102", "1")
CANDLE: Final = LineRef("c35g11k92xwf2iiobtnzaw9f7", "103", "1")
KETTLE: Final = LineRef("c21pp620s0acweu97lrivm34x", "104", "1")
STICKER: Final = LineRef("c1m3dpif3lu7ykylcph8e1jl8", "105", "1")
LAMP: Final = LineRef("c7zcd0zl90xuwlpn45qki9ccc", "107", "1")
NOBODYS: Final = LineRef("c00000000000000000000aaaa", "101", "1")
SHIRT: Final = LineRef("101", "", "1")

BUYING: Final[tuple[Failure, ...]] = (
    c.AddressRegisterFailed(5),
    o.ProductUnknown(NOBODYS),
    o.VariantUnknown(LineRef(MUG.product, SCARF.variant, "1")),
    o.SkuUnknown(LineRef("", "NONEXISTENT-SKU", "1")),
    o.OrderTooLarge("lines", 100),
    o.MerchantUnknown(LAMP, "65f0c0ffee65f0c0ffee65f0"),
    o.ProductUnavailable(KETTLE),
    o.PriceInvalid(STICKER),
    o.PriceChanged(MUG),
    o.CostRisen(MUG),
    o.SoldOut(CANDLE),
    o.NotEnoughStock(SCARF, 4, 3),
    o.ProvinceUnknown("CA", "TX"),
    o.NoShippingToCountry("FR", (MUG,)),
    o.DuplicateExternalOrder("shop-1"),
    o.StorefrontUnknown("nowhere"),
    o.StorefrontInactive("b4b7de78-78ab-479f-a034-89f9f3324406"),
    o.OrderUnknown("1000035"),
    o.OrderNotPayable("1000035"),
    o.NothingToCancel("1000035"),
    o.UnitsSent("1000035"),
    o.OrderSettled("1000035", "shipped"),
    o.OrderUnfinished("1000035"),
    o.QuoteStale(1),
    o.InvalidInput(()),
    o.OrderLocked("1000035"),
    c.CartUnknown("c5lk81yux1faigxyccn93uuux"),
    c.CartFull(100),
    c.FilesFull(10, 10_000_000),
    c.CartQuantityTooLarge(5, 6, 0),
    c.TotalRaised(34_900, 39_900),
    c.LineUnknown("12"),
    c.CurrencyInactive("USD"),
    c.ChoiceMissing(SHIRT, 301),
    c.ChoiceUnknown(SHIRT, 399),
    c.ChosenNumberInvalid(SHIRT, 302, "1", "10", "0.5"),
    c.ChosenTextTooLong(SHIRT, 303, 20),
    c.CombinationUnavailable(SHIRT),
    c.QuantityNotSold(SHIRT, "0.3"),
    c.FileRefused(SHIRT, 304, 5_000_000),
    c.PurchaseTooSmall(2_975, 5_000),
    c.DeliveryMethodUnknown("599"),
    c.DeliveryUnavailable("US"),
    d.DiscountCodeAlreadySpecified("TENTH"),
    d.InvalidDiscountCode("NOSUCH"),
    d.DiscountNeedsBuyer("WELCOME"),
    d.NoFurtherDiscount("FREIGHT"),
    d.InvalidGiftCertificate("1000000000003"),
    d.CertificateNotCombinable("1000000000001"),
    d.CertificateCurrencyWrong("1000000000002", "EUR"),
    n.ParcelTypeUnsupported("PALLET", "CA"),
)
