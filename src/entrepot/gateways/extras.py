"""Packages of vendors, which come with an extra of ours and not with every install."""

from __future__ import annotations

import importlib.util
from typing import Final

PACKAGES: Final = {"stripe": "stripe", "avalara": "avatax"}
"""What is imported, and the extra that brings it."""


def lacking(package: str) -> str | None:
    """Why calls through this package cannot be made on this machine, and what to install; None where they can be."""
    if importlib.util.find_spec(package) is not None:
        return None
    return (
        f"the package {package} is not installed on the server: pip install 'entrepot[{PACKAGES[package]}]'"
    )
