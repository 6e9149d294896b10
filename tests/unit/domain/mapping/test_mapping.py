"""Mappings: what they make of payloads, of records and of names, and which are refused. From the rules, by example."""

from decimal import Decimal
from typing import Any

import pytest

from entrepot.domain.mapping.definition import Definition, Nested, Resource, Rule, flaws, warnings
from entrepot.domain.mapping.explain import explain
from entrepot.domain.mapping.paths import read_path, write_path
from entrepot.domain.mapping.plan import Plan, Unmappable

ITEM = Resource(
    "items", {"id": "plain", "sku_code": "plain", "quantity": "plain", "notes": "plain"},
    frozenset({"sku_code", "quantity"}),
)  # fmt: skip
ORDERS = Resource(
    "orders",
    {
        "order_number": "plain", "customer_name": "plain", "status": "plain", "notes": "plain",
        "customer_info": "free", "metadata": "free", "items": "list",
    },
    frozenset({"order_number", "items"}),
    {"items": ITEM},
    frozenset({"order_number", "id"}),
)  # fmt: skip
LINES = Nested(
    "Details",
    "items",
    (Rule("InventoryID", "sku_code"), Rule("OrderQty", "quantity"), Rule("LineNote", "notes")),
)
ERP = Definition(
    (
        Rule("header.po_number", "order_number"),
        Rule("header.vendor", "customer_info"),
        Rule("header.vendor.name", "customer_name"),
    ),
    (LINES,),
    {"metadata.source": "acumatica"},
    "order_number",
)
PAYLOAD: dict[str, Any] = {
    "header": {"po_number": "PO-1", "vendor": {"name": "Acme", "phone": "1"}},
    "Details": [{"InventoryID": "A", "OrderQty": 2}, {"InventoryID": "B", "OrderQty": 1, "LineNote": "x"}],
}
MAPPED: dict[str, Any] = {
    "order_number": "PO-1",
    "customer_info": {"name": "Acme", "phone": "1"},
    "customer_name": "Acme",
    "items": [{"sku_code": "A", "quantity": 2}, {"sku_code": "B", "quantity": 1, "notes": "x"}],
    "metadata": {"source": "acumatica"},
}


def plan(*rules: tuple[str, str], **statics: Any) -> Plan:
    definition = Definition(tuple(Rule(*each) for each in rules), (), statics)
    assert flaws(definition, ORDERS) == []
    return Plan(definition, ORDERS)


def inward(made: Plan, payload: Any, *, partial: bool = False) -> Any:
    found = made.inward(payload, partial=partial)
    return found.reason if isinstance(found, Unmappable) else found


def test_a_payload_comes_in_and_goes_out_in_the_partners_words() -> None:
    made = Plan(ERP, ORDERS)
    assert flaws(ERP, ORDERS) == []
    assert inward(made, PAYLOAD) == MAPPED
    assert made.outward(MAPPED | {"status": "pending"}) == {
        **PAYLOAD,
        "status": "pending",
        "metadata": {"source": "acumatica"},
    }


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (("order_number",), "header.po_number"),
        (("customer_info", "phone", "x"), "header.vendor.phone.x"),
        (("items",), "Details"),
        (("items", 1, "sku_code"), "Details[1].InventoryID"),
        (("items", 1), "Details[1]"),
        (("items", 1, "other"), "Details[1].other"),
        (("due_date",), "due_date"),
        (("non_field_errors",), "non_field_errors"),
    ],
)
def test_errors_name_the_partners_places(path: tuple[str | int, ...], told: str) -> None:
    assert Plan(ERP, ORDERS).name(path) == told


def test_array_index() -> None:
    made = plan(("lines[1].ref", "order_number"))
    assert inward(made, {"lines": [{}, {"ref": "A"}]}) == {"order_number": "A"}
    assert made.outward({"order_number": "A"}) == {"lines": [{}, {"ref": "A"}]}
    assert made.name(("order_number",)) == "lines[1].ref"


def test_what_no_rule_consumes_passes_if_it_is_a_field() -> None:
    made = plan(("po", "order_number"))
    assert inward(made, {"po": "A", "notes": "n", "status": "x", "junk": 1}) == {
        "order_number": "A", "notes": "n", "status": "x"
    }  # fmt: skip


def test_a_mapped_target_wins_over_what_passes() -> None:
    made = plan(("po", "order_number"))
    assert inward(made, {"order_number": "B", "po": "A"}) == {"order_number": "A"}
    assert inward(made, {"order_number": "B"}) == {"order_number": "B"}


def test_later_rules_write_over_earlier_ones_and_share_nothing() -> None:
    made = plan(("vendor", "customer_info"), ("tag", "customer_info.tag"), ("vendor", "metadata"))
    payload = {"vendor": {"tag": "old", "a": 1}, "tag": "new"}
    assert inward(made, payload) == {
        "customer_info": {"tag": "new", "a": 1},
        "metadata": {"tag": "old", "a": 1},
    }


@pytest.mark.parametrize(
    ("payload", "partial", "outcome"),
    [
        ([], False, "payload must be an object"),
        (None, False, "payload must be an object"),
        ({"Details": []}, False, "source path 'header.po_number' not found"),
        ({"Details": []}, True, {"items": [], "metadata": None}),
        ({"header": {}, "Details": []}, False, {"items": []}),
        ({"header": {"po_number": None}}, False, {"order_number": None}),
        ({"header": 7}, False, "source path 'header.po_number': expected object at 'header'"),
        ({"header": None}, True, "source path 'header.po_number': expected object at 'header'"),
        (
            {"header": {"vendor": "x"}},
            False,
            "source path 'header.vendor.name': expected object at 'header.vendor'",
        ),
        ({"header": {}, "Details": {}}, False, "'Details' must be an array"),
        ({"header": {}, "Details": [{}, 7]}, False, "'Details[1]' must be an object"),
        ({"header": {}, "Details": None}, False, {"items": None}),
        ({"header": {}}, False, {}),
    ],
)
def test_what_is_absent_and_what_is_wrong(payload: Any, partial: bool, outcome: Any) -> None:
    found = inward(Plan(ERP, ORDERS), payload, partial=partial)
    if isinstance(outcome, dict):
        expected = dict(outcome)
        if not partial:
            expected["metadata"] = {"source": "acumatica"}
        else:
            expected.pop("metadata", None)
        assert found == expected
    else:
        assert found == outcome


def test_index_beyond_the_array_is_an_absent_container() -> None:
    made = plan(("lines[1]", "order_number"), ("lines[2].note", "notes"))
    assert inward(made, {"lines": ["A"]}) == "source path 'lines[1]' not found"
    assert inward(made, {"lines": ["A"]}, partial=True) == {}
    assert inward(made, {"lines": ["A", "B"]}) == {"order_number": "B"}
    assert inward(made, {"lines": {"1": "B"}}) == "source path 'lines[1]': expected array at 'lines'"


def test_target_that_lies_in_a_scalar_is_a_conflict() -> None:
    made = plan(("a", "metadata.x"), ("b", "metadata.x.y"))
    assert inward(made, {"a": 1, "b": 2}) == "target path 'metadata.x.y' conflicts with 'metadata.x'"
    assert inward(made, {"a": {"z": 1}, "b": 2}) == {"metadata": {"x": {"z": 1, "y": 2}}}
    assert inward(made, {"a": None, "b": 2}) == {"metadata": {"x": {"y": 2}}}


def test_static_values_are_written_last_and_on_change_only_into_what_came() -> None:
    made = plan(("po", "order_number"), **{"metadata.source": "erp", "customer_name": "ACME"})
    whole = {"order_number": "A", "metadata": {"source": "erp", "a": 1}, "customer_name": "ACME"}
    assert inward(made, {"po": "A", "metadata": {"source": "me", "a": 1}}) == whole
    assert inward(made, {"notes": "n"}, partial=True) == {"notes": "n"}
    assert inward(made, {"metadata": {"a": 1}}, partial=True) == {"metadata": {"a": 1, "source": "erp"}}
    assert inward(made, {"metadata": None}, partial=True) == {"metadata": None}


def test_a_name_that_a_rule_writes_displaces_the_field_of_that_name() -> None:
    made = plan(("status", "notes"))
    assert inward(made, {"status": "gift"}) == {"notes": "gift"}
    assert made.outward({"status": "pending", "notes": "gift"}) == {"status": "gift"}


def test_values_keep_their_digits_and_moved_fields_leave_their_place() -> None:
    made = plan(("weight", "metadata.weight"))
    record = inward(made, {"weight": Decimal("1.10")})
    assert record == {"metadata": {"weight": Decimal("1.10")}}
    assert str(record["metadata"]["weight"]) == "1.10"
    assert made.outward({"metadata": {"weight": Decimal("1.10"), "a": 1}}) == {
        "weight": Decimal("1.10"), "metadata": {"a": 1}
    }  # fmt: skip
    assert made.outward(record) == {"weight": Decimal("1.10")}


def test_an_element_that_stands_alone() -> None:
    made = Plan(ERP, ORDERS)
    assert made.element("items", {"sku_code": "A", "id": 1}) == {"InventoryID": "A", "id": 1}
    assert plan().element("items", {"sku_code": "A"}) == {"sku_code": "A"}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("a.b c.ü", ("a", "b c", "ü")),
        ("a[0][12].b", ("a", 0, 12, "b")),
        ("", None),
        ("[0]", None),
        (".a", None),
        ("a.", None),
        ("a..b", None),
        ("a[-1]", None),
        ("a[x]", None),
        ("a[0", None),
        ("a]", None),
        ("a[0]b", None),
        ("a[1000]", None),
        (".".join("a" * 65), None),
        ("a" * 256, None),
    ],
)
def test_paths(text: str, path: Any) -> None:
    assert read_path(text) == path
    if path is not None:
        assert write_path(path) == text


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        (Definition((Rule("a..b", "notes"),)), "the source is no path"),
        (Definition((Rule("a", "no.such"),)), "'no.such' is no field of orders"),
        (Definition((Rule("a", "notes.x"),)), "'notes.x' is no field of orders"),
        (Definition((Rule("a", "items[0].x"),)), "'items[0].x' is no field of orders"),
        (Definition((Rule("a", "metadata[0]"),)), "'metadata[0]' is no field of orders"),
        (Definition((Rule("a", "notes"), Rule("b", "notes"))), "two rules have this target"),
        (Definition((Rule("a", "items"),), (LINES,)), "two rules have this target"),
        (Definition((), (LINES, LINES)), "two rules have this target"),
        (Definition((Rule("a", "items[0].notes"),), (LINES,)), "it lies in a list that another rule makes"),
        (Definition((), (Nested("a", "metadata"),)), "the target is no list of orders; these are: items"),
        (Definition((), (Nested("a", "items", (Rule("x", "status"),)),)), "'status' is no field of items"),
        (Definition((), (), {"nothing": 1}), "'nothing' is no field of orders"),
        (Definition(tuple(Rule("a", f"metadata.k{n}") for n in range(201))), "201 rules; there may be 200"),
        (Definition((), (), {"notes": "x" * 70_000}), "larger than 65536 bytes"),
        (Definition((), (), {"metadata.a": 1, "metadata.a.b": 2}), "another static value stands in its way"),
        (
            Definition((), (), {"metadata": {"a": [1]}, "metadata.a.b": 2}),
            "another static value stands in its way",
        ),
    ],
)
def test_flawed_mappings(definition: Definition, problem: str) -> None:
    assert problem in [each.problem for each in flaws(definition, ORDERS)]


@pytest.mark.parametrize(
    "statics",
    [
        {"metadata.a.b": 2, "metadata.a": 1},
        {"metadata": {"a": {}}, "metadata.a.b": 2},
        {"metadata.a": None, "metadata.a.b": 2},
    ],
)
def test_static_values_may_complete_each_other(statics: dict[str, Any]) -> None:
    definition = Definition((), (), statics)
    assert flaws(definition, ORDERS) == []
    assert isinstance(inward(Plan(definition, ORDERS), {}), dict)


def test_equal_rules_are_one_and_an_odd_identifier_is_a_warning() -> None:
    twice = Definition((Rule("a", "notes"), Rule("a", "notes")), (), {}, "customer_name")
    assert flaws(twice, ORDERS) == []
    assert inward(Plan(twice, ORDERS), {"a": "x"}) == {"notes": "x"}
    assert [each.rule for each in warnings(twice, ORDERS)] == ["identifier_field"]
    assert warnings(ERP, ORDERS) == []


def test_explanation_tells_origins_what_was_dropped_and_what_was_meant() -> None:
    payload = {
        "header": {"PO_Number": "PO-1", "vendor": {"name": "Acme"}},
        "notes": "n",
        "Details": [{"InventoryId": "A", "OrderQty": 2}],
        "junk": {"a": [1]},
    }
    told = explain(Plan(ERP, ORDERS), payload)
    assert told.mapped == {
        "notes": "n",
        "customer_info": {"name": "Acme"},
        "customer_name": "Acme",
        "items": [{"quantity": 2}],
        "metadata": {"source": "acumatica"},
    }
    assert [(each.field, each.source) for each in told.origins] == [
        ("notes", "notes"),
        ("customer_info", "header.vendor"),
        ("customer_name", "header.vendor.name"),
        ("items[0].quantity", "Details[0].OrderQty"),
        ("metadata.source", None),
    ]
    assert told.dropped == ("header.PO_Number", "Details[0].InventoryId", "junk.a[0]")
    assert [(each.source, each.meant, each.required) for each in told.missing] == [
        ("header.po_number", "header.PO_Number", True),
        ("Details[].InventoryID", "Details[].InventoryId", True),
        ("Details[].LineNote", None, False),
    ]
    assert explain(Plan(ERP, ORDERS), {"header": 7}).reason == (
        "source path 'header.po_number': expected object at 'header'"
    )


def test_a_source_is_required_where_nothing_else_gives_its_field() -> None:
    def required(definition: Definition, payload: Any, partial: bool = False) -> list[tuple[str, bool]]:
        told = explain(Plan(definition, ORDERS), payload, partial=partial)
        return [(each.source, each.required) for each in told.missing]

    number, notes = Rule("po", "order_number"), Rule("note", "notes")
    plain = Definition((number, notes))
    assert required(plain, {}) == [("po", True), ("note", False)]
    assert required(plain, {}, partial=True) == [("po", False), ("note", False)]
    assert required(plain, {"order_number": "A", "notes": "n"}) == [("po", False), ("note", False)]
    assert required(Definition((number,), (), {"order_number": "A"}), {}) == [("po", False)]
    # A name that a rule reads does not pass under that name.
    assert required(Definition((number, Rule("order_number", "notes"))), {"order_number": "A"}) == [
        ("po", True)
    ]


def test_an_element_that_lacks_what_it_must_have_is_named_by_its_place() -> None:
    lines = [
        {"InventoryID": "A", "OrderQty": 1, "LineNote": "n"},
        {"InventoryId": "B", "OrderQty": 1},
        {"OrderQty": 1, "sku_code": "C"},
    ]
    told = explain(Plan(Definition((), (LINES,)), ORDERS), {"Details": lines})
    assert [(each.source, each.meant, each.required) for each in told.missing] == [
        ("Details[1].InventoryID", "Details[1].InventoryId", True),
    ]


def test_a_place_that_another_rule_reads_is_not_what_was_meant() -> None:
    rules = Definition((Rule("header.po_number", "order_number"), Rule("header.p_number", "notes")))
    told = explain(Plan(rules, ORDERS), {"header": {"po_number": "A"}})
    assert [(each.source, each.meant) for each in told.missing] == [("header.p_number", None)]
