"""What a channel may change of what all channels of its workspace share. Who operates the workspace may do all.

A command that names no channel is the operator's, by command line or world file.
"""

from __future__ import annotations

from entrepot.domain.channels.accounts import Channel, ChannelSettings
from entrepot.domain.kernel.records import View
from entrepot.failures.rows import CatalogueClosed, StockClosed


def catalogue_closed(view: View, channel: int | None) -> CatalogueClosed | None:
    """Why the channel may not change the catalogue, if so."""
    return None if channel is None else closed_catalogue(_settings(view, channel))


def stock_closed(view: View, channel: int | None) -> StockClosed | None:
    """Why the channel may not set stock, nor the locations that keep it, if so."""
    return None if channel is None else closed_stock(_settings(view, channel))


def closed_catalogue(settings: ChannelSettings) -> CatalogueClosed | None:
    """Why an account with these settings may not change the catalogue, if so."""
    return None if settings.may_edit_catalogue else CatalogueClosed()


def closed_stock(settings: ChannelSettings) -> StockClosed | None:
    """Why an account with these settings may not set stock, nor the locations that keep it, if so."""
    return None if settings.may_set_stock else StockClosed()


def _settings(view: View, channel: int) -> ChannelSettings:
    found = view.get(Channel, channel)
    return ChannelSettings() if found is None else found.settings
