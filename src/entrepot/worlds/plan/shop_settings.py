"""What a webshop's table says of its channel's settings."""

from __future__ import annotations

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.worlds.form.amounts import millionths
from entrepot.worlds.form.shop_types import Webshop


def with_vat(settings: ChannelSettings, webshop: Webshop | None) -> ChannelSettings:
    """A channel's settings with the VAT abroad that its webshop names."""
    if webshop is None:
        return settings
    rates = {
        country: {millionths(home): millionths(there) for home, there in table.items()}
        for country, table in webshop.vat.items()
    }
    shop = msgspec.structs.replace(settings.shop, vat=rates, exports_without_vat=webshop.exports_without_vat)
    return msgspec.structs.replace(settings, shop=shop)
