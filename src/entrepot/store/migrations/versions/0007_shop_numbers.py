"""A webshop's number is no key: the directory lists it by the shop's own settings.

Revision 0007.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from entrepot.domain.kernel.money import to_major

revision = "0007"
down_revision = "0006"

_FORGET = "delete from directory where kind = 'textalk:webshop'"
_NO_CREDENTIALS = "delete from credentials where kind = 'textalk:webshop'"
_LIST = """
insert into directory (kind, hash, workspace, channel, environment)
select distinct on (number) 'textalk:webshop', sha256(convert_to('textalk:webshop:' || number, 'UTF8')),
  workspace, id, 'live'
from (select workspace, id, settings -> 'door' ->> 'uid' number from channels where door = 'textalk') c
where number is not null order by number, workspace, id
"""
_READ = "select workspace, seq, document from sandbox_worlds"
_WRITE = "update sandbox_worlds set document = :document where workspace = :workspace and seq = :seq"


def upgrade() -> None:
    """List every shop anew, and bring recorded worlds to the form that files have now."""
    op.execute(_FORGET)
    op.execute(_NO_CREDENTIALS)
    op.execute(_LIST)
    connection = op.get_bind()
    for workspace, seq, document in connection.execute(sa.text(_READ)).all():
        changed = brought_up(document)
        if changed != document:
            row = {"workspace": workspace, "seq": seq, "document": changed}
            connection.execute(sa.text(_WRITE), row)


def brought_up(document: str) -> str:
    """A recorded world in which no webshop's number is a key, and all amounts are in major units."""
    world: Any = json.loads(document)
    for workspace in world["workspaces"].values():
        for channel in workspace.get("channels", {}).values():
            if channel["door"] == "textalk":
                channel.get("keys", {}).pop("webshop", None)
            shop = channel.get("settings", {}).get("shop", {})
            for amounts in (shop.get("minimum_purchase", {}), shop.get("rounding", {})):
                amounts.update({code: str(to_major(minor, code)) for code, minor in amounts.items()})
        for rate in workspace.get("taxes", {}).get("rates", {}).values():
            if "duty_threshold" in rate:
                rate["duty_threshold"] = str(to_major(rate["duty_threshold"], "USD"))
    return json.dumps(world, ensure_ascii=False, separators=(",", ":"))
