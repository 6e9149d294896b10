"""Mappings, whatever they are and whatever comes: no loss, names that lead back, and nothing raises."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.mapping.definition import Definition, Nested, Rule, flaws
from entrepot.domain.mapping.explain import explain
from entrepot.domain.mapping.paths import ABSENT, Path, look, put, read_path, starts_with, write_path
from entrepot.domain.mapping.plan import Plan, Unmappable
from tests.unit.domain.mapping.test_mapping import ITEM, ORDERS

KEYS = st.sampled_from(["a", "b", "c", "notes", "items", "Details", "x y", "order_number", "ü"])
STEPS = st.one_of(KEYS, KEYS, st.integers(0, 3))
PATHS = st.builds(lambda first, rest: (first, *rest), KEYS, st.lists(STEPS, max_size=3).map(tuple))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=3))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
TARGETS = ["order_number", "customer_name", "status", "notes", "customer_info", "metadata"]
FREE = st.builds(lambda name, key: (name, key), st.sampled_from(["customer_info", "metadata"]), KEYS)
TARGET_PATHS = st.one_of(st.sampled_from(TARGETS).map(lambda name: (name,)), FREE)
ELEMENT_TARGETS = ["sku_code", "quantity", "notes"]


@st.composite
def apart(draw: Any, paths: Any, most: int = 5) -> list[Path]:
    """Paths of which none lies within another, or where another needs something else."""
    found: list[Path] = []
    for path in draw(st.lists(paths, max_size=most)):
        if not any(_overlap(path, each) for each in found):
            found.append(path)
    return found


def _overlap(one: Path, two: Path) -> bool:
    if starts_with(one, two) or starts_with(two, one):
        return True
    split = next(n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b)
    return type(one[split]) is not type(two[split])


@st.composite
def lossless(draw: Any) -> Definition:
    """A mapping that loses nothing: no two sources overlap, and no two targets."""
    sources = draw(apart(PATHS))
    targets = draw(apart(TARGET_PATHS, len(sources)))
    rules = [Rule(write_path(s), write_path(t)) for s, t in zip(sources, targets, strict=False)]
    lists: tuple[Nested, ...] = ()
    if draw(st.booleans()) and not any(starts_with(each, ("Rows",)) for each in sources):
        inner = draw(apart(PATHS, 3))
        names = draw(st.permutations(ELEMENT_TARGETS))
        pairs = zip(inner, names, strict=False)
        lists = (Nested("Rows", "items", tuple(Rule(write_path(s), t) for s, t in pairs)),)
    return Definition(tuple(rules), lists)


@st.composite
def payloads(draw: Any, definition: Definition) -> dict[str, Any]:
    """A payload that has a value at each source, and nothing else."""
    payload: dict[str, Any] = {}
    for rule in definition.field_map:
        put(payload, read_path(rule.source) or (), draw(VALUES), force=True)
    for each in definition.nested_mappings:
        rows: list[dict[str, Any]] = []
        for _ in range(draw(st.integers(0, 3))):
            row: dict[str, Any] = {}
            for rule in each.field_map:
                put(row, read_path(rule.source) or (), draw(SCALARS), force=True)
            rows.append(row)
        payload[each.source] = rows
    return payload


@given(st.data())
def test_what_comes_in_goes_out_again(data: Any) -> None:
    definition = data.draw(lossless())
    assert flaws(definition, ORDERS) == []
    made, payload = Plan(definition, ORDERS), data.draw(payloads(definition))
    record = made.inward(payload, partial=False)
    assert not isinstance(record, Unmappable)
    assert made.outward(record) == payload


@given(st.data())
def test_a_name_leads_to_the_place_from_which_the_value_came(data: Any) -> None:
    definition = data.draw(lossless())
    made, payload = Plan(definition, ORDERS), data.draw(payloads(definition))
    record = made.inward(payload, partial=False)
    assert not isinstance(record, Unmappable)
    for rule in definition.field_map:
        target = read_path(rule.target) or ()
        place = read_path(made.name(target))
        assert place is not None
        assert look(payload, place) == look(record, target)
    for each in definition.nested_mappings:
        for number in range(len(record["items"])):
            for rule in each.field_map:
                target = ("items", number, rule.target)
                place = read_path(made.name(target))
                assert place is not None
                assert look(payload, place) == look(record, target) is not ABSENT


ANY_RULES = st.lists(
    st.builds(lambda s, t: Rule(write_path(s), write_path(t)), PATHS, TARGET_PATHS), max_size=6
)
ANY_LISTS = st.lists(
    st.builds(
        lambda s, rules: Nested(write_path(s), "items", tuple(rules)),
        PATHS,
        st.lists(st.builds(lambda s, t: Rule(write_path(s), t), PATHS, st.sampled_from(sorted(ITEM.fields)))),
    ),
    max_size=1,
)
ANY = st.builds(
    lambda rules, lists, statics: Definition(tuple(rules), tuple(lists), statics),
    ANY_RULES,
    ANY_LISTS,
    st.dictionaries(TARGET_PATHS.map(write_path), SCALARS, max_size=2),
)


@given(ANY, VALUES, st.booleans())
def test_whatever_comes_the_only_failure_is_the_mappings_own(
    definition: Definition, payload: Any, partial: bool
) -> None:
    if flaws(definition, ORDERS):
        return
    made = Plan(definition, ORDERS)
    outcome = made.inward(payload, partial=partial)
    told = explain(made, payload, partial=partial)
    assert (told.reason is not None) == isinstance(outcome, Unmappable)
    if not isinstance(outcome, Unmappable):
        assert set(outcome) <= set(ORDERS.fields)
        made.outward(outcome)


@given(ANY, st.dictionaries(st.sampled_from(sorted(ORDERS.fields)), VALUES))
def test_whatever_a_record_is_it_is_shown(definition: Definition, record: dict[str, Any]) -> None:
    if not flaws(definition, ORDERS):
        shown = Plan(definition, ORDERS).outward(record)
        moved = {str((read_path(rule.target) or ("",))[0]) for rule in definition.field_map}
        moved |= {each.target for each in definition.nested_mappings}
        hidden = Plan(definition, ORDERS).rules.consumed
        assert all(shown[name] == record[name] for name in record if name not in moved | hidden)


@given(st.text(max_size=20))
def test_a_path_is_read_as_it_is_written_or_not_at_all(text: str) -> None:
    path = read_path(text)
    if path is not None:
        assert read_path(write_path(path)) == path
