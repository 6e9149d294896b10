"""What there is to know of a door: how it is made, and what it tells whoever sets up accounts at it or tries it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from entrepot.domain.channels.accounts import Environment, StockMode
from entrepot.domain.mapping.definition import Definition, Resource
from entrepot.domain.outbox.events import Name

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from entrepot.doors.kit import DoorFailures, Services
    from entrepot.doors.kit.trying import Try
    from entrepot.engine.deliveries.events import Body


class KeyKind(NamedTuple):
    """What a key opens. A `pair` is written `id:secret`."""

    kind: str
    environment: Environment
    pair: bool = False


class OwnKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of which an account has any number, each with a name of its own.

    A key is one of `prefixes` (by environment) and `length` letters, digits, hyphens and underscores. `scopes` is what
    one can be allowed; `all_scopes` is what one is allowed for which nothing else is said.
    """

    kind: str
    prefixes: Mapping[Environment, str]
    length: int
    scopes: frozenset[str]
    all_scopes: str

    def opens(self, secret: str) -> KeyKind | None:
        """What a secret opens; None if it is no key of this form."""
        for environment, prefix in self.prefixes.items():
            if re.fullmatch(re.escape(prefix) + rf"[A-Za-z0-9_-]{{{self.length}}}", secret, re.ASCII):
                return KeyKind(self.kind, environment)
        return None

    def new(self, environment: Environment) -> str:
        """A fresh secret."""
        return self.prefixes[environment] + secrets.token_urlsafe(self.length)[: self.length]


class Missing(NamedTuple):
    """An operation that the vendor publishes and the door does not have.

    `name` is its own among all doors': metrics count by it, and pages link to it. A door of HTTP has it at a `method`
    and a `path` below the door; at one that is called by names, `name` is that of a method or of a whole class.
    """

    name: str
    title: str
    method: str = ""
    path: str = ""


class WebshopDoor(msgspec.Struct, frozen=True, kw_only=True):
    """A door whose accounts keep a webshop: languages, methods, codes, customers, administrators.

    `administrators` is the kind under which the directory lists their user names; no password is shorter than
    `shortest_password` characters.
    """

    administrators: str
    shortest_password: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One door. Its name is that of its folder, and the prefix of its paths.

    `app` makes the door, `failures` is how it says each failure, and `tells` how it tells its listeners of what
    happened; None for one that tells of nothing. They are functions, so that a server loads only the doors that are
    called. `tries` are shown by `entrepot demo`, for a server at a URL; `first` is what curl is told for a first
    request that changes nothing, where `{url}` is the server's. Both are for the demo world.

    `title` says in a few words which API it is. `description` is the path below the door at which it describes itself
    (`/openapi.json` where that is OpenAPI), `sockets` whether it is also spoken over WebSocket.
    `keys` are the secrets with which callers come, by their names; or they are `own_keys`. `settings` is the form of
    `settings.door`.
    `numbers` are public names of an account: the member of `settings.door` that holds one, and the kind under which
    the directory lists it. `currencies` None are all of ISO 4217. `payment_methods` None: the account's setting of
    that name means nothing here. `stock_modes` None: its orders may do to stock what they like.
    `mapped` are the resources of which accounts may speak in words of their own, `templates` the names of mappings to
    begin with, and `template` has those of one name, by resource. `sends_mail`: whether accounts write to their
    buyers. `events`: to what `listeners` in an account's settings can listen, in the door's words. `faults` says what
    is wrong with `settings.door` beyond its form: the way to each fault from there, and what was expected. `webshop`:
    for one whose accounts keep a webshop. `missing`: what the vendor's API has beyond it.
    """

    app: Callable[[Services], ASGIApp]
    failures: Callable[[], DoorFailures]
    tells: Callable[[], Body] | None = None
    tries: Callable[[str], Sequence[Try]]
    first: str
    title: str
    description: str | None = None
    sockets: bool = False
    keys: Mapping[str, KeyKind] = {}
    own_keys: OwnKeys | None = None
    settings: type[msgspec.Struct]
    numbers: Mapping[str, str] = {}
    currencies: frozenset[str] | None = None
    payment_methods: frozenset[str] | None = None
    stock_modes: frozenset[StockMode] | None = None
    mapped: Mapping[str, Resource] = {}
    templates: frozenset[str] = frozenset()
    template: Callable[[str], Mapping[str, Definition]] | None = None
    sends_mail: bool = False
    events: Mapping[str, Name] = {}
    faults: Callable[[Any], Iterator[tuple[tuple[str | int, ...], str]]] | None = None
    webshop: WebshopDoor | None = None
    missing: tuple[Missing, ...] = ()
