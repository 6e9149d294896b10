"""The shop itself: Webshop, Language and Url (decision textalk Webshop, Language and Url)."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import READ, Caller, ClassDecl, Operation
from entrepot.doors.textalk.declare.shapes import Kind
from entrepot.doors.textalk.wire.json import Json
from entrepot.store.tables.shops import languages, urls
from entrepot.store.tables.tenancy import channels

_shop: Final = channels.c.settings["door"]
_selling: Final = channels.c.settings["shop"]
_uid: Final = sa.cast(_shop["uid"].astext, sa.BigInteger)


def _text(name: str) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(_shop[name].astext, sa.literal("", sa.Text))


def _flag(name: str) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(sa.cast(_shop[name].astext, sa.Boolean), sa.false())


def _either(name: str, empty: str) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(_shop[name], sa.cast(sa.literal(empty, sa.Text), JSONB), type_=JSONB)


def _selling_text(name: str, absent: str) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(_selling[name].astext, sa.literal(absent, sa.Text))


def _selling_flag(name: str, *, absent: bool = True) -> sa.ColumnElement[Any]:
    """Settings leave out what is as it is by default."""
    default = sa.true() if absent else sa.false()
    return sa.func.coalesce(sa.cast(_selling[name].astext, sa.Boolean), default)


_VAT_RATES: Final = shapes.Mapped(
    keys="^[A-Z]{2}$",
    values=shapes.Array(items=shapes.Record(properties={"home": shapes.rate(), "vatRate": shapes.rate()})),
)


def _vat_rates() -> sa.ColumnElement[Any]:
    return sa.func.coalesce(_selling["vat"], sa.cast(sa.literal("{}", sa.Text), JSONB), type_=JSONB)


def _vat_on_wire(cell: Any) -> Json:
    """For each country what it levies instead of a rate at home. Others: as at home, or see `exportsWithoutVat`."""
    return {
        country: [
            {"home": f.fraction(int(home)), "vatRate": f.fraction(there)}
            for home, there in sorted(rates.items(), key=lambda pair: int(pair[0]))
        ]
        for country, rates in cell.items()
    }


_base_currency: Final = sa.func.coalesce(channels.c.settings["currency"].astext, sa.literal("USD", sa.Text))


def _currencies() -> sa.ColumnElement[Any]:
    others = sa.func.coalesce(_selling["currencies"], sa.cast(sa.literal("[]", sa.Text), JSONB), type_=JSONB)
    return sa.func.jsonb_build_array(_base_currency, type_=JSONB).op("||", return_type=JSONB())(others)


_CODES: Final = shapes.Array(items=shapes.string(3))

WEBSHOP: Final = ClassDecl(
    name="Webshop",
    summary="The shop",
    rows=channels,
    workspace=channels.c.workspace,
    uid=_uid,
    operations={Operation.GET: Audience.ANONYMOUS, Operation.GET_SCHEMA: Audience.ANONYMOUS},
    visible=lambda _: channels.c.id == Caller.CHANNEL,
    fields=(
        f.uid(_uid),
        f.shown("type", shapes.string(20), sa.func.coalesce(_shop["type"].astext, sa.literal("basic"))),
        f.shown("name", shapes.localized(), _either("name", "{}")),
        f.shown("url", shapes.localized(), _either("url", "{}")),
        f.shown("is_demo", shapes.boolean(), _flag("is_demo")),
        f.shown("loginRequiredToView", shapes.boolean(), _flag("login_required")),
        f.shown("companyInfo", shapes.Free(), _either("company", "{}")),
        f.shown("companyNumber", shapes.string(), _text("company_number")),
        f.shown("contactEmail", shapes.string(), _text("contact_email")),
        f.shown("created", shapes.string(), _text("created"), read=Audience.ADMIN),
        f.shown("baseCurrency", shapes.string(3), _base_currency),
        f.shown("activeCurrencies", _CODES, _currencies()),
        f.shown("defaultLanguage", shapes.string(2), _selling_text("language", "en")),
        f.shown("adminLanguage", shapes.string(2), sa.literal("en", sa.Text), read=Audience.ADMIN),
        f.shown("vatSupport", shapes.boolean(), sa.true()),
        f.shown("vatCountry", shapes.string(2), _selling_text("vat_country", "SE")),
        f.shown("vatRates", _VAT_RATES, _vat_rates(), to_wire=_vat_on_wire, filterable=False),
        f.shown("timeZone", shapes.string(64), _selling_text("time_zone", "UTC")),
        f.shown("exportsWithoutVat", shapes.boolean(), _selling_flag("exports_without_vat", absent=False)),
        f.shown("defaultDeliveryCountry", shapes.string(2), _selling_text("vat_country", "SE")),
        f.shown("priceStoredWithVat", shapes.boolean(), _selling_flag("prices_include_vat")),
        f.shown("showPricesIncludingVat", shapes.boolean(), _selling_flag("shows_prices_with_vat")),
    ),
)

LANGUAGE: Final = ClassDecl(
    name="Language",
    summary="A language of the shop",
    rows=languages,
    workspace=languages.c.workspace,
    uid=languages.c.code,
    uid_kind=Kind.STRING,
    operations=READ,
    visible=lambda _: languages.c.channel == Caller.CHANNEL,
    fields=(
        f.uid(languages.c.code, Kind.STRING),
        f.shown("active", shapes.boolean(), languages.c.active),
        f.shown("defaultCurrency", shapes.string(3), languages.c.default_currency),
    ),
)

_moved: Final = sa.case((urls.c.moved_to.is_not(None), sa.literal("Moved", sa.Text)), else_=urls.c.kind)

URL: Final = ClassDecl(
    name="Url",
    summary="What stands at an address of the shop",
    rows=urls,
    workspace=urls.c.workspace,
    uid=urls.c.path,
    uid_kind=Kind.STRING,
    operations={Operation.LIST: Audience.ADMIN, Operation.COUNT: Audience.ADMIN},
    visible=lambda _: urls.c.channel == Caller.CHANNEL,
    fields=(
        f.uid(urls.c.path, Kind.STRING),
        f.shown("type", shapes.string(64), _moved),
        f.shown("url", shapes.string(2000), sa.func.coalesce(urls.c.moved_to, urls.c.path)),
        f.shown("target", shapes.integer(0, nullable=True), urls.c.target),
        f.shown("language", shapes.string(2), urls.c.language),
        f.shown("webshop", shapes.reference("Webshop"), Caller.SHOP),
    ),
)
