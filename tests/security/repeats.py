"""Which commands can be sent twice, and by what they are known: the table of docs/reference/repeating.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import typer

from entrepot.cli import app
from tests.security.page import matches
from tests.security.routes import Route


class Repeat(NamedTuple):
    """What becomes of commands that are sent again: known `by` what, empty where by nothing of the caller's."""

    commands: tuple[str, ...]
    by: str
    again: str


HEADER: Final = "the header `Idempotency-Key`"
CREATES: Final = "another one is made; no money or stock moves"
STATES: Final = "it says what shall be so, and it is so"
REPEATS: Final = (
    Repeat(
        (
            "bonsai POST /orders/V?/submit",
            "bonsai POST /orders/v?/submit",
            "bonsai POST /orders/v2/{id}/payment",
        ),
        "the payment's token, or `externalOrderId`",
        "nothing is charged twice: a lost answer is given again to the same body, else the name is taken",
    ),
    Repeat(("bonsai POST /orders/checkout",), "", "it calculates and changes nothing"),
    Repeat(("bonsai POST /carts/v1/submit",), "", CREATES),
    Repeat(("bonsai PATCH /carts/v1/*-product",), "", "a cart counts it again; no money or stock moves"),
    Repeat(("bonsai PATCH /carts/v1/{id}/set", "bonsai DELETE /carts/*"), "", STATES),
    Repeat(("textalk CALL Order.checkout",), "the cart's uid", "the cart becomes one order and is paid once"),
    Repeat(
        ("textalk CALL Payment.refund",),
        "`key` in its options",
        "the money goes back once; without a key a second call is a second refund, of what is left",
    ),
    Repeat(
        ("textalk CALL Payment.capture", "textalk CALL Payment.cancel", "textalk CALL Order.discard"),
        "the uid",
        "what was collected, let go or discarded is not so twice",
    ),
    Repeat(("textalk CALL Giftcertificate.create",), "its `code`", "a code that is taken is refused"),
    Repeat(
        (
            "textalk CALL *.set",
            "textalk CALL *.delete",
            "textalk CALL Order.removeDiscountCode",
            "textalk CALL Session.setCustomer",
        ),
        "the uid",
        STATES,
    ),
    Repeat(("textalk CALL Order.addArticle",), "", "a cart counts it again; no money or stock moves"),
    Repeat(("textalk CALL Order.addDiscountCode",), "the code", "a code that is in the cart is refused"),
    Repeat(("textalk CALL *.create", "textalk CALL Customer.signup"), "", CREATES),
    Repeat(
        ("textalk CALL Admin.login", "textalk CALL Customer.*"),
        "",
        "no money or stock moves; codes hold once",
    ),
    Repeat(
        ("datamingle POST *orders",),
        "the order's own number, or `external_order_id`",
        "refused as a duplicate: 400 for its own number, which the error names, 409 `DUPLICATE` for the other",
    ),
    Repeat(("datamingle POST *products", "datamingle POST *locations"), "SKU or code", "409 `DUPLICATE`"),
    Repeat(
        ("datamingle DELETE *products*", "datamingle DELETE *locations*"), "the record", "404: it is gone"
    ),
    Repeat(("datamingle POST *inventory", "datamingle PUT *", "datamingle DELETE *"), "the record", STATES),
    Repeat(("rebound POST /sales-orders",), "the order's own number", "refused as a duplicate"),
    Repeat(("*POST /oauth/token", "walmart POST /v3/token"), "", "another token is given out"),
    Repeat(("walmart POST *orders-fulfillments",), "`sellerOrderId`", "refused as a duplicate"),
    Repeat(
        ("walmart POST *orders-fulfillments/cancel",),
        f"{HEADER} (ours)",
        "the units are cancelled once, with one `requestId`; without it as many again",
    ),
    Repeat(("walmart POST *return-orders",), "`sellerReturnOrderId`", "the same return is the answer"),
    Repeat(("walmart POST *return-orders/{id}/cancel",), "the return's id", "what is cancelled stays so"),
    Repeat(("walmart POST */item", "walmart P* *channel-details"), "its own id or name", STATES),
    Repeat(("walmart POST *fetchOrderPromiseOptions",), "", "it calculates and changes nothing"),
    Repeat(("carriers POST *",), "the event's id", "the event counts once"),
    Repeat(
        ("sandbox POST /orders/*", "sandbox POST /returns*"),
        HEADER,
        "the step is taken once and answered alike; without it, it is taken again",
    ),
    Repeat(("sandbox POST /deliveries/resend",), "", "the events are told again, under their own ids"),
    Repeat(
        ("sandbox *",),
        "",
        "it sets the sandbox up; reset and restore say what shall be so",
    ),
    Repeat(("console *",), "", "it opens or ends an operator's visit; a link opens once"),
    Repeat(
        (
            "cli orders acknowledge",
            "cli orders delete",
            "cli stock set",
            "cli apply",
            "cli keys *",
            "cli mapping *",
            "cli operators *",
            "cli outbox retry",
            "cli migrate",
            "cli upgrade-data",
            "cli restore",
        ),
        "",
        STATES,
    ),
    Repeat(("cli outbox resend",), "", "the events are told again, under their own ids"),
    Repeat(("cli backup",), "", "a file that is there is not written over"),
)
"""The first that matches counts. A command of the command line that has `--key` needs no line here."""
READS: Final = frozenset(
    {
        "get",
        "list",
        "count",
        "validate",
        "normalize",
        "getSchema",
        "search",
        "elasticSearch",
        "tree",
        "lookup",
    }
)
_READ_CALLS: Final = frozenset(
    {
        "getArticleUids",
        "getArticlegroupUids",
        "getLog",
        "generateCode",
        "lookupAddress",
        "getFile",
        "getOrder",
        "getToken",
        "getSuborders",
    }
)
_NO_COMMANDS: Final = frozenset(
    {"check", "demo", "explain", "failures", "serve", "mapping show", "mapping try"}
)
INTRO: Final = """# Which commands can be repeated

An answer may be lost. What then may be sent again, known by what, and what becomes of it. What is not told here reads.

This page is made: `python -m tests.security.page docs/reference`.

| command | known by | sent again |
| --- | --- | --- |
"""


def commands(routes: Sequence[Route]) -> list[Route]:
    """All that changes anything: of the server, and of the command line."""
    return [*(each for each in routes if _changes(each)), *(each for each, _ in _of_the_line())]


def _changes(route: Route) -> bool:
    if route.method == "CALL":
        return route.path.rpartition(".")[2] not in READS | _READ_CALLS
    return (
        route.method in {"POST", "PUT", "PATCH", "DELETE"}
        and route.room not in {"textalk", "server"}
        and "partner" not in route.path
    )


def _of_the_line() -> Iterator[tuple[Route, bool]]:
    """The commands of the command line, and whether each takes a key."""

    def below(command: Any, name: str) -> Iterator[tuple[str, Any]]:
        if not hasattr(command, "commands"):
            yield name, command
            return
        for own, each in command.commands.items():
            yield from below(each, f"{name} {own}".strip())

    for name, command in below(typer.main.get_command(app), ""):
        if name.rpartition(" ")[2] not in {"list", "show", "owed"} and name not in _NO_COMMANDS:
            group, _, own = name.rpartition(" ")
            keyed = any(each.name == "key" and "--key" in each.opts for each in command.params)
            yield Route("cli", group or own, own if group else ""), keyed


def repeat_of(command: Route) -> Repeat | None:
    """What becomes of a command that is sent again; None where nobody said it."""
    if command in {each for each, keyed in _of_the_line() if keyed}:
        return Repeat(
            (), "`--key`", "it is done once, and tells the same again; without it, it is done again"
        )
    return next((each for each in REPEATS if matches(str(command).strip(), each.commands)), None)


def repeating_page(routes: Sequence[Route]) -> str:
    """The whole page."""
    return INTRO + "".join(_row(each) for each in commands(routes))


def _row(command: Route) -> str:
    found = repeat_of(command)
    if found is None:
        raise LookupError(
            f"{command}: say in tests/security/repeats.py what becomes of it when it is sent again"
        )
    words = f"entrepot {command.method} {command.path}" if command.room == "cli" else str(command)
    return f"| `{words.strip()}` | {found.by or '–'} | {found.again} |\n"
