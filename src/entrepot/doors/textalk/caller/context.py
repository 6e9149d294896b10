"""The context of a call: which shop, in which language, on whose behalf.

It comes from query parameters and cookies (decision textalk item 9, item 11, second reading 9).
Credentials are looked up anew for every call, so that a revocation holds on the next one, also on
open sockets.
"""

import re
from datetime import UTC, datetime, tzinfo
from enum import IntEnum
from typing import Final, Protocol, TypeGuard

import msgspec

from entrepot.domain.carts.look import Sight
from entrepot.domain.channels.accounts import ChannelSettings, Environment
from entrepot.domain.kernel.regions import country_exists
from entrepot.domain.orders.access import Asker
from entrepot.doors.kit import Request
from entrepot.doors.kit.zones import zone_of
from entrepot.doors.textalk.declare.shapes import MAX_UID, MAX_UID_DIGITS
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.sentences import FALLBACK, LANGUAGES, say


class Audience(IntEnum):
    """Who asks; each may do what the ones before it may. What only `NOBODY` may read, nobody sees."""

    ANONYMOUS = 0
    BUYER = 1
    ADMIN = 2
    NOBODY = 3


class Webshop(msgspec.Struct, frozen=True):
    """An open shop: the channel behind the context parameter `webshop`."""

    uid: int
    workspace: int
    channel: int
    environment: Environment
    languages: frozenset[str]
    default_language: str
    demands_tls: bool
    login_required: bool = False
    name: str = ""
    contact_email: str = ""
    settings: ChannelSettings = ChannelSettings()


class Administrator(msgspec.Struct, frozen=True):
    """Who stands behind a valid auth token; `persistent` if it is an AuthToken and not a log-in.

    It opens one shop of its workspace, or, with a channel of None, all of them.
    `demands_tls` says that the shop of the token does, for calls that name no shop.
    """

    id: int
    persistent: bool
    workspace: int = 0
    channel: int | None = None
    demands_tls: bool = False


class BuyerSession(msgspec.Struct, frozen=True):
    """A living buyer's session; `customer` is the uid of the customer who is logged in on it."""

    id: int
    customer: int | None
    cart: int | None = None
    currency: str = ""
    language: str = ""
    expires_at: datetime | None = None


class ContextLookups(Protocol):
    """The look-ups behind a context. Implementations batch them per tick and never cache them."""

    def now(self) -> datetime:
        """The business time."""
        ...

    async def webshop(self, uid: int) -> Webshop | None:
        """The shop, or None if there is none or it is closed."""
        ...

    async def administrator(self, webshop: Webshop | None, token: str) -> Administrator | None:
        """Who the token stands for; None if unknown, expired, inactive, or another shop's."""
        ...

    async def session(self, webshop: Webshop, token: str) -> BuyerSession | None:
        """The shop's session with that token; None if unknown or expired."""
        ...


class RawContext(msgspec.Struct, frozen=True):
    """The context as the caller gave it; None is absent, and so is an empty text.

    `request` is what carries it, where anything does: it learns of the calls that are run.
    """

    webshop: str | None = None
    language: str | None = None
    auth: str | None = None
    session: str | None = None
    vat_country: str | None = None
    secure: bool = False
    address: str = ""
    request: Request | None = None


class Context(msgspec.Struct, frozen=True):
    """A context whose every part was found valid."""

    language: str = FALLBACK
    wished_language: str | None = None
    webshop: Webshop | None = None
    administrator: Administrator | None = None
    session: BuyerSession | None = None
    session_token: str | None = None
    vat_country: str | None = None
    secure: bool = False
    address: str = ""
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    asked: frozenset[str] = frozenset()
    """The properties of what a call changes that its answer is to have; none where those take a read."""
    seen: list[Sight] = msgspec.field(default_factory=list[Sight])
    """What the answer shows the caller of her cart; it is noted before the answer leaves."""

    @property
    def audience(self) -> Audience:
        """On whose behalf the call runs: an administrator's token outranks a session."""
        if self.administrator is not None:
            return Audience.ADMIN
        return Audience.ANONYMOUS if self.session is None else Audience.BUYER

    @property
    def asker(self) -> Asker:
        """In whose name orders are seen and changed: the shop's."""
        return Asker(self.shop.channel, self.shop.environment)

    @property
    def demands_tls(self) -> bool:
        """Whether credentials must come over TLS: the shop says so, or where none is named that of the token."""
        if self.webshop is not None:
            return self.webshop.demands_tls
        return self.administrator is not None and self.administrator.demands_tls

    @property
    def zone(self) -> tzinfo:
        """Where days begin and end: the shop's time zone."""
        return UTC if self.webshop is None else zone_of(self.webshop.settings.shop.time_zone)

    @property
    def may_see_goods(self) -> bool:
        """Whether a shop that hides its goods from visitors shows them to this caller."""
        known = self.session is not None and self.session.customer is not None
        return known or self.administrator is not None

    @property
    def buyer_language(self) -> str:
        """In which language whoever buys is written to: as the call says, else the session, else the shop."""
        return self.wished_language or (self.session.language if self.session else "") or self.language

    @property
    def shop(self) -> Webshop:
        """The shop, in methods that demand one."""
        if self.webshop is None:
            raise LookupError
        return self.webshop


_WEBSHOP: Final = re.compile(rf"[0-9]{{1,{MAX_UID_DIGITS}}}", re.ASCII)
_LANGUAGE: Final = re.compile(r"[a-z]{2}", re.ASCII)
_MAX_TOKEN: Final = 256


class NoContext(msgspec.Struct, frozen=True):
    """Why there is no valid context; `webshop` is the shop that was meant, as far as that was valid."""

    error: RpcError
    webshop: Webshop | None = None


async def resolve(raw: RawContext, lookups: ContextLookups, *, needs_webshop: bool) -> Context | NoContext:
    """The valid context, or the first error in the order webshop, language, auth, session, vat_country.

    A value that was given is checked even where the method would not need it.
    """
    shop = await _webshop(raw, lookups, needs_webshop=needs_webshop)
    if isinstance(shop, RpcError):
        return NoContext(shop)
    language = _language(raw.language, shop)
    if isinstance(language, RpcError):
        return NoContext(language, shop)
    administrator = await lookups.administrator(shop, raw.auth) if _is_token(raw.auth) else None
    if raw.auth and administrator is None:
        return NoContext(RpcError(Code.BAD_AUTH_TOKEN), shop)
    session = await _session(raw.session, shop, lookups)
    if raw.session and session is None:
        return NoContext(RpcError(Code.BAD_SESSION_TOKEN), shop)
    if raw.vat_country and not country_exists(raw.vat_country):
        wrong = Problem("/vat_country", say("patch.pattern"))
        return NoContext(RpcError(Code.VALIDATION_ERROR, (wrong,)), shop)
    return Context(
        language=language,
        wished_language=raw.language or None,
        webshop=shop,
        administrator=administrator,
        session=session,
        session_token=raw.session or None,
        vat_country=raw.vat_country or None,
        secure=raw.secure,
        address=raw.address,
        now=lookups.now(),
    )


async def _webshop(
    raw: RawContext, lookups: ContextLookups, *, needs_webshop: bool
) -> Webshop | RpcError | None:
    if not raw.webshop:
        return RpcError(Code.WEBSHOP_MISSING) if needs_webshop else None
    uid = int(raw.webshop) if _WEBSHOP.fullmatch(raw.webshop) else MAX_UID + 1
    shop = await lookups.webshop(uid) if uid <= MAX_UID else None
    return RpcError(Code.INVALID_WEBSHOP) if shop is None else shop


def _language(given: str | None, shop: Webshop | None) -> str | RpcError:
    if not given:
        return FALLBACK if shop is None else shop.default_language
    known = LANGUAGES if shop is None else shop.languages
    return given if _LANGUAGE.fullmatch(given) and given in known else RpcError(Code.INVALID_LANGUAGE)


async def _session(token: str | None, shop: Webshop | None, lookups: ContextLookups) -> BuyerSession | None:
    return await lookups.session(shop, token) if shop is not None and _is_token(token) else None


def _is_token(token: str | None) -> TypeGuard[str]:
    """Whether it is worth looking up: what no token can be never reaches the database."""
    return bool(token) and len(token) <= _MAX_TOKEN and token.isascii() and token.isprintable()
