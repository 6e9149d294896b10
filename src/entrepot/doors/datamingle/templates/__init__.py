"""Mappings to begin with: one data file per partner system. They are copied, and then anybody's own to change."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import msgspec

from entrepot.domain.mapping.definition import Definition

_decode = msgspec.json.Decoder(dict[str, Definition]).decode


@cache
def template(name: str) -> Mapping[str, Definition]:
    """The mappings of a template by resource. Raises `FileNotFoundError` for a name that there is not."""
    return MappingProxyType(
        _decode(files("entrepot.doors.datamingle.templates").joinpath(f"{name}.json").read_bytes())
    )
