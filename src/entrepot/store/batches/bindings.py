"""Which records stand in which tables, by which keys.

The tables themselves are defined in `tables`, for migrations and flexible reads; a test holds that both agree. They
stay out of here because loading their library takes a third of the server's start.
"""

from __future__ import annotations

from entrepot.domain.carts import records as carts
from entrepot.domain.catalogue import options as articles
from entrepot.domain.catalogue import products as catalogue
from entrepot.domain.channels import accounts as channels
from entrepot.domain.channels import admin_tokens as access
from entrepot.domain.channels import guessing, shops
from entrepot.domain.channels.access_tokens import AccessToken
from entrepot.domain.channels.repeats import DoneCommand
from entrepot.domain.channels.storefronts import Storefront
from entrepot.domain.customers import records as customers
from entrepot.domain.fulfilment import records as fulfilment
from entrepot.domain.mapping.records import MappingHead, MappingVersion
from entrepot.domain.orders import records as orders
from entrepot.domain.orders.payments import Payment, Refund
from entrepot.domain.outbox import deliveries as outbox
from entrepot.domain.payments import methods as payment_methods
from entrepot.domain.placing import attempts
from entrepot.domain.pricing import delivery_methods as delivery
from entrepot.domain.pricing import discounts, taxes
from entrepot.domain.pricing import flat_rates as shipping
from entrepot.domain.pricing import gift_certificates as certificates
from entrepot.domain.stock import levels as stock
from entrepot.store.batches.binding import Binding

REFERENCES = Binding(channels.Reference, "references", "channel", "environment", "kind", "value")
"""Names given from outside are claimed after deciding: a row that does not come back was taken by another worker."""

LEVELS = Binding(stock.Level, "stock", "variant", "location")
"""A new level cannot be locked before it exists, so it is claimed like a name; known ones are updated."""

TRIES = Binding(guessing.Tries, "tries", "subject")
"""The first try of several workers at once is one row too."""

DONE = Binding(DoneCommand, "done_commands", "name")
"""Of several who send one command under one key at once, one has it done."""

LOCATIONS = Binding(stock.Location, "locations", "id")
PRODUCTS = Binding(catalogue.Product, "products", "id")
VARIANTS = Binding(catalogue.Variant, "variants", "id")
"""Codes and SKUs are claimed with their rows: who comes second decides anew, and finds them taken."""

HEADS = Binding(MappingHead, "mapping_heads", "channel", "resource")
"""The head of a first version is one row, though two may save it at once."""

CLAIMS = (REFERENCES, LOCATIONS, PRODUCTS, VARIANTS, LEVELS, TRIES, DONE, HEADS)
"""The kinds whose new rows are claimed, in this order: parents before children."""

BINDINGS: tuple[Binding, ...] = (
    Binding(orders.Order, "orders", "id"),
    Binding(orders.OrderPart, "order_parts", "order", "no"),
    Binding(orders.OrderLine, "order_lines", "order", "no"),
    Binding(orders.OrderEvent, "order_events", "order", "seq"),
    Binding(Payment, "payments", "order", "no"),
    Binding(Refund, "refunds", "order", "id"),
    Binding(orders.InvoiceLine, "invoice_lines", "order"),
    Binding(fulfilment.Shipment, "shipments", "order", "no"),
    Binding(fulfilment.ShipmentLine, "shipment_lines", "order", "shipment", "line"),
    Binding(fulfilment.ShipmentEvent, "shipment_events", "order", "shipment", "seq"),
    Binding(fulfilment.Return, "returns", "order", "id"),
    Binding(fulfilment.ReturnLine, "return_lines", "order", "return_id", "no"),
    Binding(fulfilment.ReturnEvent, "return_events", "order", "return_id", "seq"),
    Binding(carts.Cart, "carts", "id"),
    Binding(carts.CartLine, "cart_lines", "cart", "no"),
    Binding(attempts.Attempt, "attempts", "id", fixed=("draft",)),
    Binding(outbox.Delivery, "outbox", "subject", "listener", "seq"),
    Binding(stock.Hold, "holds", "order", "line", "location"),
    LEVELS,
    Binding(customers.Session, "sessions", "id"),
    Binding(customers.Customer, "customers", "id"),
    Binding(customers.OneTimeCode, "one_time_codes", "hash"),
    Binding(carts.CartFile, "files", "id"),
    Binding(carts.FileContent, "file_contents", "id"),
    Binding(discounts.Discount, "discounts", "id"),
    Binding(discounts.DiscountUse, "discount_uses", "discount", "order", "buyer"),
    Binding(certificates.Certificate, "certificates", "id"),
    Binding(certificates.CertificateUse, "certificate_uses", "certificate", "order"),
    Binding(access.AdminToken, "admin_tokens", "hash"),
    Binding(AccessToken, "access_tokens", "hash"),
    TRIES,
    DONE,
    HEADS,
    Binding(MappingVersion, "mappings", "channel", "resource", "version"),
    Binding(
        catalogue.SeenPrice,
        "remembered_prices",
        "channel",
        "environment",
        "variant",
        "currency",
        upsert=True,
    ),
)
"""In the order in which a batch writes them: parents before children."""

CATALOGUE: tuple[Binding, ...] = (
    LOCATIONS,
    Binding(catalogue.Merchant, "merchants", "ref"),
    PRODUCTS,
    VARIANTS,
    Binding(catalogue.Price, "prices", "variant", "currency"),
    Binding(shipping.ShippingRate, "shipping_rates", "merchant", "country", "currency"),
    Binding(taxes.TaxCompany, "tax_companies", "code"),
    Binding(taxes.TaxRate, "tax_rates", "country", "province"),
)
"""What worlds describe, parents before children; orders only read it."""

SHOP: tuple[Binding, ...] = (
    Binding(articles.Choice, "article_choices", "id"),
    Binding(articles.ChoiceOption, "article_choice_options", "id"),
    Binding(articles.ProductChoice, "product_choices", "product", "choice"),
    Binding(articles.ProductGroup, "article_groups", "id"),
    Binding(articles.Assortment, "assortments", "id"),
    Binding(customers.CustomerGroup, "customer_groups", "id"),
    Binding(customers.Administrator, "administrators", "id"),
    Binding(delivery.DeliveryMethod, "delivery_methods", "id"),
    Binding(payment_methods.PaymentMethod, "payment_methods", "id"),
    Binding(shops.Language, "languages", "channel", "code"),
    Binding(shops.PageAddress, "urls", "channel", "path"),
    Binding(Storefront, "storefronts", "id"),
    Binding(shops.EventListener, "event_listeners", "id"),
    Binding(shops.ListenerLogEntry, "event_listener_log", "listener", "id"),
)
"""What a shop sets up, parents before children; buying only reads it."""

ROWS: tuple[Binding, ...] = (*CATALOGUE, *SHOP)
"""What doors change row by row, parents before children."""
