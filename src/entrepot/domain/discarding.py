"""Throwing away a cart, or a placed order of which nothing was sent and no money is kept."""

from __future__ import annotations

DISCARDED = "discarded"
