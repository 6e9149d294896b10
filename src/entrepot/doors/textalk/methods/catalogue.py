"""Methods of the catalogue and of the shop beyond the common ones (contract, section 3, Catalogue and misc)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from entrepot.doors.textalk.classes.normalization import write_moment
from entrepot.doors.textalk.context import Audience, Context
from entrepot.doors.textalk.errors import Code, Problem, RpcError, invalid_params
from entrepot.doors.textalk.json import Json, is_array, is_object
from entrepot.doors.textalk.methods.arguments import QUERY, TEXT, UID, UID_OR_NULL, argument, text
from entrepot.doors.textalk.methods.parts import Parts
from entrepot.doors.textalk.pattern.methods import read_uid
from entrepot.doors.textalk.pattern.schemas import object_of
from entrepot.doors.textalk.pattern.signatures import SELECTION_SCHEMA
from entrepot.doors.textalk.rpc.methods import Method, Param
from entrepot.doors.textalk.texts import say
from entrepot.doors.textalk.writing.special import new_code

LONGEST_URL: Final = 2000
_UIDS: Final[Mapping[str, Json]] = {"type": "array", "items": {"type": "integer"}}
_URL: Final = object_of("Url")


def methods(parts: Parts) -> Iterator[Method]:
    """Webshop.get, Article.search, Articlegroup.tree, Assortment.*, Url.*, Giftcertificate.generateCode, getLog."""
    own = _Catalogue(parts)
    uid = Param("uid", UID)
    yield Method(
        "Webshop.get", "The shop", own.webshop, (uid, QUERY), object_of("Webshop"), needs_webshop=False
    )
    yield Method(
        "Article.search",
        "The articles that contain the words, each with uid and name",
        own.search,
        (Param("term", {"type": ["string", "object"]}),),
        {"type": "array", "items": object_of("Article")},
    )
    selection = Param("selection", SELECTION_SCHEMA, required=False)
    yield Method(
        "Articlegroup.tree",
        "A group, or all of them, each with its subgroups in children",
        own.tree,
        (Param("uid", UID_OR_NULL, required=False), QUERY, selection),
        {"type": "array", "items": object_of("Articlegroup")},
    )
    yield Method(
        "Assortment.getArticleUids",
        "The articles that are shown in a group",
        own.article_uids,
        (Param("articlegroup", UID),),
        _UIDS,
    )
    yield Method("Assortment.getArticlegroupUids", "The groups of the shop", own.group_uids, (), _UIDS)
    url = Param("url", TEXT)
    yield Method("Url.get", "What stands at an address", own.url, (url, QUERY), _URL, needs_webshop=False)
    either = {"anyOf": [_URL, {"type": "null"}]}
    yield Method("Url.lookup", "What stands at an address, or null", own.look_up, (url, QUERY), either)
    yield Method(
        "Giftcertificate.generateCode",
        "A code that no certificate has",
        own.code,
        (),
        {"type": "string"},
        audience=Audience.ADMIN,
    )
    yield Method(
        "EventListener.getLog",
        "The last tries to tell a listener",
        own.log,
        (uid,),
        {"type": "array"},
        audience=Audience.ADMIN,
    )


class _Catalogue:
    """The handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def webshop(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """A shop may be read by its uid without being in it; another shop than that of the context is 9003."""
        methods = self._parts.classes["Webshop"]
        uid = read_uid(params[0], methods.decl)
        if isinstance(uid, RpcError):
            return uid
        shop = await self._parts.lookups.webshop(int(uid))
        if shop is None or (context.webshop is not None and context.webshop.uid != shop.uid):
            return RpcError(Code.OBJECT_NOT_FOUND)
        return await methods.get(msgspec.structs.replace(context, webshop=shop), params)

    async def search(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """The first hundred articles by uid; a list with the filter `search` has all of them."""
        term = params[0]
        asked: Json = {"filters": {"search": term if is_object(term) else {"term": term}}, "limit": 100}
        found = await self._parts.classes["Article"].list(context, [["uid", "name"], asked])
        return RpcError(Code.INVALID_PARAMS, say("filter.operand")) if isinstance(found, RpcError) else found

    async def tree(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """Groups with their subgroups, as deep as they go; what the query does not name is left out."""
        methods, root, query = self._parts.classes["Articlegroup"], params[:1], argument(params, 1)
        start = None if root in ([], [None]) else read_uid(root[0], methods.decl)
        projection = methods.projection(context, True if query is None else query)
        if isinstance(start, RpcError):
            return start
        if isinstance(projection, RpcError):
            return projection
        wanted = _keys(query)
        asked: Json = True if wanted is None else {"uid": True, **wanted}
        listed = await methods.list(context, [asked, argument(params, 2)])
        parents = await methods.list(context, [["uid", "parent"], True])
        if isinstance(listed, RpcError) or isinstance(parents, RpcError):
            return _of_second(listed) if isinstance(listed, RpcError) else parents
        return _nested(_objects(listed), {each["uid"]: each["parent"] for each in _objects(parents)}, start)

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
        if isinstance(found, RpcError) or not is_array(found):
            return found
        return [item["uid"] for item in found if is_object(item)]

    async def url(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """9003 where nothing stands."""
        found = await self.look_up(context, params)
        return RpcError(Code.OBJECT_NOT_FOUND) if found is None else found

    async def look_up(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """Null where nothing stands. Without a shop in the context no address is known."""
        path = text(params, 0)
        if isinstance(path, RpcError):
            return path
        if len(path) > LONGEST_URL:
            return invalid_params([Problem("/0", say("patch.max-length", limit=LONGEST_URL))])
        if context.webshop is None:
            return None
        decl = self._parts.classes["Url"]
        asked = [argument(params, 1), {"filters": {"/uid": {"equals": _path(path)}}}]
        found = await decl.list(context, asked)
        if isinstance(found, RpcError) or not is_array(found):
            return found
        return found[0] if found else None

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


def _keys(query: Json) -> Mapping[str, Json] | None:
    """What a query that is well-formed names, and asks for below it; None if it asks for everything."""
    if isinstance(query, str):
        return {query: True}
    if is_array(query) and query:
        return {str(name): True for name in query}
    return query if is_object(query) and query else None


def _of_second(error: RpcError) -> RpcError:
    """The query is the second parameter here, and the selection the third."""
    if error.code is not Code.INVALID_PARAMS or not isinstance(error.data, tuple):
        return error
    return invalid_params([Problem("/2" + problem.pointer[2:], problem.text) for problem in error.data])


def _objects(listed: Json) -> list[dict[str, Any]]:
    return [dict(each) for each in listed if is_object(each)] if is_array(listed) else []


def _nested(groups: Sequence[dict[str, Any]], parents: Mapping[object, object], start: object) -> Json:
    """The group `start`, or all at the top, each with those below it in `children`.

    Each is put in its place once, so that groups that lie in a circle end somewhere.
    """
    below: dict[object, list[dict[str, Any]]] = {}
    for group in groups:
        below.setdefault(parents.get(group["uid"]), []).append(group)
    found = below.get(None, []) if start is None else [group for group in groups if group["uid"] == start]
    placed, waiting = {group["uid"] for group in found}, deque(found)
    while waiting:
        group = waiting.popleft()
        group["children"] = [child for child in below.get(group["uid"], []) if child["uid"] not in placed]
        placed.update(child["uid"] for child in group["children"])
        waiting.extend(group["children"])
    return found
