"""Calls made from the door's own description: mostly such as a client would send, with faults of every kind in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

EMAILS = ("eva@example.com", "EVA@example.com", *(f"n{n}@example.com" for n in range(20)), "n", "")
WORDS: Mapping[str, tuple[str, ...]] = {
    "code": ("TENTH", "FIFTY", "FREIGHT", "ONCE", "PAST", "1000000000001", "1000000000003", "nothing"),
    "email": EMAILS,
    "username": EMAILS,
    "password": ("linen and cotton", "linen and cotton", "correct horse", "short", "x" * 129),
    "country": ("SE", "FI", "XX"),
    "status": ("planned", "paid", "cancelled"),
}
"""What texts with these names are, as parameters and in patches."""
KEYS = {
    "^[a-z]{2}$": ("en", "sv", "fi", "xx"),
    "^[A-Z]{3}$": ("SEK", "EUR", "JPY", "XXX"),
}
TEXTS = {
    "date-time": (
        "2020-01-01T00:00:00Z", "2999-12-31T23:59:59Z", "2024-02-29", "2024-02-30", "0001-01-01T00:00:00+14:00",
    ),
    "^https?://": ("http://127.0.0.1:9/", "https://127.0.0.1:9/x?y#z", "http://[::1", "http://\u00e5.invalid:99999/"),
    "": (
        "", "x", "A1", "en", "SEK", "SE", "true", "12", "-0", "1e5", "%_\\", "'; --", "/", "~2",
        "\u00c5sa \u0663\u2028\U0001f9e5", "x" * 300,
    ),
}  # fmt: skip
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 0.5, -0.0, 1e308, 5e-324,
    2**31, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 10**400,
    "", "0", "\u0663", "x" * 5000, [], {}, [None], [[]], [1, "1", None, {}], list(range(300)),
    {"": {}}, {"~": 1, "/": 2}, {"en": 5},
)  # fmt: skip
CONDITIONS = ("equals", "min", "max", "in", "startsWith", "contains", "containsAny", "like")
DEEPEST = 55


class Fuzz:
    """Makes the calls of one caller. `uids` are those of real objects by class, `found` adds to them."""

    def __init__(
        self, random: Random, description: Mapping[str, Any], uids: Mapping[str, Sequence[Any]]
    ) -> None:
        self._random = random
        self._classes: Mapping[str, Schema] = description["components"]["schemas"]
        self._uids = {name: list(uids.get(name, ())) for name in self._classes}
        self._properties = {
            "method": "PaymentMethod",
            "order": "Order",
            "parent": "Articlegroup",
            "choice": "ArticleChoice",
        }
        self._named: Mapping[str, Callable[[str], Any]] = {
            "uid": self._uid,
            "article": lambda _: self._uid("Article"),
            "articlegroup": lambda _: self._uid("Articlegroup"),
            "customer": lambda _: self._uid("Customer"),
            "query": self.query,
            "selection": self._selection,
            "filters": self._filters,
            "choices": lambda _: self._choices(),
            "url": lambda _: self._pick([*self._uids["Url"], "/", "https://shop.example/x?y#z"]),
            **{name: partial(self._one_of, texts) for name, texts in WORDS.items()},
        }

    def found(self, class_name: str, uid: Any) -> None:
        """There is, or was, an object with this uid; the last few are tried again."""
        known = self._uids.setdefault(class_name, [])
        known.append(uid)
        del known[:-40]

    def call(self, method: Mapping[str, Any], number: int) -> dict[str, Any]:
        """One call of a method."""
        name: str = method["name"]
        params: Any = [self._param(name.partition(".")[0], param) for param in self._given(method["params"])]
        if self._chance(0.03):
            params = self._pick([[], {}, {"uid": 1}, [*params, 1, 2, 3, 4, 5], [self.odd() for _ in params]])
        return {"jsonrpc": "2.0", "id": number, "method": name, "params": params}

    def _one_of(self, texts: Sequence[str], _: str) -> str:
        return self._pick(texts)

    def _given(self, params: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        optional = sum(not param["required"] for param in params)
        return params[: len(params) - self._random.randint(0, optional)]

    def _param(self, class_name: str, param: Mapping[str, Any]) -> Any:
        if self._chance(0.08):
            return self.odd()
        made = self._named.get(param["name"])
        if made is None or self._chance(0.1):
            return self.value(param["schema"])
        return made(class_name)

    def value(self, schema: Schema) -> Any:
        """A value of a schema, in which here and there something is odd."""
        if self._chance(0.03) or "not" in schema:
            return self.odd()
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                return self.value(self._pick(schema[choice]))
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._pick(schema["enum"])
        kinds = schema.get("type", "object")
        kind = kinds if isinstance(kinds, str) else self._pick(kinds)
        return self._of_kind(kind, schema)

    def _of_kind(self, kind: str, schema: Schema) -> Any:
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            items = schema.get("items", {})
            return [self.value(items) for _ in range(self._random.choice((0, 1, 1, 2, 3)))]
        if kind == "string":
            return self._text(schema)
        if kind == "boolean":
            return self._chance(0.5)
        return None if kind == "null" else self._number(kind, schema)

    def _object(self, schema: Schema) -> dict[str, Any]:
        properties: Schema = schema.get("properties", {})
        needed = schema.get("required", ())
        few = 3 / (len(properties) + 1)
        settable = [name for name, inner in properties.items() if "not" not in inner or self._chance(0.02)]
        made = {
            name: self._property(name, properties[name])
            for name in settable
            if name in needed or self._chance(max(few, 0.8 if name in WORDS else 0))
        }
        for pattern, inner in schema.get("patternProperties", {}).items():
            keys = KEYS.get(pattern) or [str(self._uid(self._pick(list(self._uids)))), "a/b", "\u00e5"]
            made |= {key: self.value(inner) for key in keys if self._chance(0.4)}
        return made | ({self._text({}): self.odd()} if self._chance(0.02) else {})

    def _property(self, name: str, schema: Schema) -> Any:
        if name in WORDS and self._chance(0.9):
            return self._pick(WORDS[name])
        if name in self._properties and self._chance(0.8):
            return self._uid(self._properties[name])
        return self.value(schema)

    def _text(self, schema: Schema) -> str:
        about = f"{schema.get('format', '')} {schema.get('pattern', '')}"
        known = next(texts for part, texts in TEXTS.items() if part in about)
        if self._chance(0.2):
            return "y" * min(schema.get("maxLength", 40) + self._random.randint(-1, 1), 5000)
        return self._pick(known + KEYS.get(schema.get("pattern", ""), ()))

    def _number(self, kind: str, schema: Schema) -> Any:
        low, high = schema.get("minimum", 0), schema.get("maximum", 10**6)
        if self._chance(0.4) and kind == "integer":
            return self._uid(self._pick(list(self._uids)))
        if self._chance(0.3):
            return self._pick([low, high, low - 1, high + 1])
        number = self._random.randint(0, 100)
        return number if kind == "integer" or self._chance(0.5) else number / self._pick([2, 4, 7, 1000])

    def _uid(self, class_name: str) -> Any:
        known = self._uids.get(class_name) or [1]
        uid = known[-1] if self._chance(0.3) else self._pick(known)
        if self._chance(0.05):
            return self._pick([None, 0, -1, 2**53 - 1, 2**53, 2**63, "x", "9" * 30])
        return str(uid) if self._chance(0.1) else uid

    def query(self, class_name: str, depth: int = 0) -> Any:
        """What to return: some properties of a class, and of the objects that they lead to."""
        if self._chance(0.15):
            return self._pick([True, {}, [], "uid", None, self.odd()])
        names = [
            name for name in self._classes.get(class_name, {}).get("properties", {}) if self._chance(0.15)
        ]
        if self._chance(0.2):
            return [*names, *(["nothing"] if self._chance(0.1) else [])]
        properties = self._classes.get(class_name, {}).get("properties", {})
        return {name: self._below(properties[name], depth) for name in names}

    def _below(self, schema: Schema, depth: int) -> Any:
        if self._chance(0.4) or depth > 6:
            return True
        schema = schema.get("items", schema)
        for choice in schema.get("anyOf", ()):
            if "$ref" in choice:
                return self.query(choice["$ref"].rpartition("/")[2], depth + 1)
        keys = [
            *schema.get("properties", ()),
            *(key for each in schema.get("patternProperties", ()) for key in KEYS.get(each, ("1",))),
        ]
        if not keys:
            return self.odd() if self._chance(0.2) else True
        return self._pick(
            [self._pick(keys), [self._pick(keys)], {key: True for key in keys if self._chance(0.5)}]
        )

    def _selection(self, class_name: str) -> Any:
        if self._chance(0.2):
            return self._pick([True, None, {}, [], self.odd()])
        names = list(self._classes.get(class_name, {}).get("properties", ())) or ["uid"]
        whole = {
            "filters": self._filters(class_name),
            "sort": self._pick([*names, "uid", "/uid", "nothing"]),
            "descending": self._chance(0.5),
            "limit": self._pick([0, 1, 2, 5, 1000, 100_001, 2**53, -1, self.odd()]),
            "offset": self._pick([0, 0, 1, 2, 10**6, self.odd()]),
        }
        return {name: value for name, value in whole.items() if self._chance(0.4)}

    def _filters(self, class_name: str) -> Any:
        if self._chance(0.1):
            return self._pick(
                [None, {}, {"search": {"term": self._text({})}}, {"search": self.odd()}, self.odd()]
            )
        properties: Schema = self._classes.get(class_name, {}).get("properties", {})
        names = [name for name in properties if self._chance(0.12)] or list(properties)[:1]
        return dict(self._filter(name, properties[name]) for name in names)

    def _filter(self, name: str, schema: Schema) -> tuple[str, Any]:
        path, below = f"/{name}", schema
        for pattern, inner in schema.get("patternProperties", {}).items():
            if self._chance(0.8):
                path, below = f"{path}/{self._pick(KEYS.get(pattern, ('1', 'a~1b')))}", inner
        for key, inner in list(schema.get("properties", {}).items())[: self._random.randint(0, 5)][-1:]:
            path, below = f"{path}/{key}", inner
        return path, self._condition(below)

    def _condition(self, schema: Schema) -> Any:
        element = schema.get("items", schema)
        if self._chance(0.3):
            return self.value(element)
        several = [self.value(element) for _ in range(self._random.randint(0, 3))]
        return {
            name: several if name in ("in", "containsAny") else self.value(element)
            for name in self._random.sample(CONDITIONS, self._random.randint(1, 2))
        }

    def _choices(self) -> Any:
        quantity = self._pick([1, 2, 0.25, "1", 0, -1, 1000, 10**12, self.odd()])
        chosen = {
            "301": 311,
            "302": 1.5,
            "303": "Hej",
            "304": {"name": "a.txt", "type": "text/plain", "data": "aGVq"},
        }
        return {
            "quantity": quantity,
            **{
                key: self.odd() if self._chance(0.1) else value
                for key, value in chosen.items()
                if self._chance(0.5)
            },
        }

    def odd(self) -> Any:
        """Something that a client should not send there, of any kind and size."""
        if self._chance(0.05):
            return self._nested(self._random.randint(5, DEEPEST))
        return self._pick(ODD)

    def _nested(self, depth: int) -> Any:
        kind = self._pick(["list", "object"])
        value: Any = True
        for _ in range(depth):
            value = [value] if kind == "list" else {"parent": value}
        return value

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _pick(self, things: Sequence[Any]) -> Any:
        return self._random.choice(things)
