"""The door against its own API description, with requests made from it: right ones, wrong ones, and mixtures."""

from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    status_code_conformance,
)

from tests.conformance.bonsai import PREFIX, Shop, watch
from tests.conformance.harness import Reply, Request
from tests.conformance.harness.fixtures import OpenShop
from tests.support.server import Server

OPERATIONS = [("POST", "/orders/V1/submit")]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    negative_data_rejection,
]
EXAMPLES = 150


@pytest.fixture
async def shop(open_bonsai_shop: OpenShop) -> Shop:
    return await open_bonsai_shop({"products/lamp/stock/main": 1_000_000_000})


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_replies_are_as_described(server: Server, shop: Shop, method: str, path: str) -> None:
    description = schemathesis.openapi.from_url(f"{server.url}/bonsai/openapi.json")
    operation = description[path][method]
    cases = operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE)
    line = shop.line("lamp", 101)

    @settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=(HealthCheck.too_slow,)
    )
    @given(case=cases, known=st.booleans())
    def send(case: schemathesis.Case[Any], known: bool) -> None:
        if known:
            _name_what_exists(case.body, line)
        reply = case.call_and_validate(session=session, headers={"API-Key": shop.key()}, checks=CHECKS)
        # Bodies are compared by our own validator: schemathesis reads `prefixItems` as an older draft's `items`.
        watch(Request(method, f"{PREFIX}{path}"), Reply(reply.status_code, (), reply.content))

    with requests.Session() as session:
        send()


def _name_what_exists(body: Any, line: dict[str, Any]) -> None:
    """Order a product of the shop, where ids stand at all: random ones would never come past the catalogue."""
    lines = body.get("products") if isinstance(body, dict) else None
    for wanted in lines if isinstance(lines, list) else ():
        if isinstance(wanted, dict):
            wanted |= {name: line[name] for name in ("public_id", "variant_id") if name in wanted}
