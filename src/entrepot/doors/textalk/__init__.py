"""The Textalk door: a webshop over JSON-RPC 2.0, on HTTP and WebSocket.

Other doors have routes, and behind each one command; this one has one path, and behind it some 180 methods of
twenty-three classes, most of which are the same nine for every class. So the files of a door are folders here, or
follow from declarations:

- wire: `transport` carries messages, `rpc` reads calls and runs them against the dispatch table, `context` says in
  which shop and on whose behalf.
- routes: `door` has the dispatch table. `classes` declares each class once; `pattern` makes its common methods from
  that, `methods` has the others. `accounts` holds what stands behind credentials.
- commands: `writing` makes commands of patches.
- render: `query` answers reads, from any depth of objects, with one statement for each level.
- failures and openapi: `failures`, `errors` and `texts`; `openrpc`, and `page` for people.

`docs/why/queries.md` tells how declarations become SQL.
"""

from entrepot.doors.textalk.door import Textalk
from entrepot.doors.textalk.wire.failures import CODES

__all__ = ["CODES", "Textalk"]
