"""Context: what the call's own parameters came to (contract, section 1, Context parameters)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from entrepot.doors.textalk.context import Context, RawContext, resolve
from entrepot.doors.textalk.errors import Problem, RpcError, invalid_params
from entrepot.doors.textalk.json import Json, is_number, is_object
from entrepot.doors.textalk.methods.parts import Parts, argument
from entrepot.doors.textalk.pattern.signatures import QUERY_SCHEMA
from entrepot.doors.textalk.rpc.methods import Method, Param
from entrepot.doors.textalk.texts import say

_NAMES: Final = ("webshop", "language", "auth", "session", "vat_country")
_RESULT: Final = {"type": "object"}


def methods(parts: Parts) -> Iterator[Method]:
    """Context.get and Context.set."""

    async def set_(context: Context, params: Sequence[Json]) -> Json | RpcError:
        del context
        return await _checked(parts, params[0])

    query = Param("query", QUERY_SCHEMA, required=False)
    yield Method("Context.get", "The context of this call", _get, (query,), _RESULT, needs_webshop=False)
    yield Method(
        "Context.set",
        "What a context would come to; that of a connection is fixed when it opens",
        set_,
        (Param("patch", {"type": "object"}), query),
        _RESULT,
        needs_webshop=False,
    )


async def _get(context: Context, params: Sequence[Json]) -> Json | RpcError:
    whole = _render(context)
    query = argument(params, 0)
    names = [query] if isinstance(query, str) else query if isinstance(query, list) else None
    if is_object(query) and query:
        names = list(query)
    if names is None:
        return whole
    unknown = [Problem("/0", say("query.unknown")) for name in names if name not in whole]
    return invalid_params(unknown) if unknown else {str(name): whole[str(name)] for name in names}


def _render(context: Context) -> Mapping[str, Json]:
    return {
        "webshop": None if context.webshop is None else context.webshop.uid,
        "language": context.language,
        "auth": context.administrator is not None,
        "session": context.session_token,
        "vat_country": context.vat_country,
    }


async def _checked(parts: Parts, patch: Json) -> Json | RpcError:
    if not is_object(patch):
        return invalid_params([Problem("/0", say("params.patch"))])
    problems = [problem for name, value in patch.items() if (problem := _problem(name, value)) is not None]
    if problems:
        return invalid_params(problems)
    webshop, language, auth, session, country = (_text(patch.get(name)) for name in _NAMES)
    raw = RawContext(webshop, language, auth, session, country)
    context = await resolve(raw, parts.lookups, needs_webshop=False)
    return context if isinstance(context, RpcError) else _render(context)


def _text(value: Json) -> str | None:
    return None if value is None else str(value)


def _problem(name: str, value: Json) -> Problem | None:
    if name not in _NAMES:
        return Problem(f"/0/{name}", say("patch.unknown"))
    if name == "webshop":
        fits = value is None or (is_number(value) and isinstance(value, int))
        fits = fits or (isinstance(value, str) and value.isascii() and value.isdigit())
        return None if fits else Problem("/0/webshop", say("patch.type", expected="integer"))
    fits = value is None or isinstance(value, str)
    return None if fits else Problem(f"/0/{name}", say("patch.type", expected="string"))
