"""Which tests hold what at which routes, by the lines of OWASP's API Security Top 10 of 2023.

A route of no claim fails the build (`test_table.py`), so that whoever adds one says here who looks at it. Patterns with
`*` are for tests that read the routes, methods or tables themselves, and fail by themselves when there are more.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Line(NamedTuple):
    """One line of the list. `by_route`: each route needs a test, or a reason why there is nothing to test."""

    name: str
    means: str
    by_route: bool = False


LINES: Final = {
    "API1": Line(
        "Broken object level authorization",
        "what belongs to another workspace, account, environment, customer or session does not exist for the caller",
        by_route=True,
    ),
    "API2": Line(
        "Broken authentication",
        "nobody comes in without a key, or with one that is broken, suspended, expired, revoked or another door's",
        by_route=True,
    ),
    "API3": Line(
        "Broken object property level authorization",
        "nobody reads or writes a property that is not his to read or write; unknown ones are refused or passed over",
        by_route=True,
    ),
    "API4": Line(
        "Unrestricted resource consumption",
        "bodies, heads, queries, lists and connections have limits, and bad input gives no internal error",
        by_route=True,
    ),
    "API5": Line(
        "Broken function level authorization",
        "each operation is for the kind of caller that may call it",
        by_route=True,
    ),
    "API6": Line(
        "Unrestricted access to sensitive business flows",
        "guesses are limited by address and target; what can be used once is used once, however many ask",
    ),
    "API7": Line(
        "Server side request forgery",
        "no outgoing call reaches an address that is not of the open internet, unless the server's own setting says so",
    ),
    "API8": Line(
        "Security misconfiguration",
        "secrets reach no log; answers are not stored; foreign pages and names are refused",
    ),
    "API9": Line(
        "Improper inventory management", "what is answered is described, and what is described is answered"
    ),
    "API10": Line(
        "Unsafe consumption of APIs",
        "what a provider answers is as foreign as what a caller sends: no answer breaks or misleads an order",
    ),
}


class Claim(NamedTuple):
    """Tests that hold a line at these routes."""

    line: str
    tests: tuple[str, ...]
    routes: tuple[str, ...] = ()


EVERY: Final = "security/test_every_route.py::"
TENANCY: Final = "conformance/test_tenancy_"
READING: Final = "doors/bonsai/test_reading_orders.py::"
WALMART_FRONTS: Final = ("/v3/fulfillment/orders-fulfillments", "/v3/orders-fulfillments")
_WALMART: Final = (
    *(f"walmart POST {base}" for base in WALMART_FRONTS),
    *(
        f"walmart {end}".replace("BASE", base)
        for base in WALMART_FRONTS
        for end in (
            "POST BASE/cancel",
            "GET BASE/status",
            "GET BASE/channel-details",
            "POST BASE/channel-details",
            "PUT BASE/channel-details",
            "POST BASE/fetchOrderPromiseOptions",
            "GET BASE/return-orders",
            "POST BASE/return-orders",
            "POST BASE/return-orders/{id}/cancel",
        )
    ),
    "walmart GET /v3/fulfillment/return-orders",
    "walmart POST /v3/fulfillment/return-orders",
    "walmart POST /v3/fulfillment/return-orders/{id}/cancel",
    "walmart GET /v3/fulfillment/inventory",
    "walmart GET /v3/wfs/inventory",
    "walmart GET /v3/fulfillment/mcs/item",
    "walmart POST /v3/fulfillment/mcs/item",
)
_PARTNER: Final = (
    *(
        f"datamingle {method} /api/integrations/v1/{resource}"
        for resource in ("orders", "inventory", "locations", "products")
        for method in ("GET", "POST", "OPTIONS")
    ),
    *(
        f"datamingle {method} /api/integrations/v1/{resource}/{{identifier}}"
        for resource in ("orders", "locations", "products")
        for method in ("GET", "PUT", "DELETE", "OPTIONS")
    ),
    "datamingle GET /api/integrations/v1/inventory/{identifier}",
    "datamingle OPTIONS /api/integrations/v1/inventory/{identifier}",
)
_CARTS: Final = (
    "bonsai POST /carts/v1/submit",
    "bonsai GET /carts/v1/{id}",
    "bonsai DELETE /carts/v1/{id}",
    "bonsai PATCH /carts/v1/{id}/add-product",
    "bonsai PATCH /carts/v1/{id}/remove-product",
    "bonsai PATCH /carts/v1/{id}/set",
)
_READS: Final = (
    "bonsai GET /orders/v2/{id}",
    "bonsai GET /orders/v2/{id}/refunds",
    "bonsai GET /orders/v2/external-order-id/{rest:path}",
)
_ORDERING: Final = ("bonsai POST /orders/V1/submit", "bonsai POST /orders/v2/submit")
_BY_KEY: Final = (
    *_CARTS,
    *_ORDERING,
    "bonsai POST /orders/v2/{id}/payment",
    "bonsai POST /orders/checkout",
    "bonsai GET /products",
)
_SALES: Final = (
    "rebound POST /sales-orders",
    "rebound GET /sales-orders",
    "rebound GET /sales-orders/{salesOrderId}",
    "rebound GET /return-orders",
)
_TOKENS: Final = ("walmart POST /v3/token", "walmart GET /v3/token/detail", "rebound POST /oauth/token")
_CALLS: Final = (
    "textalk CALL *",
    "textalk POST /backend/jsonrpc/v1",
    "textalk WEBSOCKET /backend/jsonrpc/v1",
)
_INSIDE: Final = (
    "console GET /",
    "console GET /log",
    "console GET /log/live",
    "console GET /log/{workspace:int}/{at:int}/{number:uuid}",
    "console POST /logout",
)
_ENTRANCE: Final = (
    "console GET /login",
    "console POST /login",
    "console GET /link/{link}",
    "console POST /link/{link}",
)
_OUTSIDE: Final = ("carriers POST /{channel}/events", "labels GET /{name}")

CLAIMS: Final = (
    Claim("API1", (f"{TENANCY}bonsai.py::test_product_of_another_workspace_does_not_exist",), _ORDERING),
    Claim(
        "API1",
        ("doors/bonsai/test_products.py::test_a_workspace_has_its_own_products",),
        ("bonsai GET /products", "bonsai POST /orders/checkout"),
    ),
    Claim(
        "API1",
        ("doors/bonsai/test_carts.py::test_a_cart_exists_for_its_own_account_and_environment_only",),
        _CARTS,
    ),
    Claim(
        "API1",
        ("security/test_anothers.py::test_a_pending_order_of_another_cannot_be_paid",),
        ("bonsai POST /orders/v2/{id}/payment",),
    ),
    Claim("API1", (f"{READING}test_a_private_key_sees_its_own_account_only",), _READS),
    Claim("API1", (f"{TENANCY}walmart.py::test_nothing_of_another_is_there",), _WALMART),
    Claim(
        "API1",
        ("conformance/test_rebound_session.py::test_a_token_of_another_door_or_environment_is_none_of_this",),
        _TOKENS,
    ),
    Claim(
        "API1",
        (
            "conformance/test_rebound_tenancy.py::test_an_order_of_another_workspace_does_not_exist",
            "conformance/test_rebound_tenancy.py::test_flows_of_another_workspace_do_not_exist",
            "conformance/test_rebound_tenancy.py::"
            "test_names_are_each_workspace_s_client_s_environment_s_and_flow_s_own",
        ),
        _SALES,
    ),
    Claim("API1", (f"{TENANCY}datamingle.py::test_every_id_of_another_workspace_is_unknown",), _PARTNER),
    Claim(
        "API1",
        (
            f"{TENANCY}textalk.py::test_every_method_that_the_server_describes_is_looked_at",
            f"{TENANCY}textalk.py::test_another_ones_object_is_answered_as_one_that_nobody_has",
            f"{TENANCY}textalk.py::test_another_ones_object_cannot_be_referred_to",
        ),
        _CALLS,
    ),
    Claim(
        "API1",
        (
            "console/test_log_pages.py::test_an_operator_of_one_workspace_sees_nothing_of_another_on_any_route",
        ),
        _INSIDE,
    ),
    Claim("API1", ("console/test_doorway.py::test_links_and_sessions_end",), _ENTRANCE),
    Claim(
        "API1",
        (
            "outside/test_carriers.py::test_a_carrier_tells_of_its_own_channels_orders_only",
            "outside/test_labels.py::test_nobody_finds_a_label_by_another_path",
        ),
        _OUTSIDE,
    ),
    Claim(
        "API2",
        (
            f"{EVERY}test_no_route_lets_a_stranger_in",
            f"{EVERY}test_no_route_lets_somebody_in_whose_key_has_ended",
        ),
        ("bonsai *", "datamingle *", "rebound *", "walmart *", "textalk *"),
    ),
    Claim(
        "API2",
        (
            "conformance/test_rebound_session.py::test_a_token_is_refused",
            "conformance/test_walmart_input.py::test_requests_for_tokens",
        ),
        _TOKENS,
    ),
    Claim(
        "API2",
        (
            "doors/textalk/test_credentials_end.py::test_a_new_password_ends_the_sessions_of_the_old_one",
            "doors/textalk/test_visibility.py::test_whoever_may_not_log_in_any_more_is_out_at_the_next_call",
            f"{TENANCY}textalk.py::test_tokens_of_others_are_bad",
        ),
        _CALLS,
    ),
    Claim(
        "API2",
        (
            "console/test_doorway.py::test_without_a_session_every_page_leads_to_the_doorway",
            "console/test_doorway.py::test_links_and_sessions_end",
        ),
        (*_INSIDE, *_ENTRANCE),
    ),
    Claim(
        "API2",
        ("outside/test_carriers.py::test_a_signature_of_another_time_opens_nothing",),
        ("carriers POST /{channel}/events",),
    ),
    Claim(
        "API2",
        ("outside/test_labels.py::test_nobody_finds_a_label_by_another_path",),
        ("labels GET /{name}",),
    ),
    Claim(
        "API3",
        ("doors/bonsai/test_bad_input.py::test_unknown_key_is_refused_on_every_level",),
        (*_BY_KEY, *_READS),
    ),
    Claim(
        "API3",
        (
            "conformance/test_walmart_input.py::test_no_wrong_value_of_any_field_breaks_anything",
            f"{TENANCY}walmart.py::test_nothing_of_another_is_there",
        ),
        (*_WALMART, *_TOKENS[:2]),
    ),
    Claim(
        "API3",
        ("conformance/test_rebound_input.py::test_unknown_members_are_passed_over_and_never_shown",),
        (*_SALES, _TOKENS[2]),
    ),
    Claim(
        "API3",
        (
            "conformance/test_datamingle_bad_input.py::test_free_objects_come_back_as_they_were_written",
            "conformance/test_datamingle_auth.py::"
            "test_what_the_account_may_not_is_refused_before_the_request_is_looked_at",
        ),
        _PARTNER,
    ),
    Claim(
        "API3",
        (
            "doors/textalk/test_visibility.py::test_what_is_not_for_everybody_is_in_no_answer_and_no_oracle",
            "doors/textalk/test_visibility.py::test_schemas_show_what_can_be_set_and_no_value",
            "doors/textalk/test_secrets.py::test_no_secret_is_told_or_kept_in_clear",
        ),
        _CALLS,
    ),
    Claim(
        "API3",
        (
            "console/test_log_pages.py::test_what_comes_from_outside_is_shown_as_text",
            "integration_log/test_entries.py::test_what_lets_the_caller_in_is_hidden_wherever_it_is_repeated",
        ),
        (*_INSIDE, *_ENTRANCE),
    ),
    Claim(
        "API3",
        (
            "outside/test_carriers.py::test_a_body_that_is_none_is_told",
            "outside/test_labels.py::test_labels_are_only_read",
        ),
        _OUTSIDE,
    ),
    Claim(
        "API4",
        (
            f"{EVERY}test_no_route_reads_a_body_beyond_its_limit",
            f"{EVERY}test_nothing_that_ever_broke_a_door_breaks_any",
            f"{EVERY}test_no_call_that_ever_broke_a_method_breaks_any",
            "platform/test_heads.py::test_a_head_beyond_its_limit_is_431",
            "platform/test_heads.py::test_a_url_beyond_its_limit_is_414",
            "doors/kit/test_budget.py::test_a_body_beyond_the_sum_is_put_off_until_another_is_answered",
        ),
        ("*",),
    ),
    Claim(
        "API4",
        (
            "doors/textalk/test_limits.py::test_a_query_follows_six_references",
            "doors/textalk/test_limits.py::test_a_list_holds_a_hundred_thousand_objects",
            "doors/textalk/test_attacks.py::test_slow_reads_leave_room_for_others",
        ),
        _CALLS,
    ),
    Claim("API5", (f"{READING}test_only_the_private_key_opens_orders",), _READS),
    Claim(
        "API5",
        (
            "doors/bonsai/test_checkout.py::test_only_an_api_key_opens_checkout",
            "doors/bonsai/test_products.py::test_only_an_api_key_opens_products_and_browsers_may_call",
            "security/test_anothers.py::test_a_private_key_opens_no_route_of_api_keys",
        ),
        _BY_KEY,
    ),
    Claim(
        "API5",
        (
            "conformance/test_walmart_promises.py::test_items_need_the_right_to_change_them",
            f"{TENANCY}walmart.py::test_nothing_of_another_is_there",
        ),
        (*_WALMART, *_TOKENS[:2]),
    ),
    Claim(
        "API5",
        (
            "conformance/test_rebound_tenancy.py::"
            "test_who_sees_the_workspace_reads_what_others_registered_and_no_tests",
        ),
        (*_SALES, _TOKENS[2]),
    ),
    Claim(
        "API5",
        (
            "conformance/test_datamingle_auth.py::test_scope_is_missing",
            "security/test_anothers.py::test_a_key_without_the_scope_may_not_on_any_route",
        ),
        _PARTNER,
    ),
    Claim(
        "API5",
        (
            "doors/textalk/test_visibility.py::test_the_table_holds_every_method",
            "doors/textalk/test_visibility.py::test_everybody_may_do_what_the_table_says",
        ),
        _CALLS,
    ),
    Claim(
        "API5",
        (
            "console/test_doorway.py::test_logging_out_needs_the_sessions_own_token_and_ends_it",
            "console/test_doorway.py::test_no_other_site_logs_anybody_in_or_out",
        ),
        (*_INSIDE, *_ENTRANCE),
    ),
    Claim("API5", ("outside/test_carriers.py::test_only_a_channel_whose_carrier_calls_is_there",), _OUTSIDE),
    Claim(
        "API6",
        (
            "doors/textalk/test_customer_limits.py::test_tries_to_log_in_are_limited_for_all_processes_together",
            "doors/textalk/test_customer_limits.py::test_tries_of_codes_are_limited",
            "doors/textalk/test_customer_limits.py::test_mails_are_limited_by_whom_they_go_to_and_who_asks",
            "doors/textalk/test_customer_limits.py::test_whoever_may_not_log_in_hears_the_same_after_the_same_work",
            "console/test_doorway.py::test_tries_are_limited_and_a_name_that_nobody_has_is_answered_alike",
            "engine/test_commerce.py::test_a_certificate_spent_by_ten_at_once_never_goes_below_zero",
            "engine/test_commerce.py::test_a_code_for_two_is_used_twice_however_many_ask",
            "doors/bonsai/test_pending.py::test_paying_twice_at_once_charges_once",
            "conformance/test_textalk_shopping_files.py::test_a_store_that_is_full",
        ),
    ),
    Claim(
        "API7",
        (
            "gateways/http/test_addresses.py::test_public_addresses_are_those_of_the_open_internet",
            "gateways/http/test_addresses.py::test_the_answer_is_ours_whatever_python_knows",
            "gateways/test_private_addresses.py::test_an_account_cannot_allow_them",
            "gateways/test_private_addresses.py::test_no_settings_with_an_address_of_their_own_are_forgotten",
            "gateways/tokens/test_http.py::test_a_private_address_is_refused_however_it_is_written",
            "gateways/tokens/test_http.py::test_a_second_answer_of_the_resolver_leads_nowhere",
            "gateways/tokens/test_http.py::test_a_redirect_is_not_followed",
            "gateways/events/test_http.py::test_a_private_address_is_refused_unless_allowed",
        ),
    ),
    Claim(
        "API8",
        (
            "doors/kit/test_no_copies.py::test_no_answer_may_be_stored",
            "platform/test_heads.py::test_a_host_that_is_missing_doubled_or_broken_is_400",
            "platform/test_serving.py::test_forwarded_headers_count_from_trusted_proxies_only",
            "platform/test_embedded.py::test_nothing_of_a_row_reaches_the_servers_log",
            "sandbox/test_guard.py::test_a_sandbox_takes_no_database_with_real_workspaces",
            "sandbox/test_visitors.py::test_only_names_of_this_machine_are_answered",
            "sandbox/test_visitors.py::test_requests_of_other_sites_pages_are_refused",
            "sandbox/test_visitors.py::test_the_world_shows_secrets_of_simulators_only",
            "doors/test_declared.py::test_every_operation_declares_what_may_be_kept_of_it",
            "console/test_doorway.py::test_every_page_says_that_nothing_from_outside_is_loaded",
        ),
    ),
    Claim(
        "API9",
        (
            "security/test_table.py::test_each_route_has_a_test_for_each_line",
            "security/test_table.py::test_what_is_answered_is_described",
            "docs/test_openapi_fuzzing.py::test_the_fuzzing_tool_finds_nothing",
            "docs/test_described_doors.py::"
            "test_every_door_is_on_the_first_page_and_describes_itself_where_it_says",
        ),
    ),
    Claim(
        "API10",
        (
            "gateways/cards/test_stripe.py::test_json_that_is_no_intent_is_no_answer",
            "gateways/cards/test_stripe.py::test_html_is_no_answer_and_is_never_quoted",
            "gateways/taxes/test_avatax.py::test_an_impossible_figure_is_no_quote",
            "gateways/tokens/test_http.py::test_what_is_no_answer_is_no_verdict",
            "gateways/tokens/test_http.py::test_a_packed_reply_is_not_unpacked",
            "gateways/labels/test_http.py::test_a_reply_of_two_megabytes_is_no_label",
            "gateways/hubs/test_http.py::test_a_status_that_speaks_of_no_order_is_no_answer",
            "gateways/addresses/test_http.py::test_what_is_no_answer_is_a_failure",
            "gateways/carriers/test_http.py::test_half_a_reply_none_at_all_and_nobody_there",
            "gateways/mail/test_smtp.py::test_what_is_no_mail_server_is_an_answer_too",
            "outside/test_carriers.py::test_a_body_that_was_changed_on_its_way_opens_nothing",
        ),
    ),
)

OPEN: Final = {
    "server *": "open to whoever can reach the server; it holds nothing of anybody",
    "failures *": "open pages, the same for everybody",
    "missing *": "an open page, the same for everybody",
    "console GET /console.css": "a part of the pages, the same for everybody",
    "console GET /icon.svg": "a part of the pages, the same for everybody",
    "console GET /live.js": "a part of the pages, the same for everybody",
    "* GET /openapi.json": "an open description, the same for everybody",
    "textalk GET /openrpc.json": "an open description, the same for everybody",
    "sandbox *": "a sandbox's owner's alone, whose worlds are made up (API8)",
}
"""Routes of which there is nothing to be had or guarded, and why: only their limits need a test."""
