"""`python -m torture`: do harm, print what came of it, and write it where it is wanted."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

from torture import report
from torture.figures import Figures
from torture.kills import Size
from torture.run import NAMES, Plan, run


def main() -> int:
    """Play the scenes. The exit status is 1 where anything was lost, doubled, stuck or an internal error."""
    options = _options()
    figures = _read(options.of) if options.of else asyncio.run(run(_plan(options), _say))
    print(report.text(figures))
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
    if options.page:
        options.page.write_text(
            report.page(figures, _read(options.before) if options.before else None), "utf-8"
        )
    return 1 if figures.faults else 0


def _plan(options: argparse.Namespace) -> Plan:
    plan = Plan(names=tuple(options.only or NAMES), python=options.python, harm=options.seconds)
    size = Size(options.blows, options.pause, plan.size.longest)
    falls = msgspec.structs.replace(plan.falls, times=options.falls)
    plan = msgspec.structs.replace(plan, size=size, falls=falls)
    return plan if options.seed is None else msgspec.structs.replace(plan, seed=options.seed)


def _read(file: Path) -> Figures:
    return msgspec.json.decode(file.read_bytes(), type=Figures)


def _options() -> argparse.Namespace:
    plan = Plan()
    parser = argparse.ArgumentParser(
        prog="python -m torture", description="Harm, and books that must be right."
    )
    parser.add_argument("--seed", type=int, help="do the blows of an earlier run again")
    parser.add_argument("--only", action="append", choices=NAMES, help="play this scene; repeatable")
    parser.add_argument("--blows", type=int, default=plan.size.blows, help="of the kills at random")
    parser.add_argument("--pause", type=float, default=plan.size.pause, help="mean seconds between two blows")
    parser.add_argument("--falls", type=int, default=plan.falls.times, help="of the database's primary")
    parser.add_argument("--seconds", type=float, default=plan.harm, help="of every other scene")
    parser.add_argument(
        "--python", default=plan.python, metavar="PATH", help="interpreter of another checkout"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the tables to FILE, in Markdown")
    parser.add_argument(
        "--of", type=Path, metavar="FILE", help="read the figures of a run from FILE, and run nothing"
    )
    parser.add_argument(
        "--before", type=Path, metavar="FILE", help="for the page: an older release's figures"
    )
    return parser.parse_args()


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
