"""OrderItem.getFile: what a buyer attached to an item, for the shop that makes something of it.

The vendor's own way to such files is not public; this one is ours (decision textalk item 32).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.declare.declaration import Uid
from entrepot.doors.textalk.pattern.arguments import TEXT, UID
from entrepot.doors.textalk.pattern.dependencies import Parts
from entrepot.doors.textalk.pattern.methods import read_uid
from entrepot.doors.textalk.query import fetch
from entrepot.doors.textalk.rpc.methods import Method, Param
from entrepot.doors.textalk.wire.errors import Code, RpcError
from entrepot.doors.textalk.wire.json import Json

_FILE: Final[Mapping[str, Json]] = {
    "type": "object",
    "properties": {"name": TEXT, "type": TEXT, "data": TEXT},
}
_CONTENT: Final = """
select f.name, f.type, c.content
from (
  select cart, no from cart_lines where workspace = $1 and id = $2
  union all select "order", no from order_lines where workspace = $1 and id = $2
) l
join files f on f.workspace = $1 and f.cart = l.cart and f.line = l.no and f.choice = $3
join file_contents c on c.workspace = $1 and c.id = f.id
"""


def methods(parts: Parts) -> Iterator[Method]:
    """OrderItem.getFile."""

    async def read(context: Context, params: Sequence[Json]) -> Json | RpcError:
        return await _read(parts, context, params)

    yield Method(
        "OrderItem.getFile",
        "What the buyer attached to an item as the answer to a choice",
        read,
        (Param("uid", UID), Param("choice", UID)),
        _FILE,
        audience=Audience.ADMIN,
        logged=True,
    )


async def _read(parts: Parts, context: Context, params: Sequence[Json]) -> Json | RpcError:
    """`[item, choice]`: `{name, type, data}`, the data in base64 as it came; 9003 for an item that is not seen."""
    item = read_uid(params[0], parts.classes["OrderItem"].decl)
    if isinstance(item, RpcError):
        return item
    choice = read_uid(params[1], parts.classes["ArticleChoice"].decl, "/1")
    if isinstance(choice, RpcError):
        return choice
    unseen = await _unseen(parts, context, item)
    if unseen is not None:
        return unseen
    found = await parts.read(_CONTENT, context.shop.workspace, item, choice)
    if not found:
        return RpcError(Code.OBJECT_NOT_FOUND)
    name, kind, content = found[0]
    return {"name": name, "type": kind, "data": base64.b64encode(content).decode("ascii")}


async def _unseen(parts: Parts, context: Context, item: Uid) -> RpcError | None:
    """Why the item is none that the caller sees."""
    items = parts.classes["OrderItem"]
    projection = items.projection(context, "uid")
    if isinstance(projection, RpcError):
        return projection
    seen = await fetch.get(items.reads, context, projection, item)
    return seen if isinstance(seen, RpcError) else None
