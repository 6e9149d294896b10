"""What the DataMingle door tells whoever sets up accounts at it."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from entrepot.doors.datamingle.resources import RESOURCES
from entrepot.doors.manifest import Manifest, OwnKeys

KEY: Final = "datamingle:key"
ACTIONS: Final = ("read", "write", "delete")
ALL: Final = "integrations.*"
"""The scope of a key for which no other is said."""


class Partner(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who the account stands for. `template` is where its mappings began; a partner that is not `active` is refused.

    Records are named by `default_identifier_field` where the resource has it.
    """

    active: bool = True
    default_identifier_field: Literal["order_number", "external_order_id", "id", "sku", "code"] = (
        "external_order_id"
    )
    template: Literal["", "acumatica", "shopify", "empty"] = ""


class DatamingleSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """The door's own part of an account's settings: a partner, or whoever speaks the API's own words (`pass_through`).

    With neither, every request is refused, as the API documents. `disabled` switches the account off.
    """

    partner: Partner | None = None
    pass_through: bool = False
    disabled: bool = False


def _scopes() -> frozenset[str]:
    each = {f"integrations.{resource}.{action}" for resource in RESOURCES for action in (*ACTIONS, "*")}
    return frozenset(each | {ALL})


MANIFEST: Final = Manifest(
    title="the DataMingle partner API",
    description="/openapi.json",
    own_keys=OwnKeys(
        kind=KEY,
        prefixes={"live": "sk_live_", "test": "sk_test_"},
        length=40,
        scopes=_scopes(),
        all_scopes=ALL,
    ),
    settings=DatamingleSettings,
    stock_modes=frozenset({"backorder"}),
    mapped=RESOURCES,
    templates=frozenset({"acumatica", "shopify", "empty"}),
)
"""Orders neither refuse nor oversell: what is missing is owed (decision datamingle stock of orders)."""
