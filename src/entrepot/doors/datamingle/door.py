"""The manifest of the DataMingle door. What takes long to load is loaded when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from entrepot.doors.datamingle.resources import RESOURCES
from entrepot.doors.datamingle.settings import ALL, KEY, DatamingleSettings
from entrepot.doors.manifest import Manifest, OwnKeys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import ASGIApp

    from entrepot.domain.mapping.definition import Definition
    from entrepot.doors.kit import DoorFailures, Services
    from entrepot.doors.kit.trying import Try

ACTIONS: Final = ("read", "write", "delete")


def _app(services: Services) -> ASGIApp:
    from entrepot.doors.datamingle.app import Datamingle

    return Datamingle(services).app()


def _failures() -> DoorFailures:
    from entrepot.doors.datamingle.failures import CODES

    return CODES


def _tries(url: str) -> Sequence[Try]:
    from entrepot.doors.datamingle.demo import tries

    return tries(url)


def _template(name: str) -> Mapping[str, Definition]:
    from entrepot.doors.datamingle.templates import template

    return template(name)


def _scopes() -> frozenset[str]:
    each = {f"integrations.{resource}.{action}" for resource in RESOURCES for action in (*ACTIONS, "*")}
    return frozenset(each | {ALL})


MANIFEST: Final = Manifest(
    app=_app,
    failures=_failures,
    tries=_tries,
    first=(
        "{url}/datamingle/api/integrations/v1/products/ "
        "-H 'X-API-Key: sk_live_demo-acme-erp-00000000000000000000000000'"
    ),
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
    template=_template,
)
"""Orders neither refuse nor oversell: what is missing is owed (decision datamingle stock of orders)."""
