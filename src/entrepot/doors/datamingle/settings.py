"""What accounts of the DataMingle door have of their own, and their keys' scope."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

KEY: Final = "datamingle:key"
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
