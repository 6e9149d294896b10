"""Before each CHECK and each narrow range of the tables stands a rule, and a test that holds the rule.

The database's own refusal is a net: who falls into it learns nothing but that something went wrong.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Integer

from entrepot.store import tables
from entrepot.store.tables._base import metadata

TESTS = Path(__file__).parents[1]

COUNTS = ("unit/domain/stock/test_adjust.py::test_quantities_have_limits",)
STOCK = (
    "unit/domain/stock/test_adjust.py::test_a_move_keeps_the_law_and_the_variants_totals",
    "engine/test_after_sale_property.py::test_after_the_sale_everything_is_as_the_model_says",
)
BANK = ("gateways/cards/test_bank_rules.py::test_money_is_conserved_and_never_overdrawn",)
RETURNS = ("unit/domain/fulfilment/test_returns.py::test_units_go_forward_and_never_back",)
UNITS = (
    "unit/domain/fulfilment/test_ship.py::test_no_more_than_is_left",
    "unit/domain/orders/test_cancel.py::test_more_than_there_is_cannot_be_cancelled",
)
SPENT = (
    "doors/textalk/test_stored_sums.py::test_value_and_rest_of_a_certificate_move_together",
    "engine/test_commerce.py::test_a_certificate_spent_by_ten_at_once_never_goes_below_zero",
)
PATCHES = (
    "doors/textalk/test_validate_agrees.py::test_validate_and_set_say_the_same",
    "worlds/test_can_be_applied.py::test_a_world_that_is_read_can_be_stored",
)

CHECKS: Mapping[str, Sequence[str]] = {
    "bank_funds_never_overdrawn": BANK,
    "bank_intents_captured": ("gateways/cards/test_bank_rules.py::test_capture_knows_its_limits",),
    "bank_intents_refunded": (
        "gateways/cards/test_bank_rules.py::test_refunds_never_exceed_what_was_captured",
    ),
    "bank_intents_transferred": (
        "gateways/cards/test_bank_rules.py::test_transfers_never_exceed_what_was_captured",
    ),
    "cart_lines_quantity_check": (
        "unit/domain/carts/test_partner_carts.py::test_removing_never_leaves_an_empty_line",
        "engine/test_commerce.py::test_what_cannot_be_bought_is_refused_with_its_reason",
    ),
    "certificate_uses_amount_check": (
        "unit/domain/carts/test_totals.py::test_certificates_pay_up_to_their_balance_and_the_rest_is_due",
    ),
    "certificates_balance_check": SPENT,
    "discounts_percent_check": PATCHES,
    "discounts_used_check": (
        "doors/textalk/test_stored_sums.py::test_a_code_cannot_have_fewer_uses_than_it_had",
        "engine/test_commerce.py::test_a_code_for_two_is_used_twice_however_many_ask",
    ),
    "files_size_check": (
        "conformance/test_textalk_shopping_files.py::test_a_file_that_is_none_or_too_large",
    ),
    "holds_quantity_check": (
        "unit/domain/stock/test_adjust.py::test_giving_back_undoes_a_reservation",
        *STOCK,
    ),
    "hub_clients_open_check": (
        "gateways/hubs/test_simulated.py::test_a_client_has_so_many_orders_there_and_no_more",
    ),
    "order_lines_counters_check": (*UNITS, *STOCK),
    "order_lines_terms_check": UNITS,
    "payments_refunded_check": (
        "unit/domain/payments/test_refund.py::test_no_more_is_given_back_than_was_paid",
    ),
    "refunds_amount_check": (
        "unit/domain/payments/test_refund.py::test_what_cannot_be_given_back_is_refused",
    ),
    "return_lines_inspected_check": (
        "unit/domain/fulfilment/test_returns.py::test_received_units_are_put_into_stock_or_thrown_away",
    ),
    "return_lines_stages_check": RETURNS,
    "return_lines_terms_check": RETURNS,
    "shipment_lines_delivered_check": (
        "unit/domain/fulfilment/test_ship.py::test_delivered_moves_the_units_of_its_shipment_once",
    ),
    "stock_law_check": STOCK,
    "stock_owed_check": ("unit/domain/stock/test_adjust.py::test_what_is_owed_is_filled_first",),
    "stock_terms_check": (*COUNTS, "unit/domain/stock/test_adjust.py::test_promised_units_do_not_move"),
}
"""Each CHECK, and the tests that hold the rule that refuses before it."""

SAID = {
    "article_choice_options.position",
    "article_groups.position",
    "delivery_methods.position",
    "payment_methods.position",
    "locations.priority",
    "stock.priority",
    "variants.scale",
    "order_lines.scale",
}
"""Numbers of 32 bits that somebody outside says: a world file's and a patch's rules stop them at a million (`PATCHES`);
a level repeats its location's, and an order line its variant's."""

COUNTED = {
    "attempts.version",
    "bank_intents.confirmations",
    "carrier_consignments.next_step",
    "cart_lines.no",
    "carts.version",
    "customers.version",
    "event_listener_log.status",
    "files.line",
    "holds.line",
    "languages.position",
    "order_events.seq",
    "order_lines.no",
    "order_lines.part",
    "order_parts.no",
    "orders.events",
    "orders.version",
    "outbox.seq",
    "outbox.tries",
    "payments.no",
    "product_choices.position",
    "refunds.payment",
    "request_log.status",
    "return_events.seq",
    "return_lines.line",
    "return_lines.no",
    "returns.events",
    "sandbox_worlds.seq",
    "sessions.version",
    "shipment_events.seq",
    "shipment_events.shipment",
    "shipment_lines.line",
    "shipment_lines.shipment",
    "shipments.events",
    "shipments.no",
    "shipments.part",
    "tries.count",
    "variants.position",
}
"""Numbers of 32 bits that nobody outside says: places in a list of limited length, statuses of HTTP, and what goes up
by one with a durable change of its row."""


@pytest.fixture(scope="module", autouse=True)
def _all_tables() -> None:
    for module in pkgutil.walk_packages(tables.__path__, f"{tables.__name__}."):
        importlib.import_module(module.name)


def test_each_check_of_the_tables_has_a_rule_before_it() -> None:
    found = {
        each.name
        for table in metadata.tables.values()
        for each in table.constraints
        if isinstance(each, CheckConstraint)
    }
    assert found == {*CHECKS}


def test_each_narrow_number_is_limited_or_counted() -> None:
    narrow = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if type(column.type) is Integer
    }
    assert narrow == SAID | COUNTED
    assert not SAID & COUNTED


@pytest.mark.parametrize("test", sorted({test for tests in (*CHECKS.values(), PATCHES) for test in tests}))
def test_the_test_that_holds_a_rule_is_there(test: str) -> None:
    file, _, name = test.partition("::")
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    assert name in {
        each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    }
