"""Secrets by their value, in any text and any body."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from entrepot.integration_log.known_secrets import FEWEST_SIGNS, HIDDEN, SHORTEST, KnownSecrets

SECRETS = st.lists(st.text(st.sampled_from("abXY09 /\"'\\é&[]-"), min_size=1, max_size=14), max_size=4)
AROUND = st.text(st.sampled_from('ab "\\é'), max_size=4)


def counts(secret: str) -> bool:
    return len(secret) >= SHORTEST and len(set(secret)) >= FEWEST_SIGNS and secret != HIDDEN


@given(SECRETS, AROUND, AROUND)
def test_no_secret_stands_in_what_is_kept_however_it_is_written(
    noted: list[str], before: str, after: str
) -> None:
    secrets = KnownSecrets()
    for each in noted:
        secrets.add(each)
    for each in filter(counts, noted):
        in_address = quote(each, safe="")
        told: Any = [f"{before}{each}{after}", {each: f"{before}{in_address}{after}"}]
        text = secrets.without(f"{before}{each}{after}{in_address}{before}")
        read = json.loads(secrets.written(told))
        for place in (text, read[0], *read[1].keys(), *read[1].values()):
            assert each not in place
            assert in_address not in place


@given(st.text(st.sampled_from("abXY09 /\"'\\é"), max_size=20))
def test_what_holds_no_secret_is_told_as_it_is(text: str) -> None:
    secrets = KnownSecrets()
    secrets.add("zzz-no-such-secret")
    assert secrets.without(text) == text
    assert json.loads(secrets.written({"a": [text]})) == {"a": [text]}
