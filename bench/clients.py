"""Clients of the doors at which partners call: `python -m bench.clients DOOR KIND …`.

What is measured is one kind of request. A process of its own, so that what the clients cost is not counted as the
server's.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from typing import Final

import msgspec

from bench import partners, retailers, sellers
from bench.callers import Caller
from bench.keepalive import Make, Site
from bench.messages import EVERYTHING, Answers

_CALLERS: Final[dict[str, type[Caller]]] = {
    "datamingle": partners.Partner,
    "rebound": retailers.Retailer,
    "walmart": sellers.Seller,
}


async def run(
    door: str, kind: str, url: str, workspace: str, variants: int, connections: int, seconds: float, most: int
) -> Answers:
    """Log in, make what the requests need, and send those of a kind until the time is over, or so many were sent."""
    site = Site(url)
    caller = _CALLERS[door](site.host, workspace, variants, kind)
    if caller.token_path:
        _, body = await site.ask(caller.token_request())
        caller.token = msgspec.json.decode(body)["access_token"]
    for request in caller.first():
        caller.learn((await site.ask(request))[1])
    make: Make = caller.request
    return await site.load(make, caller.good, connections, seconds, most)


async def send(
    url: str,
    door: str,
    kind: str,
    workspace: str,
    variants: int,
    connections: int,
    seconds: float,
    most: int = EVERYTHING,
) -> Answers:
    """What a process full of clients comes to."""
    values = (door, kind, url, workspace, variants, connections, seconds, most)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.clients", *map(str, values), stdout=PIPE
    )
    output, _ = await process.communicate()
    return msgspec.json.decode(output, type=Answers)


def main(arguments: Sequence[str] | None = None) -> None:
    """Send, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.clients")
    parser.add_argument("door", choices=sorted(_CALLERS))
    for name in ("kind", "url", "workspace"):
        parser.add_argument(name)
    for name in ("variants", "connections"):
        parser.add_argument(name, type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("most", type=int)
    answers = asyncio.run(run(**vars(parser.parse_args(arguments))))
    sys.stdout.buffer.write(msgspec.json.encode(answers))


if __name__ == "__main__":
    main()
