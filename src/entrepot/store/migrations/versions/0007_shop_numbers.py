"""A webshop's number is no key: the directory lists it by the shop's own settings.

Revision 0007.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0001"

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
    """List every shop anew, and take the numbers out of the keys of recorded worlds."""
    op.execute(_FORGET)
    op.execute(_NO_CREDENTIALS)
    op.execute(_LIST)
    connection = op.get_bind()
    for workspace, seq, document in connection.execute(sa.text(_READ)).all():
        changed = without_number_keys(document)
        if changed != document:
            row = {"workspace": workspace, "seq": seq, "document": changed}
            connection.execute(sa.text(_WRITE), row)


def without_number_keys(document: str) -> str:
    """A recorded world in which no webshop's number is a key."""
    world: Any = json.loads(document)
    for workspace in world["workspaces"].values():
        for channel in workspace.get("channels", {}).values():
            if channel["door"] == "textalk":
                channel.get("keys", {}).pop("webshop", None)
    return json.dumps(world, ensure_ascii=False, separators=(",", ":"))
