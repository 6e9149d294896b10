"""What once came to an internal error somewhere, or was found by a fuzzer on the way to one: kept for every route.

What is added when a fuzzer finds more stays here, whichever door it was found at. Values of headers have a corpus of
their own, `tests/doors/test_raw_headers.py`.
"""

from __future__ import annotations

from typing import Any

BODIES: tuple[bytes, ...] = (
    # Readers of JSON raise more than one kind of error: for depth, for bytes, for numbers.
    *(b"", b"{", b"{} {}", b'{"a": -Infinity}', b"[" * 100_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    *(b'{"note": "\xff\xfe"}', b'{"note": "\xed\xa0\x80"}', b'{"note": "\\ud800"}', b'{"a\\u0000b": 1}'),
    *(b'{"quantity": 1e400}', b'{"quantity": 0e999999999}', b'{"quantity": ' + b"9" * 5_000 + b"}"),
    # What is JSON and no object, or an object of nothing that was meant.
    *(
        b"null",
        b'"x"',
        b"[[]]",
        b"[null]",
        b'{"": {}, "~": 1, "/": 2}',
        b'{"items": [null], "salesItems": [null]}',
    ),
    *(b'{"payload": []}', b'{"header": 5, "payload": {"items": [null], "orderItems": [{}]}}'),
    # Forms.
    *(b"grant_type=%ff%fe", b"grant_type=client_credentials&grant_type=%00"),
)
SEGMENTS: tuple[str, ...] = (
    *("%00", "%ff%fe", "%ED%A0%80", "a%0Ab", "..%2f..%2f", "%27%3B--", "%", "x" * 300),
    # Numbers that fit a path and nothing that is stored.
    *("0", "-1", "9" * 20, "9" * 5_000, "9223372036854775808", "%D9%A3"),
    # Ids in their own form, of nothing.
    *("c" + "z" * 24, "00000000-0000-4000-8000-000000000000", "fffffffffffffff-" + "0" * 32 + ".pdf"),
)
QUERIES: tuple[str, ...] = (
    *("", "%00", "%ff%fe", "a%0Ab", "-1", "9" * 20, "9" * 5_000, "1e400", "%D9%A3"),
    *("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "2024-02-30"),
    *("e30=", "bnVsbA", "W10", "A" * 2_000, "x,y,,"),
)
"""Values of the parameters that an operation declares."""
CALLS: tuple[tuple[str, Any], ...] = (
    ("Context.get", [{"nothing": True}]),
    ("Context.set", [{"nothing": True}]),
    ("Article.list", [True, {"sort": "nothing"}]),
    ("Article.list", [{"price": {"nothing": True}}, {"filters": {"/price/regular/XXX": {"like": "%"}}}]),
    ("Article.set", [1, {"articlegroup": None, "showInArticlegroups": [1]}]),
    ("ArticleVariant.set", [None, {"articleNumber": "x"}]),
    ("Discountcode.set", [1, {"maxUses": 0}]),
    ("Giftcertificate.create", [{"originalValue": 2**62, "currency": "SEK"}]),
    ("Order.checkout", [None]),
)
PARAMS: tuple[Any, ...] = (
    *(
        {"uid": 1},
        [None, None],
        [2**63, {}],
        [10**400],
        ["\u0663", {"": {}}],
        [[None], [[]]],
        ["x" * 5000, True],
    ),
    *(
        [{"en": 5}, {"limit": -0.0}],
        [{"~": 1, "/": 2}, {"filters": {"/": {"like": None}}}],
        [1, "1", None, {}],
    ),
)
"""Parameters with which every method is called; `tests/doors/textalk/test_fuzz.py` calls each in many more ways."""
