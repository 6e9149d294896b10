"""The Textalk door: a webshop over JSON-RPC 2.0, on HTTP and WebSocket.

Other doors have routes, and behind each one command; this one has one path, and behind it some 180 methods of
twenty-three classes, most of which are the same nine for every class. So the files of a door are folders here, or
follow from declarations:

- wire: `transport` carries messages, `rpc` reads calls and runs them against the dispatch table, `caller` says in
  which shop and on whose behalf.
- routes: `door` has the dispatch table. The rooms `articles`, `customers`, `orders` and `shop` declare each class once
  and have the methods of its own; `pattern` makes the common ones from the declaration.
- commands: the `writer` of each room makes commands of patches.
- render: `query` answers reads, from any depth of objects, with one statement for each level.
- failures and openapi: `wire` has failures, errors and sentences; `transport/openrpc`, and `page` for people.

`docs/why/queries.md` tells how declarations become SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from entrepot.doors.textalk.door import Textalk
    from entrepot.doors.textalk.wire.failures import CODES

__all__ = ["CODES", "Textalk"]


def __getattr__(name: str) -> Any:
    # Whoever asks for the manifest alone does not wait for the whole door.
    if name not in __all__:
        raise AttributeError(name)
    from entrepot.doors.textalk import door
    from entrepot.doors.textalk.wire import failures

    return door.Textalk if name == "Textalk" else failures.CODES
