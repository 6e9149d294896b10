"""Every module that opens a connection to somebody else, with how it is guarded, and the test that shows it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final, NamedTuple

import entrepot

SOURCE: Final = Path(entrepot.__file__).parent
OPENS: Final = frozenset(
    {
        *(
            "AsyncClient",
            "AsyncHTTPTransport",
            "HTTPTransport",
            "HTTPXClient",
            "StripeClient",
            "AvataxClient",
        ),
        *(
            "GuardedClient",
            "GuardedTransport",
            "HTTPConnection",
            "HTTPSConnection",
            "ClientSession",
            "HTTPAdapter",
        ),
        *("SMTP", "SMTP_SSL", "urlopen", "open_connection", "create_connection", "ws_connect"),
    }
)
"""By what a connection is opened, in any of the libraries that are there."""
OURS: Final = ("store", "serving", "testing")
"""Rooms whose connections lead to the operator's own database, or to the tested server itself."""


class Outgoing(NamedTuple):
    """One module that connects."""

    module: str
    to: str
    guard: str
    test: str


_GUARDED: Final = "`GuardedClient`"
_ALLOWED: Final = "gateways/test_private_addresses.py::test_an_account_cannot_allow_them"
OUTGOING: Final = (
    Outgoing(
        "gateways/http/client.py",
        "whatever the modules below name",
        "the guard itself: one look-up, every answer checked, no redirect, no proxy",
        "gateways/tokens/test_http.py::test_a_second_answer_of_the_resolver_leads_nowhere",
    ),
    Outgoing("gateways/tokens/http.py", "partners who vouch for payments", _GUARDED, _ALLOWED),
    Outgoing("gateways/addresses/http.py", "registers of addresses", _GUARDED, _ALLOWED),
    Outgoing("gateways/hubs/http.py", "order hubs", _GUARDED, _ALLOWED),
    Outgoing("gateways/labels/http.py", "label services", _GUARDED, _ALLOWED),
    Outgoing("gateways/carriers/http.py", "carriers", _GUARDED, _ALLOWED),
    Outgoing(
        "gateways/events/http.py",
        "listeners",
        _GUARDED,
        "gateways/events/test_http.py::test_a_private_address_is_refused_unless_allowed",
    ),
    Outgoing(
        "gateways/http/transport.py",
        "whatever Stripe's library asks",
        "the same guard, as a transport",
        _ALLOWED,
    ),
    Outgoing("gateways/cards/stripe.py", "Stripe", "`GuardedTransport` under the vendor's library", _ALLOWED),
    Outgoing("gateways/taxes/avatax.py", "AvaTax", "a session that connects to checked addresses", _ALLOWED),
    Outgoing("gateways/taxes/avatax_session.py", "AvaTax", "`admitted_now`, the guard's own table", _ALLOWED),
    Outgoing("gateways/mail/smtp.py", "mail servers", "`admitted`, the guard's own table", _ALLOWED),
)


def connecting_modules() -> set[str]:
    """The modules of the product in which something is called that connects."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        if name.split("/")[0] in OURS:
            continue
        calls = (
            each.func for each in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(each, ast.Call)
        )
        if any(getattr(each, "attr", getattr(each, "id", None)) in OPENS for each in calls):
            found.add(name)
    return found
