"""Where secrets stand in bodies, against the rule said plainly: path by path, with nothing remembered."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from entrepot.integration_log.known_secrets import HIDDEN, KnownSecrets, is_secret
from entrepot.integration_log.levels import Level, under
from entrepot.integration_log.masking import hide

NAMES = st.sampled_from(["a", "b", "*", "0", "1", "a/b", "~", "token", "PASSWORD", "compass", ""])
SCALARS = st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["", "x", "a secret text"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
PATHS = st.lists(st.lists(NAMES, max_size=4), max_size=4)


def pointer(path: list[str]) -> str:
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)


def shown(value: Any, at: tuple[str, ...], paths: list[list[str]]) -> Any:
    """The rule: hidden is what a path leads to, null but at the top apart, and what a member's name calls secret."""
    pointed = any(
        len(path) == len(at) and all(step in ("*", place) for step, place in zip(path, at, strict=True))
        for path in paths
    )
    if pointed and (value is not None or not at):
        return HIDDEN
    if type(value) is list:
        return [shown(each, (*at, str(place)), paths) for place, each in enumerate(value)]
    if type(value) is not dict:
        return value
    return {
        name: HIDDEN
        if is_secret(name) and type(each) not in (bool, type(None))
        else shown(each, (*at, name), paths)
        for name, each in value.items()
    }


@given(VALUES, PATHS)
def test_hidden_is_what_the_rule_hides_whatever_was_met_before(value: Any, paths: list[list[str]]) -> None:
    pointers = tuple(map(pointer, paths))
    expected = shown(value, (), paths)
    assert hide(copy.deepcopy(value), pointers, KnownSecrets()) == expected
    assert hide(copy.deepcopy(value), pointers, KnownSecrets()) == expected, (
        "of what is remembered the same is said"
    )


def test_names_that_callers_choose_are_not_remembered_without_end() -> None:
    level = under(("/a",))
    assert isinstance(level, Level)
    for number in range(2_000):
        assert type(level[f"member {number}"]) is Level
    assert type(level["n" * 10_000]) is Level
    assert len(level) < 1_000
    assert all(len(name) < 100 for name in level)
