"""`choiceSchema`: what a buyer may choose, as JSON Schema with names by language (decision textalk Article)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from entrepot.domain.catalogue.options import DECIMALS
from entrepot.doors.textalk.declare.fields import scaled
from entrepot.doors.textalk.wire.json import Json

_decode: Final = msgspec.json.decode


class _Choice(msgspec.Struct, frozen=True):
    """One choice of one article."""

    article: int
    uid: int
    kind: str
    name: Mapping[str, str]
    mandatory: bool
    minimum: int
    maximum: int | None
    multiple_of: int
    max_size: int | None
    options: Mapping[str, Mapping[str, str]]


def choice_schemas(
    rows: Iterable[Sequence[Any]], articles: Sequence[int], languages: Sequence[str]
) -> dict[int, Json]:
    """The schemas of these articles; rows are those of `articles`' statement."""
    of: dict[int, list[_Choice]] = {article: [] for article in articles}
    for row in rows:
        choice = _choice(tuple(row))
        of[choice.article].append(choice)
    return {
        article: {language: _schema(own, language) for language in languages} for article, own in of.items()
    }


def _choice(row: tuple[Any, ...]) -> _Choice:
    article, uid, kind, name, mandatory, minimum, maximum, multiple_of, max_size, options = row
    limits = (mandatory, minimum, maximum, multiple_of, max_size)
    return _Choice(article, uid, kind, _decode(name), *limits, _decode(options or "{}"))


def _schema(choices: Sequence[_Choice], language: str) -> Json:
    return {
        "type": "object",
        "properties": {str(choice.uid): _property(choice, language) for choice in choices},
        "required": [str(choice.uid) for choice in choices if choice.mandatory],
    }


def _property(choice: _Choice, language: str) -> dict[str, Json]:
    title: dict[str, Json] = {"title": _text(choice.name, language)}
    if choice.kind == "enum":
        names: dict[str, Json] = {uid: _text(name, language) for uid, name in choice.options.items()}
        return {**title, "type": "string", "enum": list(names), "enumNames": names}
    if choice.kind == "number":
        limits = {
            "minimum": choice.minimum,
            "maximum": choice.maximum,
            "multipleOf": choice.multiple_of,
        }
        stated: dict[str, Json] = {name: scaled(n, DECIMALS) for name, n in limits.items() if n is not None}
        return {**title, "type": "number", **stated}
    size: dict[str, Json] = {} if choice.max_size is None else {"maxLength": choice.max_size}
    return {**title, "type": "object" if choice.kind == "file" else "string", **size}


def _text(texts: Mapping[str, str], language: str) -> str:
    """The text in that language, else in any."""
    return texts.get(language) or next(iter(texts.values()), "")
