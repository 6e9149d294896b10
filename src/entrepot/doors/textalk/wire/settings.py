"""What a shop's channel says about it, beyond what rules look at: `ChannelSettings.door` of a Textalk channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from entrepot.domain.channels.accounts import ChannelSettings

SHORTEST_PASSWORD: Final = 8


class WebshopSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """A webshop. `uid` is the number in the context parameter `webshop`, good for one shop of the server only.

    `demands_tls` refuses credentials on plain connections (1007); a `closed` shop does not exist for anybody
    (1002); `login_required` hides its goods from visitors.
    """

    uid: Annotated[int, Meta(ge=1, le=2**53 - 1, description="a number from 1 to 2^53 - 1, as all uids")]
    name: Mapping[str, str] = {}
    url: Mapping[str, str] = {}
    languages: tuple[str, ...] = ("en",)
    demands_tls: bool = False
    closed: bool = False
    login_required: bool = False
    is_demo: bool = False
    type: str = "basic"
    company: Mapping[str, Any] = {}
    company_number: str = ""
    contact_email: str = ""
    created: str = ""


def webshop_settings(settings: ChannelSettings) -> WebshopSettings | None:
    """The shop behind a channel's settings, or None if they describe none."""
    try:
        return msgspec.convert(settings.door, WebshopSettings)
    except msgspec.ValidationError:
        return None
