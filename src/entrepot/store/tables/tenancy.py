"""Workspaces, their channels and credentials, and the directory that leads from a credential to its workspace."""

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, UniqueConstraint, Uuid
from sqlalchemy import text as sql

from entrepot.store.tables._base import belongs, big, blob, flag, json, metadata, moment, table, text, uuid

directory = Table(
    "directory",
    metadata,
    text("kind"),
    blob("hash"),
    big("workspace"),
    big("channel", null=True),
    text("environment"),
    big("credential", null=True),
    moment("expires_at", null=True),
    PrimaryKeyConstraint("kind", "hash", name="directory_pkey"),
)

workspaces = Table(
    "workspaces",
    metadata,
    big("id"),
    uuid("uuid"),
    text("name"),
    flag("sandbox"),
    json("settings"),
    moment("created_at"),
    Column("secret", Uuid, nullable=False, server_default=sql("gen_random_uuid()")),
    PrimaryKeyConstraint("id", name="workspaces_pkey"),
)

counters = table("counters", (), big("next"))

channels = table(
    "channels",
    ("id",),
    big("id"),
    uuid("uuid"),
    text("door"),
    text("name"),
    json("settings"),
    UniqueConstraint("workspace", "door", "name", name="channels_name_key"),
)

credentials = table(
    "credentials",
    ("id",),
    big("id"),
    big("channel"),
    text("environment"),
    text("kind"),
    blob("hash"),
    text("label"),
    text("hint"),
    json("scopes"),
    moment("created_at"),
    moment("expires_at", null=True),
    moment("revoked_at", null=True),
    moment("suspended_at", null=True),
    belongs("credentials", "channels", ("channel",), ("id",)),
    Index("credentials_channel_idx", "workspace", "channel"),
)
