"""What is wrong with the keys of a world's channels: names, forms and members that the door does not have."""

from __future__ import annotations

from collections.abc import Iterator

from entrepot.domain.kernel.moments import read_moment
from entrepot.doors.manifest import OwnKeys
from entrepot.registry import manifests
from entrepot.worlds.form.types import KeySource

Steps = tuple[str | int, ...]
Found = Iterator[tuple[Steps, str]]


def literal(key: str | KeySource) -> str | None:
    """The key itself, where it stands in the file."""
    return key if isinstance(key, str) else key.value


def key_faults(door: str, name: str, key: str | KeySource, steps: Steps) -> Found:
    """All faults of one key of a channel."""
    known, own = manifests()[door].keys, manifests()[door].own_keys
    if own is None and name not in known:
        yield steps, f"the door {door} has no key of this name; it has: {', '.join(known) or 'none'}"
    if isinstance(key, KeySource):
        yield from _source(key, own, door, steps)
    secret = literal(key)
    if (
        own is None
        and secret is not None
        and name in known
        and known[name].pair
        and not all(secret.partition(":"))
    ):
        yield steps, "it is a pair; expected `id:secret`"
    if own is not None and secret is not None and own.opens(secret) is None:
        yield steps, form_of(own)


def _source(key: KeySource, own: OwnKeys | None, door: str, steps: Steps) -> Found:
    if [key.value is not None, key.env is not None, key.generate].count(True) != 1:
        yield steps, "one of `env`, `generate = true` and (in a sandbox) `value` is needed"
    if key.expires is not None and read_moment(key.expires, until=True) is None:
        yield (*steps, "expires"), "no date or time of ISO 8601"
    if own is None and key.scopes is not None:
        yield (*steps, "scopes"), f"keys of the door {door} have no scopes"
    if own is None and key.environment != "live":
        yield (*steps, "environment"), f"which environment it is says the key's name at the door {door}"
    for place, scope in enumerate(key.scopes or () if own else ()):
        if own and scope not in own.scopes:
            yield (*steps, "scopes", place), f"no scope of the door {door}"


def form_of(own: OwnKeys) -> str:
    """What keys of this form look like."""
    prefixes = " or ".join(own.prefixes.values())
    return f"expected {prefixes} and {own.length} letters, digits, hyphens and underscores"
