"""The documented refusals of the Bonsai door, each proven by a set-up that truly fails."""

from decimal import Decimal
from typing import Any

import pytest

from tests.conformance.bonsai import CORS, Shop, entry, refusal
from tests.conformance.harness import Client, Expected, Prove
from tests.conformance.harness.fixtures import OpenShop
from tests.conformance.harness.proof import assert_reply
from tests.conformance.harness.world import REMOVED

UNSUPPORTED = "The selected payment method is not supported for this order type"
NO_MERCHANT = "Could not find merchant with that id from supported integration types"


def ids(shop: Shop, product: str = "lamp", variant: str = "101") -> dict[str, str]:
    return {"publicId": shop.public_id(product), "variantId": variant}


async def test_order_is_placed_and_told_in_full(bonsai: Client, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop()
    request = shop.submit({"products/0/quantity": 2, "note": "ring twice", "external_order_id": "A-1"})
    reply = await bonsai.send(request)
    number = reply.json["data"]["orderNumber"]
    line = {
        "name": "Lamp",
        "product_id": "101",
        "variant_id": "101",
        "public_id": shop.public_id("lamp"),
        "price": 20,
        "quantity": 2,
        "requires_shipping": True,
        "variant_sku": "lamp",
    }
    shipping = {
        "title": "Standard Flat Rate Shipping",
        "code": "0",
        "price": 5,
        "source": "Maple",
        "tax": Decimal("0.65"),
    }
    data: dict[str, Any] = {
        "public_id": reply.json["data"]["public_id"],
        "orderNumber": number,
        "payment_description": None,
        "email": "ann@example.com",
        "shipping_lines": [shipping],
        "line_items": [line],
        "total_tax": Decimal("5.85"),
        "total_duties": 0,
        "total_price": Decimal("50.85"),
        "stripeClientSecrets": [],
        "shipping_address": {**request.body["shipping_address"], "address2": None},
        "note": "ring twice",
    }
    assert_reply(reply, Expected(200, CORS, {"data": data}))
    await shop.assert_placed(reply)


@pytest.mark.row("bonsai.INSUFFICIENT_INVENTORY")
async def test_fewer_than_asked_for(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop({"products/lamp/stock/main": 2})
    line = {"productId": shop.public_id("lamp"), "variantId": "101"}
    await prove(
        shop.submit({"products/0/quantity": 3}),
        refusal("not-enough-stock", entry(400, "INSUFFICIENT_INVENTORY", "Not enough inventory", line)),
        mend=shop.changing({"products/lamp/stock/main": 3}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.INSUFFICIENT_INVENTORY")
async def test_lines_of_one_variant_count_together(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop({"products/lamp/stock/main": 3})
    line = {"productId": shop.public_id("lamp"), "variantId": "101"}
    await prove(
        shop.submit({"products": [shop.line("lamp", 101, 2), shop.line("lamp", 101, 2)]}),
        refusal("not-enough-stock", entry(400, "INSUFFICIENT_INVENTORY", "Not enough inventory", line)),
        mend=shop.submit({"products": [shop.line("lamp", 101, 2), shop.line("lamp", 101, 1)]}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.OUT_OF_STOCK")
async def test_none_left(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop({"products/lamp/stock/main": 0})
    line = {"public_id": shop.public_id("lamp"), "variant_id": "101"}
    await prove(
        shop.submit(),
        refusal("sold-out", entry(400, "OUT_OF_STOCK", "The product is out of stock", line)),
        mend=shop.changing({"products/lamp/stock/main": 1}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.PAYMENT_METHOD_NOT_SUPPORTED", case="unknown method")
async def test_method_that_nobody_knows(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop()
    method = {"paymentMethod": "barter"}
    await prove(
        shop.submit({"payment/method": "barter"}),
        refusal(
            "payment-method-unsupported", entry(400, "PAYMENT_METHOD_NOT_SUPPORTED", UNSUPPORTED, method)
        ),
        mend=shop.submit(),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.PAYMENT_METHOD_NOT_SUPPORTED", case="disabled")
async def test_method_that_the_account_has_off(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    methods = "channels/shop/settings/payment_methods"
    shop = await open_bonsai_shop({methods: ["credit card"]})
    method = {"paymentMethod": "external payment"}
    await prove(
        shop.submit(),
        refusal(
            "payment-method-unsupported", entry(400, "PAYMENT_METHOD_NOT_SUPPORTED", UNSUPPORTED, method)
        ),
        mend=shop.changing({methods: ["credit card", "external payment"]}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.PAYMENT_METHOD_NOT_SUPPORTED", case="not for these products")
async def test_method_that_a_product_excludes(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    excluded = "products/lamp/excluded_methods"
    shop = await open_bonsai_shop({excluded: ["external payment"]})
    method = {"paymentMethod": "external payment"}
    await prove(
        shop.submit({"products": [shop.line("rug", 102), shop.line("lamp", 101)]}),
        refusal(
            "payment-method-unsupported", entry(400, "PAYMENT_METHOD_NOT_SUPPORTED", UNSUPPORTED, method)
        ),
        mend=shop.changing({excluded: []}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.PROVINCE_NOT_FOUND")
@pytest.mark.parametrize("province", ["TX", None, REMOVED])
async def test_region_of_another_country_or_none(
    prove: Prove, open_bonsai_shop: OpenShop, province: Any
) -> None:
    shop = await open_bonsai_shop()
    detail = {"province": None if province is REMOVED else province}
    await prove(
        shop.submit({"shipping_address/province": province}),
        refusal(
            "province-unknown", entry(404, "PROVINCE_NOT_FOUND", "Could not find delivery province", detail)
        ),
        mend=shop.submit({"shipping_address/province": "ON"}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.INTERNATIONAL_SHIPPING_ERROR")
async def test_merchant_does_not_ship_there(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop()
    abroad = {"shipping_address/country": "FR", "shipping_address/province": "IDF"}
    lines = [shop.line("lamp", 101), shop.line("rug", 102)]
    title = "The merchant does not provide international shipping"
    detail = [ids(shop), ids(shop, "rug", "102")]
    await prove(
        shop.submit({**abroad, "products": lines}),
        refusal("no-shipping-to-country", entry(400, "INTERNATIONAL_SHIPPING_ERROR", title, detail)),
        mend=shop.changing({"merchants/maple/shipping/FR": {"CAD": "30.00"}}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.PRODUCT_DOES_NOT_EXIST")
@pytest.mark.parametrize("unknown", ["c00000000000000000000aaaa", "lamp"])
async def test_product_that_nobody_sells(prove: Prove, open_bonsai_shop: OpenShop, unknown: str) -> None:
    shop = await open_bonsai_shop()
    detail = {"publicId": unknown, "variantId": "101"}
    await prove(
        shop.submit({"products/0/public_id": unknown}),
        refusal("product-unknown", entry(404, "PRODUCT_DOES_NOT_EXIST", "Product does not exist", detail)),
        mend=shop.submit(),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.VARIANT_DOES_NOT_EXIST")
@pytest.mark.parametrize("unknown", ["102", "999999", "M00679529706740", "0101"])
async def test_variant_of_another_product_or_none(
    prove: Prove, open_bonsai_shop: OpenShop, unknown: str
) -> None:
    shop = await open_bonsai_shop()
    await prove(
        shop.submit({"products/0/variant_id": unknown}),
        refusal(
            "variant-unknown",
            entry(404, "VARIANT_DOES_NOT_EXIST", "Variant does not exist", ids(shop, variant=unknown)),
        ),
        mend=shop.submit(),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.PRODUCTS_PRICE_CHANGE")
async def test_price_is_not_the_one_last_seen(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop({"products/lamp/prices/CAD": "21.00"})
    title = "The price of one of the products has changed"
    await prove(
        shop.submit({"products/0/price": 20}),
        refusal("price-changed", entry(400, "PRODUCTS_PRICE_CHANGE", title, ids(shop))),
        mend=shop.submit({"products/0/price": 21}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.PRODUCTS_PRICE_INVALID")
@pytest.mark.parametrize("price", ["0.00", "-1.00", "none"])
async def test_price_that_is_none(prove: Prove, open_bonsai_shop: OpenShop, price: str) -> None:
    shop = await open_bonsai_shop({"products/lamp/prices/CAD": price})
    title = "The price of one of the products is invalid"
    await prove(
        shop.submit(),
        refusal("price-invalid", entry(400, "PRODUCTS_PRICE_INVALID", title, ids(shop))),
        mend=shop.changing({"products/lamp/prices/CAD": "0.01"}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.PRODUCT_UNAVAILABLE")
async def test_product_taken_off_sale(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop({"products/lamp/available": False})
    title = "The product requested is no longer available"
    await prove(
        shop.submit(),
        refusal("product-unavailable", entry(400, "PRODUCT_UNAVAILABLE", title, ids(shop))),
        mend=shop.changing({"products/lamp/available": True}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.MERCHANT_NOT_FOUND")
async def test_merchant_that_is_nobody(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    missing = "5f0c0ffee0c0ffee0c0ffee0"
    shop = await open_bonsai_shop({"products/lamp/merchant": missing})
    merchant = {"ref": missing, "name": "New", "country": "CA", "shipping": {"CA": {"CAD": "5.00"}}}
    await prove(
        shop.submit(),
        refusal("merchant-unknown", entry(404, "MERCHANT_NOT_FOUND", NO_MERCHANT, {"_id": missing})),
        mend=shop.changing({"merchants/new": merchant}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.MERCHANT_NOT_FOUND")
async def test_merchant_of_an_unsupported_integration(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    reference = "5f0c0ffee0c0ffee0c0ffee1"
    shop = await open_bonsai_shop({"merchants/maple/integration": "fax", "merchants/maple/ref": reference})
    await prove(
        shop.submit(),
        refusal("merchant-unknown", entry(404, "MERCHANT_NOT_FOUND", NO_MERCHANT, {"_id": reference})),
        mend=shop.changing({"merchant_integrations": ["manual", "fax"]}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.INVALID_INPUT")
async def test_required_field_missing(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop()
    fault = {
        "message": '"email" is required',
        "path": ["customer", "email"],
        "type": "any.required",
        "context": {"key": "email", "label": "email"},
    }
    await prove(
        shop.submit({"customer/email": REMOVED}),
        refusal("invalid-input", entry(400, "INVALID_INPUT", "Invalid input provided", [fault])),
        mend=shop.submit({"customer/email": "ann@example.com"}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.PAYMENT_AMOUNTS_NOT_PROVIDED")
@pytest.mark.parametrize("amounts", [None, REMOVED])
async def test_external_payment_without_amounts(
    prove: Prove, open_bonsai_shop: OpenShop, amounts: Any
) -> None:
    shop = await open_bonsai_shop()
    await prove(
        shop.submit({"payment/amounts": amounts}),
        refusal(
            "payment-amounts-missing",
            entry(400, "PAYMENT_AMOUNTS_NOT_PROVIDED", "Payment amounts not provided"),
        ),
        mend=shop.submit(),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.ACCOUNT_DOES_NOT_SUPPORT_EXTERNAL_PAYMENT")
async def test_account_without_external_payment(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    block = "channels/shop/settings/external_payment"
    shop = await open_bonsai_shop({block: REMOVED})
    code, title = "ACCOUNT_DOES_NOT_SUPPORT_EXTERNAL_PAYMENT", "Account does not support external payment"
    await prove(
        shop.submit(),
        refusal("external-payment-unsupported", entry(400, code, title)),
        mend=shop.changing({block: {"api": {"skip_validation": True}}}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.EXTERNAL_PAYMENT_NOT_IMPLEMENTED_YET")
@pytest.mark.parametrize(
    "block",
    [
        {"type": "webhook", "api": {"skip_validation": True}},
        {"type": "api"},
        {"type": "api", "api": {"skip_validation": True, "type": "oauth"}},
    ],
)
async def test_external_payment_that_is_half_set_up(
    prove: Prove, open_bonsai_shop: OpenShop, block: dict[str, Any]
) -> None:
    place = "channels/shop/settings/external_payment"
    shop = await open_bonsai_shop({place: block})
    code, title = "EXTERNAL_PAYMENT_NOT_IMPLEMENTED_YET", "External payment not implemented yet"
    detail = {"token": "<redacted>", "externalPaymentType": block["type"]}
    await prove(
        shop.submit(),
        refusal("external-payment-not-implemented", entry(402, code, title, detail)),
        mend=shop.changing({place: {"api": {"skip_validation": True}}}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.REQUEST_SOURCE_UNRECOGNIZED")
@pytest.mark.parametrize("source", ["carrier-pigeon", ""])
async def test_account_of_an_unknown_source(prove: Prove, open_bonsai_shop: OpenShop, source: str) -> None:
    shop = await open_bonsai_shop({"channels/shop/settings/source": source})
    title = "The account source is not recognized"
    await prove(
        shop.submit(),
        refusal("order-source-unrecognized", entry(400, "REQUEST_SOURCE_UNRECOGNIZED", title)),
        mend=shop.changing({"channels/shop/settings/source": "feed"}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.MISSING_SHIPPING")
@pytest.mark.parametrize("address", [REMOVED, None, {}])
async def test_nowhere_to_send_it(prove: Prove, open_bonsai_shop: OpenShop, address: Any) -> None:
    shop = await open_bonsai_shop()
    await prove(
        shop.submit({"shipping_address": address}),
        refusal(
            "shipping-address-missing", entry(400, "MISSING_SHIPPING", "No shipping address was provided")
        ),
        mend=shop.submit(),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.TAX_ERROR")
async def test_tax_provider_does_not_know_the_company(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    shop = await open_bonsai_shop({"channels/shop/settings/taxes": {"company": "NOBODY"}})
    detail = {
        "message": "Company not found.",
        "code": "EntityNotFoundError",
        "number": 4,
        "description": "The Company with code 'NOBODY' was not found.",
        "faultCode": "Client",
        "helpLink": "https://developer.avalara.com/avatax/errors/EntityNotFoundError",
        "severity": "Error",
    }
    await prove(
        shop.submit(),
        refusal("tax-refused", entry(400, "TAX_ERROR", "Error during a tax calculation", detail)),
        mend=shop.changing({"taxes/companies": ["DEFAULT", "NOBODY"]}),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.several-errors")
async def test_every_line_that_is_out_of_stock_is_told(prove: Prove, open_bonsai_shop: OpenShop) -> None:
    empty = {"products/lamp/stock/main": 0, "products/rug/stock/main": 0}
    shop = await open_bonsai_shop(empty)
    title = "The product is out of stock"
    errors = [
        entry(400, "OUT_OF_STOCK", title, {"public_id": shop.public_id(name), "variant_id": variant})
        for name, variant in (("rug", "102"), ("lamp", "101"))
    ]
    await prove(
        shop.submit({"products": [shop.line("rug", 102), shop.line("lamp", 101)]}),
        refusal("sold-out", *errors),
        mend=shop.changing(dict.fromkeys(empty, 1)),
        effect=shop.assert_placed,
    )


@pytest.mark.row("bonsai.several-errors")
async def test_errors_of_different_kinds_come_in_the_order_of_lines(
    prove: Prove, open_bonsai_shop: OpenShop
) -> None:
    shop = await open_bonsai_shop({"products/rug/available": False})
    unknown = "c00000000000000000000aaaa"
    lost = {"public_id": unknown, "variant_id": "1", "quantity": 1}
    missing = {"publicId": unknown, "variantId": "1"}
    await prove(
        shop.submit({"products": [shop.line("rug", 102), lost, shop.line("lamp", 101)]}),
        refusal(
            "product-unavailable",
            entry(
                400,
                "PRODUCT_UNAVAILABLE",
                "The product requested is no longer available",
                ids(shop, "rug", "102"),
            ),
            entry(404, "PRODUCT_DOES_NOT_EXIST", "Product does not exist", missing),
        ),
        mend=shop.submit(),
        effect=shop.assert_placed,
    )
