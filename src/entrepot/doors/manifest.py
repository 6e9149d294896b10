"""What a door tells whoever sets up accounts at it: keys, settings of its own, and what its accounts can have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from entrepot.domain.channels.accounts import Environment


class KeyKind(NamedTuple):
    """What a key opens. A `pair` is written `id:secret`."""

    kind: str
    environment: Environment
    pair: bool = False


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One door, for world files and operators.

    `keys` are the secrets with which callers come, by their names. `settings` is the form of `settings.door`.
    `numbers` are public names of an account: the member of `settings.door` that holds one, and the kind under which
    the directory lists it. `currencies` None are all of ISO 4217. `payment_methods` None: the account's setting of
    that name means nothing here. `sends_mail`: whether accounts write to their buyers.
    """

    keys: Mapping[str, KeyKind]
    settings: type[msgspec.Struct]
    numbers: Mapping[str, str] = {}
    currencies: frozenset[str] | None = None
    payment_methods: frozenset[str] | None = None
    sends_mail: bool = False
