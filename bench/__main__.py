"""`python -m bench`: measure, print the tables, and write them where they are wanted."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

from bench import report
from bench.compare import compared, read
from bench.load import find_wrk
from bench.plan import Plan
from bench.run import run


def main() -> int:
    """Measure. The exit status is 1 where the books did not agree; a missed aim is told, and no error."""
    options = _options()
    if options.compare:
        print(compared(*map(read, options.compare)))
        return 0
    plan = Plan(
        rounds=options.rounds, seconds=options.seconds, connections=options.connections, wrk=find_wrk()
    )
    figures = asyncio.run(run(plan, _say, options.database_url))
    print(report.text(figures))
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
    if options.page:
        options.page.write_text(report.page(figures), "utf-8")
    return 1 if figures.faults else 0


def _options() -> argparse.Namespace:
    defaults = Plan()
    parser = argparse.ArgumentParser(prog="python -m bench", description="Orders over HTTP beside pgbench.")
    parser.add_argument("--rounds", type=int, default=defaults.rounds)
    parser.add_argument("--seconds", type=int, default=defaults.seconds, help="per load and round")
    parser.add_argument("--connections", type=int, default=defaults.connections)
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="measure on this database, which must hold no workspace, instead of an embedded server",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample to FILE")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the tables to FILE, in Markdown")
    parser.add_argument(
        "--compare",
        type=Path,
        nargs=2,
        metavar=("BEFORE", "AFTER"),
        help="measure nothing: tell the figures of one run, as --json wrote it, by those of another",
    )
    return parser.parse_args()


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
