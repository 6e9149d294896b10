"""From a world file to a checked world: read, parsed, within limits, true to the schema, and meaningful."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import cast

import msgspec

from entrepot.worlds.form.checks import meaning_faults
from entrepot.worlds.form.faults import Fault, pointer
from entrepot.worlds.form.schema import schema_faults
from entrepot.worlds.form.types import World

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 20
MAX_TEXT = 65_536
MAX_INTEGER = 2**53
MAX_FAULTS = 100

Steps = tuple[str | int, ...]


def load_world(source: Path | str) -> World | list[Fault]:
    """The world in a file (`Path`) or text (`str`), TOML or JSON; or all its faults, at most a hundred."""
    if isinstance(source, Path):
        return _load_file(source)
    return parse_world(source.encode("utf-8", "surrogatepass"))


def demo_world() -> World:
    """The demo world, which the package brings along."""
    loaded = parse_world((files("entrepot.worlds") / "demo.toml").read_bytes())
    if not isinstance(loaded, World):
        raise TypeError("\n".join(map(str, loaded)))
    return loaded


def parse_world(content: bytes) -> World | list[Fault]:
    """The world that these bytes of TOML or JSON spell, or its faults."""
    if len(content) > MAX_BYTES:
        return [Fault("", f"the file is larger than {MAX_BYTES} bytes")]
    data = _parsed(content)
    if isinstance(data, Fault):
        return [data]
    faults = list(_limit_faults(data, ()))[:MAX_FAULTS] or schema_faults(data, MAX_FAULTS)
    if faults:
        return faults
    world = msgspec.convert(data, World)
    return meaning_faults(world)[:MAX_FAULTS] or world


def _load_file(path: Path) -> World | list[Fault]:
    try:
        with path.open("rb") as file:
            return parse_world(file.read(MAX_BYTES + 1))
    except OSError as error:
        return [Fault("", f"the file cannot be read: {error.strerror}")]


def _parsed(content: bytes) -> object | Fault:
    """TOML never starts with a brace, and JSON of a world always does."""
    try:
        text = content.decode("utf-8-sig")
        if text.lstrip()[:1] == "{":
            return cast("object", msgspec.json.decode(text))
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        return Fault("", f"the file is not UTF-8: byte {error.start}")
    except (msgspec.DecodeError, tomllib.TOMLDecodeError) as error:
        return Fault("", f"the file is neither TOML nor JSON: {error}")
    except (RecursionError, ValueError):
        return Fault("", "the file is nested too deeply, or has a number too large to read")


def _limit_faults(value: object, steps: Steps) -> Iterator[Fault]:
    """What the schema cannot say, or must not see: depth, sizes, and values that JSON does not have."""
    if len(steps) > MAX_DEPTH:
        yield Fault(pointer(steps), f"nested deeper than {MAX_DEPTH} levels")
        return
    match value:
        case dict():
            for key, inner in cast("dict[str, object]", value).items():
                yield from _text_faults(key, steps)
                yield from _limit_faults(inner, (*steps, key))
        case list():
            for index, inner in enumerate(cast("list[object]", value)):
                yield from _limit_faults(inner, (*steps, index))
        case str():
            yield from _text_faults(value, steps)
        case bool() | None:
            pass
        case int() | float():
            yield from _number_faults(value, steps)
        case _:
            yield Fault(pointer(steps), "dates and times are written as text")


def _text_faults(text: str, steps: Steps) -> Iterator[Fault]:
    if "\0" in text:
        yield Fault(pointer(steps), "text has no NUL characters")
    elif len(text) > MAX_TEXT:
        yield Fault(pointer(steps), f"text is longer than {MAX_TEXT} characters")


def _number_faults(number: float, steps: Steps) -> Iterator[Fault]:
    if not math.isfinite(number) or (isinstance(number, int) and abs(number) > MAX_INTEGER):
        yield Fault(pointer(steps), "numbers are finite, and whole ones at most 2^53")
