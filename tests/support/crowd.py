"""Many orders, carts, customers and sessions at once: the rows that are there, as often as is wanted, made by SQL."""

from __future__ import annotations

from entrepot.store.connections import Connection
from entrepot.store.tables import metadata

TABLES = (
    "customers", "sessions", "carts", "cart_lines", "orders", "order_parts", "order_lines", "order_events", "payments",
    "holds", "references", "attempts",
)  # fmt: skip
_NUMBERS = ("id", "order", "cart", "customer", "session", "target")
_OTHER = {
    "uuid": "md5(t.uuid::text || g)::uuid",
    "hash": "decode(md5(encode(t.hash, 'hex') || g), 'hex')",
    "email": "g || t.email",
    "email_folded": "g || t.email_folded",
    "value": "t.value || '-' || g",
    "placed_at": "t.placed_at - g * interval '1 second'",
    "external_id": "t.external_id || '-' || g",
    "product_id": "case when g % 2 = 0 then t.product_id else t.product_id + g * 10000000000 end",
}
# Half of the lines are of the same few products, the other half of ever other ones: were all of them of a few, the
# planner would rightly read the whole table for a product without any line, or not, as its random sample has it.
_SESSION = """
case when t.data ? 'session'
  then jsonb_set(t.data, '{session}', to_jsonb((t.data->>'session')::bigint + g * 10000000000)) else t.data end
"""


async def crowd(connection: Connection, workspace: int, times: int) -> None:
    """Copy the workspace's rows so often, under numbers and names of their own."""
    for name in TABLES:
        columns = [column.name for column in metadata.tables[name].columns]
        values = ", ".join(_value(name, column) for column in columns)
        names = ", ".join(f'"{column}"' for column in columns)
        await connection.execute(
            f'insert into "{name}" ({names}) select {values} from "{name}" t, generate_series(1, $2::bigint) g'
            " where t.workspace = $1",
            workspace,
            times,
        )


def _value(table: str, column: str) -> str:
    if (table, column) == ("orders", "data"):
        return _SESSION
    if column in _NUMBERS:
        return f't."{column}" + g * 10000000000'
    return _OTHER.get(column, f't."{column}"')
