"""The Textalk door put together: classes, their methods and writers, the dispatch table, and the paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

import msgspec
from starlette.types import ASGIApp

from entrepot.domain.carts.look import NoteSight
from entrepot.doors.kit import Services
from entrepot.doors.kit.admission.passwords import Passwords
from entrepot.doors.manifest import Missing
from entrepot.doors.textalk.articles import choices, groups, variants
from entrepot.doors.textalk.articles import declaration as articles
from entrepot.doors.textalk.articles import methods as catalogue
from entrepot.doors.textalk.articles.variants import VariantWriter
from entrepot.doors.textalk.articles.writer import ArticleWriter
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.caller.lookups import StoreLookups
from entrepot.doors.textalk.customers import declaration as customers
from entrepot.doors.textalk.customers import methods as accounts
from entrepot.doors.textalk.customers import session_methods, sessions
from entrepot.doors.textalk.customers.writer import CustomerWriter
from entrepot.doors.textalk.declare.declaration import ClassDecl, Classes
from entrepot.doors.textalk.orders import codes, items, payments
from entrepot.doors.textalk.orders import declaration as orders
from entrepot.doors.textalk.orders import methods as order_methods
from entrepot.doors.textalk.orders.certificate_writer import CertificateWriter
from entrepot.doors.textalk.orders.discount_writer import DiscountCodeWriter, DiscountWriter
from entrepot.doors.textalk.orders.payment_writer import PaymentWriter
from entrepot.doors.textalk.orders.writer import ItemWriter, OrderWriter, SuborderWriter, whose
from entrepot.doors.textalk.pattern.dependencies import Parts
from entrepot.doors.textalk.pattern.methods import ClassMethods
from entrepot.doors.textalk.pattern.row_writer import GoodsWriter, RowWriter
from entrepot.doors.textalk.pattern.writers import Writers
from entrepot.doors.textalk.query.reads import PooledReads
from entrepot.doors.textalk.rpc.dispatch import Dispatcher
from entrepot.doors.textalk.rpc.methods import Method, MethodTable, method_table
from entrepot.doors.textalk.shop import administrators, delivery_methods, integrations, payment_methods, shop
from entrepot.doors.textalk.shop import context_methods as contexts
from entrepot.doors.textalk.shop.administrators import may_manage_tokens
from entrepot.doors.textalk.shop.listener_writer import ListenerWriter
from entrepot.doors.textalk.shop.token_writer import TokenWriter
from entrepot.doors.textalk.transport.routes import textalk_app

DECLARATIONS: Final[tuple[ClassDecl, ...]] = (
    articles.ARTICLE,
    variants.ARTICLE_VARIANT,
    choices.ARTICLE_CHOICE,
    choices.ARTICLE_CHOICE_OPTION,
    groups.ARTICLEGROUP,
    groups.ASSORTMENT,
    customers.CUSTOMER,
    customers.CUSTOMERGROUP,
    delivery_methods.DELIVERY_METHOD,
    payment_methods.PAYMENT_METHOD,
    codes.DISCOUNTCODE,
    codes.DISCOUNT,
    codes.GIFTCERTIFICATE,
    shop.WEBSHOP,
    shop.LANGUAGE,
    shop.URL,
    integrations.AUTH_TOKEN,
    integrations.EVENT_LISTENER,
    orders.ORDER,
    orders.SUBORDER,
    items.ORDER_ITEM,
    payments.PAYMENT,
    sessions.SESSION,
)
CLASSES: Final[Classes] = {decl.name: decl for decl in DECLARATIONS}


class Textalk:
    """The operations of the door."""

    def __init__(self, services: Services, *, passwords: Passwords | None = None) -> None:
        self._services = services
        self._passwords = passwords or Passwords()
        self._lookups = StoreLookups(services)

    def app(self, missing: Iterable[Missing] = ()) -> ASGIApp:
        """The door as an ASGI app. `missing` is what the vendor has beyond it."""
        return textalk_app(
            Dispatcher(self.methods, self._lookups, self._note, frozenset(each.name for each in missing)),
            CLASSES,
            self._services.observe,
        )

    async def _note(self, context: Context) -> None:
        """Keep what buyers are shown. Where that cannot be kept she is asked to look again, and charged no more."""
        for sight in context.seen:
            command = NoteSight(**whose(context), cart=sight.cart, sight=sight)
            await self._services.engine.execute(context.shop.workspace, command)

    @cached_property
    def methods(self) -> MethodTable:
        """Every method of the door by its name."""
        parts = Parts(self._services, self._lookups, self._passwords, self._class_methods())
        own = method_table(_own_methods(parts))
        common = {method.name: method for method in _common_methods(parts.classes)}
        return {**common, **own}

    def _class_methods(self) -> Mapping[str, ClassMethods]:
        reads, writer = PooledReads(self._services.reads), self._writers()
        return {decl.name: ClassMethods(decl, CLASSES, reads, writer) for decl in DECLARATIONS}

    def _writers(self) -> Writers:
        services = self._services
        return Writers(
            RowWriter(services.engine),
            {
                **{
                    each.name: GoodsWriter(services.engine, services.reads)
                    for each in DECLARATIONS
                    if each.goods
                },
                "Article": ArticleWriter(services),
                "ArticleVariant": VariantWriter(services),
                "AuthToken": TokenWriter(services),
                "Customer": CustomerWriter(services, self._passwords),
                "Discount": DiscountWriter(services.engine),
                "EventListener": ListenerWriter(services),
                "Giftcertificate": CertificateWriter(services),
                "Discountcode": DiscountCodeWriter(services),
                "Order": OrderWriter(services),
                "OrderItem": ItemWriter(services),
                "Payment": PaymentWriter(services),
                "Suborder": SuborderWriter(services),
            },
        )


def _common_methods(classes: Mapping[str, ClassMethods]) -> Iterator[Method]:
    for name, methods in classes.items():
        for method in methods.methods():
            if name == "AuthToken":
                yield msgspec.structs.replace(method.kept_secret(), available=may_manage_tokens)
            else:
                yield method


def _own_methods(parts: Parts) -> Iterator[Method]:
    yield from contexts.methods(parts)
    yield from administrators.methods(parts)
    yield from catalogue.methods(parts)
    yield from accounts.methods(parts)
    yield from session_methods.methods(parts)
    yield from order_methods.methods(parts)
