"""Context: what the call's own parameters came to (decision textalk context parameters)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from entrepot.doors.textalk.caller.context import Context, NoContext, RawContext, resolve
from entrepot.doors.textalk.pattern.arguments import OBJECT, QUERY, argument
from entrepot.doors.textalk.pattern.dependencies import Parts
from entrepot.doors.textalk.query.projection import unknown
from entrepot.doors.textalk.rpc.methods import Method, Param
from entrepot.doors.textalk.wire.errors import Problem, RpcError, invalid_params, invalid_query
from entrepot.doors.textalk.wire.json import Json, escape, is_array, is_number, is_object
from entrepot.doors.textalk.wire.sentences import say

_NAMES: Final = ("webshop", "language", "auth", "session", "vat_country")


def methods(parts: Parts) -> Iterator[Method]:
    """Context.get and Context.set."""

    async def set_(context: Context, params: Sequence[Json]) -> Json | RpcError:
        del context
        checked = await _checked(parts, params[0])
        return checked if isinstance(checked, RpcError) else _picked(checked, argument(params, 1))

    yield Method(
        "Context.get", "The context of this call", _get, (QUERY,), OBJECT, needs_webshop=False, logged=True
    )
    yield Method(
        "Context.set",
        "What a context would come to; that of a connection is fixed when it opens",
        set_,
        (Param("patch", OBJECT, secret=True), QUERY),
        OBJECT,
        needs_webshop=False,
        logged=True,
    )


async def _get(context: Context, params: Sequence[Json]) -> Json | RpcError:
    return _picked(context, argument(params, 0))


def _picked(context: Context, query: Json) -> Json | RpcError:
    """The members that a query names, none of which has any of its own; 9004."""
    whole = _render(context)
    if query is None or query is True or query in ({}, []):
        return whole
    asked = dict(_asked(query))
    wrong = [
        Problem(pointer, unknown(name) if isinstance(name, str) else say("query.shape"))
        for pointer, name in asked.items()
        if not (isinstance(name, str) and name in whole)
    ]
    return invalid_query(wrong) if wrong else {str(name): whole[str(name)] for name in asked.values()}


def _asked(query: Json) -> Iterator[tuple[str, Json]]:
    """What a query names, each with its place; something else than a name stands for a fault."""
    if is_object(query):
        for name, inner in query.items():
            place = f"/{escape(name)}"
            yield place, name if inner is True or inner in ({}, []) else None
    elif is_array(query):
        yield from ((f"/{place}", name) for place, name in enumerate(query))
    else:
        yield "", query


def _render(context: Context) -> Mapping[str, Json]:
    return {
        "webshop": None if context.webshop is None else context.webshop.uid,
        "language": context.language,
        "auth": context.administrator is not None,
        "session": context.session_token,
        "vat_country": context.vat_country,
    }


async def _checked(parts: Parts, patch: Json) -> Context | RpcError:
    """The context that a patch describes, or the error that a call in it would get."""
    if not is_object(patch):
        return invalid_params([Problem("/0", say("params.patch"))])
    problems = [problem for name, value in patch.items() if (problem := _problem(name, value)) is not None]
    if problems:
        return invalid_params(problems)
    webshop, language, auth, session, country = (_text(patch.get(name)) for name in _NAMES)
    raw = RawContext(webshop, language, auth, session, country)
    found = await resolve(raw, parts.lookups, needs_webshop=False)
    return found.error if isinstance(found, NoContext) else found


def _text(value: Json) -> str | None:
    return None if value is None else str(value)


def _problem(name: str, value: Json) -> Problem | None:
    if name not in _NAMES:
        return Problem(f"/0/{escape(name)}", say("patch.unknown"))
    if name == "webshop":
        fits = value is None or (is_number(value) and isinstance(value, int))
        fits = fits or (isinstance(value, str) and value.isascii() and value.isdigit())
        return None if fits else Problem("/0/webshop", say("patch.type", expected="integer"))
    fits = value is None or isinstance(value, str)
    return None if fits else Problem(f"/0/{name}", say("patch.type", expected="string"))
