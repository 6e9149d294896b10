"""Methods of the catalogue and of the shop beyond the common ones (decision textalk catalogue calls)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.caller.lookups import is_of
from entrepot.doors.textalk.declare.normalization import write_moment
from entrepot.doors.textalk.orders.certificate_writer import new_code
from entrepot.doors.textalk.pattern.arguments import QUERY, TEXT, UID, UID_OR_NULL, argument, text
from entrepot.doors.textalk.pattern.dependencies import Parts
from entrepot.doors.textalk.pattern.methods import read_uid
from entrepot.doors.textalk.pattern.schemas import object_of
from entrepot.doors.textalk.pattern.signatures import SELECTION_SCHEMA
from entrepot.doors.textalk.query import fetch
from entrepot.doors.textalk.rpc.methods import Method, Param
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError, invalid_params, invalid_query
from entrepot.doors.textalk.wire.json import Json, is_array, is_object
from entrepot.doors.textalk.wire.sentences import say

LONGEST_URL: Final = 2000
MOST_FOUND: Final = 100
_LIMIT: Final[Mapping[str, Json]] = {"type": ["integer", "null"], "minimum": 0}
_UIDS: Final[Mapping[str, Json]] = {"type": "array", "items": {"type": "integer"}}
_URL: Final = object_of("Url")
_ADDRESSED: Final = ("Article", "Articlegroup")
"""The classes whose objects have addresses of their own."""
DEEPEST_TREE: Final = 100


def methods(parts: Parts) -> Iterator[Method]:
    """Webshop.get, Article.search, Articlegroup.tree, Assortment.*, Url.*, Giftcertificate.generateCode, getLog."""
    own = _Catalogue(parts)
    uid = Param("uid", UID)
    yield Method(
        "Webshop.get",
        "The shop",
        own.webshop,
        (uid, QUERY),
        object_of("Webshop"),
        needs_webshop=False,
        logged=True,
    )
    yield Method(
        "Article.search",
        "The uids of the articles that contain the words",
        own.search,
        (Param("term", {"type": ["string", "object"]}), Param("limit", _LIMIT, required=False)),
        _UIDS,
        logged=True,
    )
    selection = Param("selection", SELECTION_SCHEMA, required=False)
    yield Method(
        "Articlegroup.tree",
        "A group, or all of them, each with its subgroups in children",
        own.tree,
        (Param("uid", UID_OR_NULL, required=False), QUERY, selection),
        {"type": "array", "items": object_of("Articlegroup")},
        logged=True,
    )
    yield Method(
        "Assortment.getArticleUids",
        "The articles that are shown in a group",
        own.article_uids,
        (Param("articlegroup", UID),),
        _UIDS,
        logged=True,
    )
    yield Method(
        "Assortment.getArticlegroupUids", "The groups of the shop", own.group_uids, (), _UIDS, logged=True
    )
    url = Param("url", TEXT)
    yield Method(
        "Url.get", "What stands at an address", own.url, (url, QUERY), _URL, needs_webshop=False, logged=True
    )
    words = {"type": ["string", "null"]}
    yield Method(
        "Url.lookup",
        "The address of an object, or null",
        own.look_up,
        (
            Param("type", {"enum": [*_ADDRESSED]}),
            Param("object", UID),
            Param("language", words, required=False),
            Param("variant", words, required=False),
        ),
        words,
        logged=True,
    )
    yield from _of_managers(own, uid)


def _of_managers(own: _Catalogue, uid: Param) -> Iterator[Method]:
    yield Method(
        "Giftcertificate.generateCode",
        "A code that no certificate has",
        own.code,
        (),
        {"type": "string"},
        audience=Audience.ADMIN,
        logged=True,
    )
    yield Method(
        "EventListener.getLog",
        "The last tries to tell a listener",
        own.log,
        (uid,),
        {"type": "array"},
        audience=Audience.ADMIN,
        logged=True,
    )


class _Catalogue:
    """The handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def webshop(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """A shop may be read by its uid without being in it, but not with a token of another one: 1004.

        Another shop than that of the context is 9003.
        """
        methods = self._parts.classes["Webshop"]
        uid = read_uid(params[0], methods.decl)
        if isinstance(uid, RpcError):
            return uid
        shop = await self._parts.lookups.webshop(int(uid))
        if shop is None or (context.webshop is not None and context.webshop.uid != shop.uid):
            return RpcError(Code.OBJECT_NOT_FOUND)
        who = context.administrator
        if who is not None and not is_of(shop, who.workspace, who.channel):
            return RpcError(Code.BAD_AUTH_TOKEN)
        return await methods.get(msgspec.structs.replace(context, webshop=shop), params)

    async def search(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """The first articles by uid, a hundred unless a limit is given; `Article.list` filtered by `search` has all."""
        term, limit = params[0], argument(params, 1)
        asked: Json = {
            "filters": {"search": term if is_object(term) else {"term": term}},
            "limit": MOST_FOUND if limit is None else limit,
        }
        found = await self._uids(context, "Article", asked)
        return RpcError(Code.INVALID_PARAMS, say("filter.operand")) if isinstance(found, RpcError) else found

    async def tree(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """Groups with their subgroups; what the query does not name is left out. 9004 for a tree too deep to answer."""
        methods = self._parts.classes["Articlegroup"]
        root, query, selection = (argument(params, place) for place in range(3))
        start = None if root is None else read_uid(root, methods.decl)
        query = _without_children(query)
        readable = methods.projection(context, True if query is None else query)
        for refused in (start, readable):
            if isinstance(refused, RpcError):
                return refused
        listed = await methods.list(context, [_with_uid(query), selection])
        edges = await methods.list(context, [["uid", "parent"], selection])
        if isinstance(listed, RpcError) or isinstance(edges, RpcError):
            return _of_second(listed if isinstance(listed, RpcError) else cast("RpcError", edges))
        tree = grown(_rows(listed), _rows(edges), start)
        if tree is None:
            return invalid_query([Problem("", say("query.depth", limit=DEEPEST_TREE))])
        return tree if "uid" in _keys(query) or _is_whole(query) else _without_uid(tree)

    async def article_uids(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """The articles of one group."""
        group = read_uid(params[0], self._parts.classes["Articlegroup"].decl)
        if isinstance(group, RpcError):
            return group
        return await self._uids(
            context, "Article", {"filters": {"/showInArticlegroups": {"contains": group}}}
        )

    async def group_uids(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """All groups that the caller may see."""
        del params
        return await self._uids(context, "Articlegroup", True)

    async def _uids(self, context: Context, name: str, selection: Json) -> Json | RpcError:
        found = await self._parts.classes[name].list(context, ["uid", selection])
        return found if isinstance(found, RpcError) else [item["uid"] for item in _rows(found)]

    async def url(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """9003 where nothing stands. Without a shop in the context no address is known."""
        path = text(params, 0)
        if isinstance(path, RpcError):
            return path
        if len(path) > LONGEST_URL:
            return invalid_params([Problem("/0", say("patch.max-length", limit=LONGEST_URL))])
        if context.webshop is None:
            return RpcError(Code.OBJECT_NOT_FOUND)
        decl = self._parts.classes["Url"]
        asked = [argument(params, 1), {"filters": {"/uid": {"equals": _path(path)}}}]
        found = await decl.list(context, asked)
        if isinstance(found, RpcError) or not is_array(found):
            return found
        return found[0] if found else RpcError(Code.OBJECT_NOT_FOUND)

    async def look_up(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[type, object, language?, variant?]`: where a public client finds an object, or null if nowhere.

        The language is the caller's if none is given. What a variant of an address is no page of the vendor's says.
        """
        kind, language = params[0], argument(params, 2)
        if kind not in _ADDRESSED:
            return invalid_params([Problem("/0", say("patch.enum", expected=", ".join(_ADDRESSED)))])
        if not isinstance(language, str | None):
            return invalid_params([Problem("/2", say("patch.type", expected="string"))])
        methods = self._parts.classes[str(kind)]
        uid = read_uid(params[1], methods.decl, "/1")
        if isinstance(uid, RpcError):
            return uid
        found = await methods.get(context, [uid, "url"])
        if isinstance(found, RpcError):
            return None if found.code is Code.OBJECT_NOT_FOUND else found
        (row,) = _rows([found])
        addresses = row["url"]
        return addresses.get(language or context.language) if is_object(addresses) else None

    async def code(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """13 digits."""
        del context, params
        return new_code()

    async def log(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """The last hundred tries, newest first."""
        methods = self._parts.classes["EventListener"]
        uid = read_uid(params[0], methods.decl)
        if isinstance(uid, RpcError):
            return uid
        seen = await methods.get(context, [uid, "uid"])
        if isinstance(seen, RpcError):
            return seen
        rows = await self._parts.read(_LOG, context.shop.workspace, uid)
        return [
            {"time": write_moment(at), "uid": subject, "status": status, "error": error}
            for at, subject, status, error in rows
        ]


_LOG: Final = """
select at, subject, status, error from event_listener_log
where workspace = $1 and listener = $2 order by id desc limit 100
"""


def _path(url: str) -> str:
    """The path of an address: the shop's own name in front of it says nothing more."""
    rest = url.partition("://")[2] or url
    path = "/" + rest.partition("/")[2] if "://" in url else rest
    return path.partition("?")[0].partition("#")[0] or "/"


def _keys(query: Json) -> Mapping[str, Json]:
    if isinstance(query, str):
        return {query: True}
    if is_array(query):
        return {str(name): True for name in query}
    return query if is_object(query) else {}


def _of_second(error: RpcError) -> RpcError:
    """The query is the second parameter here, and the selection the third."""
    if error.code is not Code.INVALID_PARAMS or not isinstance(error.data, tuple):
        return error
    return invalid_params([Problem("/2" + problem.pointer[2:], problem.text) for problem in error.data])


def _without_children(query: Json) -> Json:
    """The query but for the subgroups, which every group of a tree has, whoever asks and however."""
    if query == "children":
        return "uid"
    if is_array(query) and "children" in query:
        return [name for name in query if name != "children"] or "uid"
    if is_object(query) and "children" in query:
        return {name: inner for name, inner in query.items() if name != "children"} or "uid"
    return query


def _is_whole(query: Json) -> bool:
    return query is None or query is True or not query


def _with_uid(query: Json) -> Json:
    return True if _is_whole(query) else {**_keys(query), "uid": True}


def _rows(listed: Json) -> list[dict[str, Any]]:
    rows = fetch.values(listed)
    return [dict(row) for row in rows if is_object(row)] if is_array(rows) else []


def _without_uid(tree: Sequence[dict[str, Any]]) -> Json:
    return [
        {
            name: _without_uid(value) if name == "children" else value
            for name, value in group.items()
            if name != "uid"
        }
        for group in tree
    ]


def grown(
    groups: Sequence[dict[str, Any]], edges: Sequence[Mapping[str, Any]], start: object
) -> list[dict[str, Any]] | None:
    """The group `start`, or those without a parent, each with its subgroups in `children`.

    Each group is there once, even where parents go in a circle. None beyond the depth that an answer can have.
    """
    known = {group["uid"]: group for group in groups}
    below: dict[object, list[int]] = {}
    for edge in edges:
        if edge["uid"] in known:
            below.setdefault(edge["parent"], []).append(edge["uid"])
    roots = below.get(None, []) if start is None else [uid for uid in known if uid == start]
    level, seen = roots, set(roots)
    for _ in range(DEEPEST_TREE):
        following: list[int] = []
        for uid in level:
            children = [child for child in below.get(uid, ()) if child not in seen]
            known[uid]["children"] = [known[child] for child in children]
            seen.update(children)
            following += children
        level = following
    return None if level else [known[uid] for uid in roots]
