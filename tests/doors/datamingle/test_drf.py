"""Bodies are read and refused as Django REST Framework 3.18.3 does it: its answers, recorded, beside ours.

`drf_answers.json` was recorded with serializers of the same fields (required and optional texts, integers with limits,
dates, free dictionaries, a list of items, a boolean); each entry is a body with the validated values or the errors.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from entrepot.doors.datamingle import drf, schemas
from entrepot.doors.datamingle.speech import OWN_WORDS
from entrepot.doors.kit import decode_json
from entrepot.doors.kit.checking import Body, check

ANSWERS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "drf_answers.json").read_text("utf-8"))
SHAPES: dict[str, Body[Any]] = {"order": schemas.NEW_ORDER, "location": schemas.LOCATION_CHANGES}


def ours(kind: str, body: Any) -> dict[str, Any]:
    found = check(SHAPES[kind], body, drf.MANNER)
    if found.value is None:
        told = drf.details(found.faults, body)
        return {"errors": [[OWN_WORDS.name(each.path), each.said("")] for each in told]}
    return {"value": json.loads(json.dumps(found.value, default=datetime.isoformat))}


def differs_on_purpose(answer: dict[str, Any]) -> bool:
    """The documented sentence for items, null as a whole body, and a form of dates that is no ISO 8601."""
    body = answer["body"]
    return body == {} or body is None or (isinstance(body, dict) and body.get("due_date") == "2026-5-1 1:02")


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: str(answer["body"])[:60])
def test_a_body_comes_to_what_the_framework_makes_of_it(answer: dict[str, Any]) -> None:
    theirs = {name: answer[name] for name in ("errors", "value") if name in answer}
    if answer["kind"] == "location" and "value" in theirs:
        theirs["value"].pop("code", None)  # which no change can have
    assert (ours(answer["kind"], answer["body"]) == theirs) is not differs_on_purpose(answer)


def test_few_are_different_on_purpose() -> None:
    assert sum(map(differs_on_purpose, ANSWERS)) == 3
    assert len(ANSWERS) > 150


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1", True), ("1.0", True), ("1.00", True), ("1e0", True), ("10E-1", True), ("0", False), ("0.00", False),
        ("-0.0", False), ("2", None), ("1.5", None), ("-1", None), ('"1.0"', None), ('"1"', True), ("null", None),
    ],
)  # fmt: skip
def test_a_number_is_true_or_false_by_its_value_however_it_is_written(
    written: str, meant: bool | None
) -> None:
    """The framework looks it up in a set, in which equal numbers are one."""
    found = drf.boolean(decode_json(written.encode(), exact=True))
    assert (found if isinstance(found, bool) else None) is meant
