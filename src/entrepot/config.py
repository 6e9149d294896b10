"""The server's settings: a flag wins over the environment (ENTREPOT_…), and that over the TOML file."""

import ipaddress
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from entrepot.domain.channels.retention import LEAST_DAYS, MOST_DAYS, Retention
from entrepot.registry import DOORS
from entrepot.store.embedded import default_data_dir
from entrepot.store.places import places_of

MOST_WORKERS = 64
MOST_CONNECTIONS = 60_000


class ConfigError(Exception):
    """Settings that cannot work; `faults` has one line for each, naming the value and what was expected."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What one server was told; complete, checked, and the same in every worker process."""

    host: str = "127.0.0.1"
    port: int = 8600
    workers: int = 1
    data_dir: Path = field(default_factory=default_data_dir)
    database_url: str | None = field(default=None, repr=False)
    door_hosts: Mapping[str, str] = field(default_factory=dict[str, str])  # host name → door
    tls_cert: Path | None = None
    tls_key: Path | None = None
    sandbox: bool = False
    sandbox_hosts: tuple[str, ...] = ()
    """Under which names, beside those of this machine, a sandbox answers; with one it may listen anywhere."""
    log_format: Literal["json", "text"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    trusted_proxies: tuple[str, ...] = ()
    private_addresses: bool = False
    """Whether what accounts name, such as listeners, may have an address that is not of the open internet."""
    connections: int = 10_000
    """How many connections a worker process holds at most."""
    connections_per_address: int = 2_000
    """How many of them may come from one address, which is no trusted proxy's."""
    attempt_seconds: int = 30
    """How long the calls to payment providers for one order may take together."""
    ping_seconds: int = 300
    """After how long a silence the other side of a WebSocket is pinged; 0 is never."""
    keep: Retention = field(default_factory=Retention)
    integration_log: bool = True
    """Whether requests are kept for operators to look at."""

    @property
    def scheme(self) -> str:
        """`https` where a certificate was given."""
        return "https" if self.tls_cert else "http"


@dataclass(frozen=True)
class _Kind:
    """How a setting's value is read; `read` gives None for a value that it does not understand."""

    read: Callable[[object], Any]
    expected: str
    secret: bool = False


def load_settings(
    flags: Mapping[str, object], environ: Mapping[str, str], toml_path: Path | None = None
) -> Settings:
    """Merge the three sources into Settings; a flag that is None counts as not given.

    Raises ConfigError with every fault found, not only the first.
    """
    given, faults = _gather(flags, environ, toml_path)
    values: dict[str, Any] = {}
    for name, (value, source) in given.items():
        kind = _KINDS[name]
        read = kind.read(value)
        if read is None:
            shown = "the value given" if kind.secret else _as_written(value)
            faults.append(f"{source}: {shown} is wrong; expected {kind.expected}.")
        else:
            values[name] = read
    faults += _conflicts(values)
    if faults:
        raise ConfigError(faults)
    return Settings(**values)


def _as_written(value: object) -> str:
    """A value in the form in which a person gave it."""
    if isinstance(value, list):
        return repr(",".join(map(str, cast("list[object]", value))))
    return repr(str(value)) if isinstance(value, Path) else repr(value)


Sourced = dict[str, tuple[object, str]]


def _gather(
    flags: Mapping[str, object], environ: Mapping[str, str], toml_path: Path | None
) -> tuple[Sourced, list[str]]:
    """Each given setting with its value and the name of the place that it came from."""
    given, faults = _from_toml(toml_path)
    for name in _KINDS:
        variable = f"ENTREPOT_{name.upper()}"
        if environ.get(variable):
            given[name] = (environ[variable], variable)
    for name, value in flags.items():
        if value is not None and value != []:
            given[name] = (value, _flag_name(name))
    return given, faults


def _flag_name(name: str) -> str:
    once = {
        "door_hosts": "door_host",
        "trusted_proxies": "trusted_proxy",
        "sandbox_hosts": "sandbox_host",
    }.get(name, name)
    return f"--{once.replace('_', '-')}"


def _from_toml(path: Path | None) -> tuple[Sourced, list[str]]:
    if path is None:
        return {}, []
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        return {}, [f"{path}: cannot be read ({error.strerror})."]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return {}, [f"{path}: is not TOML ({error})."]
    known = {name: (value, f"{path}: {name}") for name, value in content.items() if name in _KINDS}
    return known, [_unknown(path, name) for name in content if name not in _KINDS]


def _unknown(path: Path, name: str) -> str:
    near = get_close_matches(name, _KINDS, 1)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(_KINDS)}."
    return f"{path}: there is no setting {name}; {hint}"


def _conflicts(values: Mapping[str, Any]) -> list[str]:
    """Settings that are right one by one but not together."""
    faults: list[str] = []
    if ("tls_cert" in values) != ("tls_key" in values):
        missing = "--tls-key" if "tls_cert" in values else "--tls-cert"
        faults.append(f"{missing}: missing; a certificate and its key go together.")
    if values.get("sandbox"):
        if values.get("workers", 1) != 1:
            faults.append(
                f"--workers: {values['workers']} is wrong; the sandbox runs in one process, expected 1."
            )
        host = values.get("host", "127.0.0.1")
        if not (_is_loopback(host) or values.get("sandbox_hosts")):
            faults.append(
                f"--host: {host!r} is wrong; the sandbox expects a loopback address such as 127.0.0.1, "
                "or --sandbox-host with the name under which others may reach it."
            )
    elif values.get("sandbox_hosts"):
        faults.append("--sandbox-host: only a sandbox has such names; expected --sandbox beside it.")
    return faults


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _whole(lowest: int, highest: int) -> Callable[[object], int | None]:
    def read(value: object) -> int | None:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
            value = int(value)
        fits = isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest
        return cast("int", value) if fits else None

    return read


def _choice(*allowed: str) -> Callable[[object], str | None]:
    return lambda value: value.lower() if isinstance(value, str) and value.lower() in allowed else None


def _flag(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    return words.get(value.lower()) if isinstance(value, str) else None


def _host(value: object) -> str | None:
    plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9.:_-]{1,253}", value)
    return cast("str", value) if plain else None


def _folder(value: object) -> Path | None:
    return Path(value).expanduser().absolute() if isinstance(value, str | Path) and str(value) else None


def _file(value: object) -> Path | None:
    path = _folder(value)
    return path if path and path.is_file() else None


def _database_url(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        parts = urlsplit(value)
        named = parts.path.strip("/") != ""
        places_of(value)
        return value if parts.scheme in ("postgresql", "postgres") and named else None
    except ValueError:
        return None


def _items(value: object) -> list[str] | None:
    """A list of texts, or one text with commas, as the environment has it."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list | tuple):
        return None
    items = [item for item in cast("Sequence[object]", value) if isinstance(item, str) and item]
    return items if len(items) == len(cast("Sequence[object]", value)) else None


def _door_hosts(value: object) -> dict[str, str] | None:
    pairs = [item.partition("=") for item in _items(value) or [""]]
    hosts = {host.lower(): door for door, _, host in pairs}
    right = all(door in DOORS and ":" not in host and _host(host) for host, door in hosts.items())
    return hosts if right and len(hosts) == len(pairs) else None


def _hosts(value: object) -> tuple[str, ...] | None:
    items = _items(value)
    right = items and all(_host(item) and not item.startswith(":") for item in items)
    return tuple(item.lower() for item in items) if items and right else None


def _retention(value: object) -> Retention | None:
    pairs = [item.partition("=") for item in _items(value) or [""]]
    days = {name: _whole(LEAST_DAYS.get(name, 0), MOST_DAYS)(count) for name, _, count in pairs}
    if len(days) < len(pairs) or None in days.values() or not days.keys() <= set(Retention.__struct_fields__):
        return None
    return Retention(**{name: timedelta(days=count or 0) for name, count in days.items()})


def _proxies(value: object) -> tuple[str, ...] | None:
    items = _items(value)
    try:
        return tuple(str(ipaddress.ip_network(item)) for item in items) if items is not None else None
    except ValueError:
        return None


_KINDS = {
    "host": _Kind(_host, "an address or host name to listen on, such as 127.0.0.1"),
    "port": _Kind(_whole(0, 65535), "a whole number from 1 to 65535, or 0 for any free port"),
    "workers": _Kind(_whole(1, MOST_WORKERS), f"a whole number from 1 to {MOST_WORKERS}"),
    "data_dir": _Kind(_folder, "a folder"),
    "database_url": _Kind(
        _database_url, "postgresql://user:password@host:port/database, or host:port,host:port", secret=True
    ),
    "door_hosts": _Kind(
        _door_hosts, f"door=host.name, each host once, where door is one of {', '.join(DOORS)}"
    ),
    "tls_cert": _Kind(_file, "an existing file in PEM format"),
    "tls_key": _Kind(_file, "an existing file in PEM format"),
    "sandbox": _Kind(_flag, "true or false"),
    "sandbox_hosts": _Kind(_hosts, "host names or addresses without a port, such as shop.test"),
    "log_format": _Kind(_choice("json", "text"), "json or text"),
    "log_level": _Kind(_choice("debug", "info", "warning", "error"), "debug, info, warning or error"),
    "trusted_proxies": _Kind(_proxies, "addresses or networks, such as 10.0.0.0/8"),
    "private_addresses": _Kind(_flag, "true or false"),
    "connections": _Kind(_whole(1, MOST_CONNECTIONS), f"a whole number from 1 to {MOST_CONNECTIONS}"),
    "connections_per_address": _Kind(
        _whole(1, MOST_CONNECTIONS), f"a whole number from 1 to {MOST_CONNECTIONS}"
    ),
    "attempt_seconds": _Kind(_whole(1, 300), "a whole number of seconds from 1 to 300"),
    "ping_seconds": _Kind(_whole(0, 86_400), "a whole number of seconds from 1 to 86400, or 0 for no pings"),
    "integration_log": _Kind(_flag, "true or false"),
    "keep": _Kind(
        _retention,
        f"name=days, each name once, where name is one of {', '.join(Retention.__struct_fields__)}, and days"
        f" 0 to {MOST_DAYS}, of " + ", ".join(f"{name} at least {days}" for name, days in LEAST_DAYS.items()),
    ),
}
