"""The Textalk door: a webshop over JSON-RPC 2.0, on HTTP and WebSocket.

Other doors have routes, and behind each one command; this one has one path, and behind it some 180 methods of
twenty-three classes, most of which are the same nine for every class. So the files of a door are folders here, or
follow from declarations:

- wire: `transport` carries messages, `rpc` reads calls and runs them against the dispatch table, `caller` says in
  which shop and on whose behalf.
- routes: `app` has the dispatch table. The rooms `articles`, `customers`, `orders` and `shop` declare each class once
  and have the methods of its own; `pattern` makes the common ones from the declaration.
- commands: the `writer` of each room makes commands of patches.
- render: `query` answers reads, from any depth of objects, with one statement for each level.
- failures and openapi: `wire` has failures, errors and sentences; `transport/openrpc`, and `page` for people.

`docs/why/queries.md` tells how declarations become SQL.
"""
