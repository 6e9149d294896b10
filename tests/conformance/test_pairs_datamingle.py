"""Which failure wins: a request that violates any two checks is refused by the earlier one, for create, update, cancel.

Each violation says what it changes in the account, its key and the request; a pair is both at once, at an account of
its own. Violations that want the same thing otherwise make no pair. Nothing of the workspace changes.
"""

import asyncio
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pytest

from tests.conformance.datamingle import ORDER, PREFIX, Partners, account
from tests.conformance.harness import Client, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenPartners
from tests.conformance.harness.world import REMOVED, Edits, edited

AT_ONCE = 8
MAPPINGS = {"orders": {"field_map": [{"source": "h.number", "target": "order_number"}]}}


@dataclass(frozen=True)
class Violation:
    """One check that fails: `told` begins the code (or text) of its refusal; `account` and `body` are edits.

    `whole` is a body instead, `headers` are the request's, and `key` is another key than the account's own.
    """

    name: str
    status: int
    told: str
    account: Edits = field(default_factory=dict[str, Any])
    body: Edits = field(default_factory=dict[str, Any])
    headers: Edits = field(default_factory=dict[str, Any])
    whole: bytes | None = None
    key: str | None = None
    target: str | None = None

    def excludes(self, other: "Violation") -> bool:
        """Whether both want to set the same thing."""
        bodies = [each for each in (self, other) if each.body or each.whole is not None]
        if any(each.whole is not None for each in bodies) and len(bodies) > 1:
            return True
        if None not in (self.target, other.target):
            return True
        if None not in (self.key, other.key) or (self.key is not None and _of_key(other)):
            return True
        return _overlap(self.account, other.account) or _overlap(self.body, other.body)


def _of_key(violation: Violation) -> bool:
    return any(place.startswith("keys/") for place in violation.account)


def _overlap(one: Edits, two: Edits) -> bool:
    return any(f"{a}/".startswith(f"{b}/") or f"{b}/".startswith(f"{a}/") for a in one for b in two)


ACCESS = (
    Violation("no key", 403, "Authentication credentials", key=""),
    Violation("unknown key", 401, "Invalid API key", key="sk_live_" + "0" * 40),
    Violation("expired", 401, "API key has expired", {"keys/main/expires": "2020-01-01"}),
    Violation("disabled", 403, "Integrations are disabled", {"settings/door/disabled": True}),
    Violation("unlinked", 403, "No integration partner", {"settings/door/partner": REMOVED}),
    Violation("inactive", 403, "Integration partner is", {"settings/door/partner/active": False}),
    Violation("scope", 403, "You do not have", {"keys/main/scopes": ["integrations.locations.*"]}),
)
MALFORMED = (
    Violation("type", 415, "UNSUPPORTED_MEDIA_TYPE", headers={"Content-Type": "text/plain"}),
    Violation("no JSON", 400, "VALIDATION_ERROR", whole=b"{"),
)
UNMAPPABLE = Violation("mapping", 422, "MAPPING_ERROR", body={"h": 7})
CREATE = (
    *ACCESS,
    *MALFORMED,
    UNMAPPABLE,
    Violation("shape", 400, "VALIDATION_ERROR", body={"due_date": "soon"}),
    Violation("number", 400, "VALIDATION_ERROR", body={"h/number": "TAKEN"}),
    Violation("second name", 409, "DUPLICATE", body={"external_order_id": "TAKEN"}),
    Violation("sku", 400, "SERVICE_ERROR", body={"items/0/sku_code": "NO"}),
)
UPDATE = (
    *ACCESS,
    *MALFORMED,
    UNMAPPABLE,
    Violation("shape", 400, "VALIDATION_ERROR", body={"due_date": "soon"}),
    Violation("unknown", 404, "NOT_FOUND", target="NO"),
    Violation("second name", 409, "DUPLICATE", body={"external_order_id": "OTHER"}),
    Violation("state", 400, "SERVICE_ERROR", target="ENDED"),
)
CANCEL = (
    *ACCESS,
    *MALFORMED,
    Violation("shape", 400, "VALIDATION_ERROR", body={"reason": ["x"]}),
    Violation("unknown", 404, "NOT_FOUND", target="NO"),
)
OPERATIONS = {"create": CREATE, "update": UPDATE, "cancel": CANCEL}
BODIES: dict[str, dict[str, Any]] = {
    "create": {**{k: v for k, v in ORDER.items() if k != "order_number"}, "h": {"number": "NEW"}},
    "update": {"notes": "n"},
    "cancel": {"reason": "typo"},
}
METHODS = {"create": "POST", "update": "PUT", "cancel": "DELETE"}


@dataclass(frozen=True)
class Case:
    """Two violations at once, or one alone, at an account of this name."""

    name: str
    violations: tuple[Violation, ...]

    def merged(self, part: str) -> dict[str, Any]:
        """What the violations change in this part."""
        return {place: value for each in self.violations for place, value in getattr(each, part).items()}

    def first(self, part: str, default: Any) -> Any:
        """What one of them says, if one does."""
        return next((v for each in self.violations if (v := getattr(each, part)) is not None), default)


def cases(operation: str) -> list[Case]:
    violations = OPERATIONS[operation]
    pairs = [pair for pair in combinations(violations, 2) if not pair[0].excludes(pair[1])]
    return [
        Case(f"c{number}", chosen) for number, chosen in enumerate([*((one,) for one in violations), *pairs])
    ]


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_the_earlier_check_wins(
    datamingle: Client, open_datamingle: OpenPartners, operation: str
) -> None:
    partners, all_cases = await open_datamingle(), cases(operation)
    assert len(all_cases) > len(OPERATIONS[operation]) * 3
    whole = {f"channels/{case.name}": _account(partners, case.name) for case in all_cases}
    await partners.change(whole)
    limit = asyncio.Semaphore(AT_ONCE)
    await asyncio.gather(*(_furnish(datamingle, partners, case, limit) for case in all_cases))
    await partners.change({f"channels/{case.name}": _broken(partners, case) for case in all_cases})
    before = await read_state(partners.connection)

    async def told(case: Case) -> tuple[int, str]:
        async with limit:
            reply = await datamingle.send(_request(partners, case, operation))
        body = reply.json
        return reply.status, body["detail"] if "detail" in body else body.get("error", {}).get("code", "")

    answers = await asyncio.gather(*map(told, all_cases))
    wrong = [
        ([each.name for each in case.violations], answer)
        for case, answer in zip(all_cases, answers, strict=True)
        if answer[0] != case.violations[0].status or not answer[1].startswith(case.violations[0].told)
    ]
    assert not wrong
    assert not changed(before, await read_state(partners.connection))


def _account(partners: Partners, name: str) -> dict[str, Any]:
    return {**account(partners, name), "mappings": MAPPINGS}


def _broken(partners: Partners, case: Case) -> dict[str, Any]:
    return edited(_account(partners, case.name), case.merged("account"))


async def _furnish(client: Client, partners: Partners, case: Case, limit: asyncio.Semaphore) -> None:
    """Orders whose names are taken, one that has ended, and the one that is changed."""
    key = partners.key(case.name)
    for number, second in (("TAKEN", "TAKEN"), ("OTHER", "OTHER"), ("ENDED", "ENDED"), ("MINE", "MINE")):
        body = {**BODIES["create"], "h": {"number": number}, "external_order_id": second}
        async with limit:
            assert (await client.send(partners.send("POST", "/orders/", body, key=key))).status == 201
    async with limit:
        await client.send(partners.send("DELETE", "/orders/ENDED/", key=key))


def _request(partners: Partners, case: Case, operation: str) -> Request:
    key = case.first("key", partners.key(case.name))
    path = "/orders/" if operation == "create" else f"/orders/{case.first('target', 'MINE')}/"
    body: Any = case.first("whole", None)
    if body is None:
        body = edited(BODIES[operation], case.merged("body"))
    headers = {"X-API-Key": key, **case.merged("headers")} if key else case.merged("headers")
    return Request(METHODS[operation], PREFIX + path, body, headers)
