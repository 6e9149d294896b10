"""What the operator's commands share: the options, the database, the workspace, and how outcomes are told."""

import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from entrepot.cli.options import Config, DatabaseUrl, DataDir, fail, settings_from

if TYPE_CHECKING:
    from msgspec import Struct
    from rich.console import RenderableType

    from entrepot.cli.showing import ToldAs
    from entrepot.domain.kernel.commands import Command
    from entrepot.domain.payments.refund import RefundOrder
    from entrepot.engine import Engine
    from entrepot.engine.batches.engine import Outcome
    from entrepot.engine.money.refund import Refunds
    from entrepot.failures import Failure
    from entrepot.failures.payments import RefundTooLarge
    from entrepot.store.connections import Connection
    from entrepot.store.queries.workspaces import ChannelName

Workspace = Annotated[
    str | None,
    typer.Option(
        "--workspace", "-w", envvar="ENTREPOT_WORKSPACE", help="Its name; may be left out where there is one."
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        help="A name of your own: the same command under it is done once, and tells the same again."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, amounts in minor units.")]

_SHARED: dict[str, tuple[Any, object]] = {
    "workspace": (Workspace, None),
    "as_json": (AsJson, False),
    "data_dir": (DataDir, None),
    "database_url": (DatabaseUrl, None),
    "config": (Config, None),
}


class Session:
    """One command at work: a connection for reads, the workspace, and the engine for changes."""

    def __init__(
        self, url: str, connection: "Connection", workspace: int, *, as_json: bool, said: object = None
    ) -> None:
        self.connection = connection
        self.workspace = workspace
        self._said = said
        self._url = url
        self._as_json = as_json

    async def execute(self, command: "Command", told_as: "ToldAs | None" = None) -> Any:
        """The command's result once it is durable; exits with status 1 where it is refused.

        `told_as` is how the context of a refusal is told to people.
        """
        from entrepot.domain.kernel.commands import Refused

        (outcome,) = await self.execute_all([command])
        return self.refuse(outcome.failures[0], told_as) if isinstance(outcome, Refused) else outcome

    def once(
        self, key: str | None, command: "Command", tells: "type[Struct]", part: tuple[object, ...] = ()
    ) -> "Command":
        """The command, to be done once under the operator's key, if there is one.

        Of a file a `part` is its row: which, and what it says.
        """
        from entrepot.domain.channels.repeats import Once, named
        from entrepot.domain.orders.payments import LONGEST_KEY, is_key

        if key is None:
            return command
        if not is_key(key):
            fail(f"--key: expected 1 to {LONGEST_KEY} printable ASCII characters.", status=2)
        return Once(command, named(key, f"operator\0{part[:1]}", (self._said, part)), tells)

    async def execute_all(self, commands: "Iterable[Command]") -> "list[Outcome]":
        """One outcome per command."""
        from entrepot.engine.batches.bulk import run_all

        async with _engine(self._url) as engine:
            return await run_all(engine, self.workspace, commands)

    async def refund(self, command: "RefundOrder", currency: str, told_as: "ToldAs") -> Any:
        """As `execute`, for a refund: the provider that took the money is asked too."""
        from entrepot.domain.kernel.commands import Refused
        from entrepot.failures.payments import RefundTooLarge

        async with _engine(self._url) as engine, _refunds(self._url, engine) as refunds:
            outcome = await refunds.refund(self.workspace, command)
        if isinstance(outcome, Refused) and isinstance(failure := outcome.failures[0], RefundTooLarge):
            self._refuse_refund(failure, currency)
        return self.refuse(outcome.failures[0], told_as) if isinstance(outcome, Refused) else outcome

    def _refuse_refund(self, failure: "RefundTooLarge", currency: str) -> None:
        """Say it in the unit in which the amount was asked for; JSON has minor units everywhere."""
        from entrepot.cli.showing import amount

        if not self._as_json:
            asked, left = amount(failure.requested, currency), amount(failure.left, currency)
            fail(f"{failure.title} (order {failure.order}, requested {asked}, left {left}). {failure.advice}")

    def tell(self, value: object, shown: "Callable[[], RenderableType]") -> None:
        """Print the value as JSON where that was asked for, else what `shown` makes of it."""
        from entrepot.cli import showing

        if self._as_json:
            showing.show_json(value)
        else:
            showing.show(shown())

    def refuse(self, failure: "Failure", told_as: "ToldAs | None" = None) -> NoReturn:
        """Tell why not, people in the units that they count in (JSON has the smallest), and exit with status 1."""
        from entrepot.cli import showing

        if self._as_json:
            showing.show_json(showing.failure_json(failure))
            raise typer.Exit(1)
        fail(showing.failure_text(failure, told_as))

    async def channel(self, name: str) -> "ChannelName":
        """The channel of this name, `door/name` or just the name where that is clear; exits where it is not."""
        from entrepot.store.queries.workspaces import channel_names

        known = await channel_names(self.connection, self.workspace)
        found = [channel for channel in known if name in (str(channel), channel.name)]
        if len(found) != 1:
            fail(f"--channel: {name!r} is wrong; expected one of {_listed(map(str, known))}.", status=2)
        return found[0]


def operator_command(command: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Give a command, whose first parameter is its `Session`, the options that all of them share."""
    own = list(inspect.signature(command).parameters.values())[1:]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in _SHARED.items()
    ]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        _run(command, {each.name: given.pop(each.name) for each in own}, **given)

    # Typer reads a function's signature and annotations to learn its options.
    signature = inspect.Signature(
        [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own] + shared
    )
    described: Any = run
    described.__signature__ = signature
    described.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
    return run


def moment(text: str | None, option: str, *, until: bool = False) -> datetime | None:
    """A date or time in RFC 3339, UTC where it names no zone; `until`: a bare date includes its day. Else exits."""
    from entrepot.domain.kernel.moments import read_moment

    if text is None:
        return None
    read = read_moment(text, until=until)
    if read is None:
        fail(
            f"{option}: {text!r} is wrong; expected a date or time such as 2026-03-01 or 2026-03-01T12:00Z.",
            status=2,
        )
    return read


def _run(
    command: Callable[..., Awaitable[None]],
    arguments: dict[str, Any],
    *,
    workspace: str | None,
    as_json: bool,
    config: Path | None,
    **flags: object,
) -> None:
    from entrepot.cli.database import database_as_it_is
    from entrepot.store.connections import FAULTS

    with database_as_it_is(settings_from(config, **flags)) as url:
        try:
            asyncio.run(_work(command, arguments, url, workspace, as_json=as_json))
        except FAULTS as error:
            # Only the kind of error: a driver's text may repeat the URL, which holds a password.
            fail(f"The database does not answer as it should ({type(error).__name__}).")


async def _work(
    command: Callable[..., Awaitable[None]],
    arguments: dict[str, Any],
    url: str,
    name: str | None,
    *,
    as_json: bool,
) -> None:
    from entrepot.checks import check_database
    from entrepot.store.connections import connect

    if wrong := await check_database(url):
        fail(*(f"{finding.law}: {finding.detail}" for finding in wrong))
    connection = await connect(url)
    try:
        workspace = await _workspace(connection, name)
        said = (
            command.__name__,
            {each: value for each, value in arguments.items() if each not in ("key", "file")},
        )
        session = Session(url, connection, workspace, as_json=as_json, said=said)
        await command(session, **arguments)
    finally:
        await connection.close()


async def _workspace(connection: "Connection", name: str | None) -> int:
    from entrepot.store.queries.workspaces import workspace_by_name, workspace_names

    if name is not None and (found := await workspace_by_name(connection, name)) is not None:
        return found
    known = await workspace_names(connection, limit=20)
    if not known:
        fail("There is no workspace yet; make one with: entrepot apply FILE")
    if name is None and len(known) == 1:
        return next(iter(known))
    return _refuse_workspace(name, known.values())


def _refuse_workspace(name: str | None, known: Iterable[str]) -> NoReturn:
    given = "missing" if name is None else f"{name!r} is wrong"
    fail(f"--workspace: {given}; expected one of {_listed(known)}.", status=2)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none: there is none yet"


@asynccontextmanager
async def _engine(url: str) -> "AsyncGenerator[Engine]":
    from entrepot.engine import Clock, Engine
    from entrepot.store.connections import connect_engine

    engine = Engine(partial(connect_engine, url), Clock(), lanes=1)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


@asynccontextmanager
async def _refunds(url: str, engine: "Engine") -> "AsyncGenerator[Refunds]":
    from entrepot.engine.clock import real_now
    from entrepot.engine.gateways import Gateways
    from entrepot.engine.money.refund import Refunds
    from entrepot.store.connections import read_pool, write_pool

    reads, books = await read_pool(url, 1), await write_pool(url, 1)
    gateways = Gateways(books, real_now)
    try:
        yield Refunds(engine, reads, gateways)
    finally:
        await gateways.close()
        await books.close()
        await reads.close()
