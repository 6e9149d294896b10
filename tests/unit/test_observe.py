"""The log hides secrets and never blocks; the metrics count."""

import json
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from structlog.processors import format_exc_info

from entrepot.observe import count_exchange, render_metrics
from entrepot.observe.redaction import HIDDEN, redact, without_rows
from entrepot.observe.writer import MOST_BYTES, MOST_LINES, LineWriter
from tests.support.exchanged import Called, Exchanged

LOGGING = """
import logging, sys, structlog
from entrepot.observe import configure_logging, log_exchange
from tests.support.exchanged import Called, Exchanged
configure_logging(sys.argv[1], "info")
log_exchange(Exchanged("bonsai", [Called("submit", "ok", 0.01234, "main")]))
logging.getLogger("entrepot.postgres").warning("from %s", "postgresql://u:hunter2@h/d")
try:
    raise ValueError("Bearer abcdef123456")
except ValueError:
    structlog.stdlib.get_logger("x").exception("failed", api_key="k")
structlog.stdlib.get_logger("x").debug("quiet")
logging.getLogger("asyncpg.pool").warning("Failed to restore the pool connection floor", exc_info=True)
"""


def logged(log_format: str) -> str:
    command = [sys.executable, "-c", LOGGING, log_format]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stderr


def test_json_lines_carry_the_request_and_no_secret() -> None:
    printed = logged("json")
    request, library, failure = (json.loads(line) for line in printed.splitlines())
    del request["timestamp"]
    assert request == {
        "event": "request",
        "level": "info",
        "request_id": "r-1",
        "door": "bonsai",
        "channel": "main",
        "operation": "submit",
        "outcome": "ok",
        "duration_ms": 12.34,
    }
    assert library["event"] == f"from postgresql://u:{HIDDEN}@h/d"
    assert "ValueError: Bearer [hidden]" in failure["exception"]
    assert failure["api_key"] == HIDDEN


def test_readable_lines_carry_the_same() -> None:
    printed = logged("text")
    assert "request_id=r-1" in printed
    assert "outcome=ok" in printed
    assert "hunter2" not in printed
    assert "abcdef123456" not in printed


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("card 4242 4242 4242 4242 declined", f"card {HIDDEN} declined"),
        ("order 4242424242424241", "order 4242424242424241"),
        ("key sk_test_4eC39HqLyjWDarjtT1zdp7dc", f"key {HIDDEN}"),
        # Keys and tokens that we make are URL-safe text, in which dashes are as good as letters.
        ("/orders/sk_live_Ab-cd_efGhij-KLmnopqrstuvwxyz0123456789A-/", f"/orders/{HIDDEN}/"),
        ("sk_test_-" + "a-" * 19 + "b", HIDDEN),
        *((f"token {prefix}1a2b_{'-aB_' * 10}xyz", f"token {HIDDEN}") for prefix in ("wm_", "rbt_", "adm_")),
        (f"/console/link/5a06f990e40e6-{'-aB_' * 10}xyz", f"/console/link/{HIDDEN}"),
        ("Basic dXNlcjpwYXNz", f"Basic {HIDDEN}"),
        ("eyJhbGciOi.eyJzdWIi.c2ln", HIDDEN),
        (
            {"password": "x", "n": 1, "deep": [{"cvc": "123"}]},
            {"password": HIDDEN, "n": 1, "deep": [{"cvc": HIDDEN}]},
        ),
        ("cjld2cjxh0000qzrmn831i7rn", "cjld2cjxh0000qzrmn831i7rn"),
        ("550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000"),
        ("at http://h:80/a, http://h/b from a@b.c", "at http://h:80/a, http://h/b from a@b.c"),
        ("'redis://:pa/ss:w@h' and redis://u:p@h", f"'redis://:{HIDDEN}@h' and redis://u:{HIDDEN}@h"),
    ],
)
def test_redaction(value: object, shown: object) -> None:
    assert redact(None, "info", {"event": value}) == {"event": shown}


@pytest.mark.parametrize(
    "piece",
    [
        "x",
        "://",
        "a://a:",
        "a://b@",
        "eyJ-",
        "eyJ.",
        "pi_",
        "pi_a-",
        "basic ",
        "tok_",
        "1-",
        "ab_1_",
        "4242 ",
    ],
)
def test_a_text_of_any_length_and_letters_is_read_through_once(piece: str) -> None:
    """What grows with the square of the length would take an hour here."""
    redact(None, "info", {"event": piece * (1_000_000 // len(piece))})


def test_writer_keeps_whole_lines_in_order() -> None:
    read, write = os.pipe()
    writer = LineWriter(write)
    for number in range(300):
        writer.write(b"%d" % number)
    writer.flush(60)
    assert os.read(read, 65536).split() == [b"%d" % number for number in range(300)]
    os.close(read)
    writer.write(b"nobody reads")
    writer.flush(60)
    os.close(write)


def test_writer_waits_for_no_reader_and_counts_what_it_drops() -> None:
    read, write = os.pipe()
    dropped: list[int] = []
    writer = LineWriter(write, dropped.append)
    large = b"x" * 100_000
    for _ in range(MOST_BYTES // len(large) + 50):
        writer.write(large, soon=True)
    assert 48 <= sum(dropped) <= 50  # one or two are on their way into the pipe
    before = sum(dropped)
    for _ in range(MOST_LINES + 5):
        writer.write(b"")
    assert sum(dropped) > before
    writer.flush(0.01)
    seen = b""
    while b"were dropped" not in seen:
        seen = seen[-200:] + os.read(read, 1_000_000)
    assert b"%d log lines were dropped" % sum(dropped) in seen
    os.close(read)
    os.close(write)


def test_observed_requests_are_counted_by_door_operation_and_outcome() -> None:
    for _ in range(3):
        count_exchange(Exchanged("counted-door", [Called("submit", "out-of-stock", 0.02)]))
    printed = render_metrics().decode()
    assert (
        'entrepot_requests_total{door="counted-door",operation="submit",outcome="out-of-stock"} 3.0'
        in printed
    )
    assert 'entrepot_request_seconds_bucket{door="counted-door",le="0.025",operation="submit"} 3.0' in printed


def test_counts_of_several_workers_add_up(tmp_path: Path) -> None:
    count = (
        "from entrepot.observe import *; from tests.support.exchanged import *;"
        "count_exchange(Exchanged('d', [Called('o', 'ok', 0.1)]))"
    )
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", count], env=environment, check=True, capture_output=True)
    show = "from entrepot.observe import *; print(render_metrics().decode())"
    done = subprocess.run(
        [sys.executable, "-c", show], env=environment, check=True, capture_output=True, encoding="utf-8"
    )
    assert 'entrepot_requests_total{door="d",operation="o",outcome="ok"} 2.0' in done.stdout


def test_errors_of_the_database_are_written_without_the_row() -> None:
    refused = asyncpg.CheckViolationError("new row violates check constraint")
    refused.detail = "Failing row contains (ada@example.com)."
    value = asyncpg.InvalidTextRepresentationError('invalid input syntax for type integer: "ada@example.com"')
    value.__cause__ = refused
    try:
        raise ExceptionGroup("several", [value])
    except ExceptionGroup as group:
        event = without_rows(None, "error", {"event": "x", "exc_info": group})
        written = str(format_exc_info(None, "error", event)["exception"])
        told = without_rows(None, "error", {"event": "x", "exc_info": True})
    assert "ada@example.com" not in written
    assert "CheckViolationError: new row violates check constraint" in written
    assert told["exc_info"] is True
