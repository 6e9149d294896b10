"""`entrepot mapping`: show, save, activate, roll back and try how a partner's words become the API's."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from entrepot.cli.operate.session import Session, operator_command
from entrepot.cli.options import fail

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from entrepot.domain.mapping.commands import MappingMoved
    from entrepot.domain.mapping.definition import Definition, Flaw, Resource
    from entrepot.domain.mapping.explain import Explanation, Missing
    from entrepot.store.queries.partners.mappings import HeadName, KnownVersion
    from entrepot.store.queries.workspaces import ChannelName

app = typer.Typer(help="How a partner's own words become the API's, and back.", no_args_is_help=True)

LARGEST = 10 * 1024 * 1024

Partner = Annotated[str, typer.Option(help="Whose words, by the account's name.")]
ResourceName = Annotated[str, typer.Option("--resource", help="orders, inventory, locations or products.")]
VersionOption = Annotated[int | None, typer.Option("--version", help="This one, instead of the one in use.")]
JsonFile = Annotated[Path, typer.Argument(help="A JSON file.")]


@app.command("show")
@operator_command
async def show_mapping(
    session: Session, partner: Partner, resource: ResourceName, version: VersionOption = None
) -> None:
    """Show the mapping in use, or another version, and which versions there are."""
    from entrepot.store.queries.partners.mappings import mapping_history

    channel, _ = await _named(session, partner, resource)
    name = (session.workspace, channel.id, resource)
    known = await mapping_history(session.connection, name)
    number = version or next((each.version for each in known if each.active), None)
    definition = None if number is None else await _version(session, name, number)
    told = {"version": number, "mapping": definition, "versions": known}
    session.tell(told, lambda: _shown(definition, known))


@app.command("save")
@operator_command
async def save_mapping(
    session: Session,
    partner: Partner,
    resource: ResourceName,
    file: Annotated[Path | None, typer.Argument(help="The mapping, a JSON file.")] = None,
    template: Annotated[
        str | None, typer.Option(help="Instead of a file: acumatica, shopify, empty.")
    ] = None,
    sample: Annotated[
        Path | None, typer.Option(help="A payload of the partner's: what the mapping misses in it is told.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Only keep it; what is in use stays.")] = False,
) -> None:
    """Keep a new version and put it into use."""
    from entrepot.domain.mapping.commands import SaveMapping
    from entrepot.domain.mapping.definition import warnings
    from entrepot.domain.mapping.explain import missing_sources
    from entrepot.domain.mapping.plan import Plan

    channel, of = await _named(session, partner, resource)
    definition = _definition(channel.door, resource, file, template)
    payload = None if sample is None else _read(sample)
    command = SaveMapping(
        channel=channel.id, resource=resource, definition=definition, of=of, activate=not keep
    )
    outcome: MappingMoved = await session.execute(command)
    noted = warnings(definition, of)
    missing = [] if sample is None else list(missing_sources(Plan(definition, of), payload))
    told = {**_moved_json(outcome), "warnings": noted, "missing": missing}
    session.tell(told, lambda: "\n".join([_moved(outcome), *_notes(noted), *_misses(missing)]))


@app.command("activate")
@operator_command
async def activate_mapping(
    session: Session,
    partner: Partner,
    resource: ResourceName,
    version: Annotated[
        int | None, typer.Argument(help="Its number; without one, no mapping is in use.")
    ] = None,
) -> None:
    """Put a version into use, or none."""
    from entrepot.domain.mapping.commands import ActivateMapping

    channel, _ = await _named(session, partner, resource)
    command = ActivateMapping(channel=channel.id, resource=resource, version=version)
    outcome: MappingMoved = await session.execute(command)
    session.tell(_moved_json(outcome), lambda: _moved(outcome))


@app.command("rollback")
@operator_command
async def roll_back_mapping(session: Session, partner: Partner, resource: ResourceName) -> None:
    """Put the version before the one in use into use again."""
    from entrepot.domain.mapping.commands import RollBackMapping

    channel, _ = await _named(session, partner, resource)
    outcome: MappingMoved = await session.execute(RollBackMapping(channel=channel.id, resource=resource))
    session.tell(_moved_json(outcome), lambda: _moved(outcome))


@app.command("try")
@operator_command
async def try_mapping(
    session: Session,
    file: JsonFile,
    partner: Partner,
    resource: ResourceName,
    version: VersionOption = None,
    mapping: Annotated[Path | None, typer.Option(help="A mapping that is not saved, a JSON file.")] = None,
    update: Annotated[bool, typer.Option("--update", help="As for a record that is there (PUT).")] = False,
) -> None:
    """Show what a payload becomes, where each field came from, and what was dropped or missing. Nothing is saved."""
    from entrepot.domain.mapping.definition import flaws
    from entrepot.domain.mapping.explain import explain
    from entrepot.domain.mapping.plan import Plan

    channel, of = await _named(session, partner, resource)
    definition = await _wanted(session, (session.workspace, channel.id, resource), version, mapping)
    if found := flaws(definition, of):
        fail("\n".join(_notes(found)))
    told = explain(Plan(definition, of), _read(file), partial=update)
    session.tell(told, lambda: _explained(told))
    if told.reason is not None:
        raise typer.Exit(1)


async def _named(session: Session, partner: str, resource: str) -> "tuple[ChannelName, Resource]":
    """The account and the resource; exits where one is none that has mappings."""
    from entrepot.registry import manifests
    from entrepot.store.queries.workspaces import channel_names

    mapped = {door: manifest.mapped for door, manifest in manifests().items() if manifest.mapped}
    known = [
        each for each in await channel_names(session.connection, session.workspace) if each.door in mapped
    ]
    found = [each for each in known if partner in (each.name, str(each))]
    if len(found) != 1:
        names = ", ".join(each.name for each in known) or "none"
        fail(f"--partner: {partner!r} is wrong; there are {names}.", status=2)
    resources = mapped[found[0].door]
    if resource not in resources:
        fail(f"--resource: {resource!r} is wrong; expected one of {', '.join(resources)}.", status=2)
    return found[0], resources[resource]


def _definition(door: str, resource: str, file: Path | None, template: str | None) -> "Definition":
    from entrepot.domain.mapping.definition import Definition
    from entrepot.registry import mapping_templates

    if (file is None) == (template is None):
        fail("Name a file, or --template, and not both.", status=2)
    if file is not None:
        return _parsed(file)
    try:
        return mapping_templates(door, template or "").get(resource, Definition())
    except LookupError as unknown:
        fail(f"--template: {unknown}.", status=2)


async def _wanted(session: Session, name: "HeadName", version: int | None, file: Path | None) -> "Definition":
    from entrepot.domain.mapping.definition import Definition
    from entrepot.store.queries.partners.mappings import active_versions

    if file is not None:
        return _parsed(file)
    active = (await active_versions(session.connection, [name])).get(name)
    number = version or (active.version if active else None)
    return Definition() if number is None else await _version(session, name, number)


async def _version(session: Session, name: "HeadName", version: int) -> "Definition":
    from entrepot.failures.partners import MappingUnknown
    from entrepot.store.queries.partners.mappings import mapping_version

    found = await mapping_version(session.connection, name, version)
    return found[0] if found is not None else session.refuse(MappingUnknown(name[2], str(version)))


def _parsed(file: Path) -> "Definition":
    import msgspec

    from entrepot.domain.mapping.definition import Definition

    try:
        return msgspec.convert(_read(file), Definition)
    except msgspec.ValidationError as wrong:
        fail(f"{file}: {wrong}.", status=2)


def _read(file: Path) -> Any:
    from entrepot.doors.kit import decode_json
    from entrepot.failures import BodyBeyondLimits, MalformedBody

    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as wrong:
        fail(f"{file}: {wrong.strerror}.", status=2)
    if len(content) > LARGEST:
        fail(f"{file}: larger than {LARGEST} bytes.", status=2)
    value = decode_json(content, exact=True)
    if isinstance(value, MalformedBody | BodyBeyondLimits):
        fail(f"{file}: {value.reason}", status=2)
    return value


def _moved_json(outcome: "MappingMoved") -> dict[str, Any]:
    return {"version": outcome.head.active, "before": outcome.before, "latest": outcome.head.latest}


def _moved(outcome: "MappingMoved") -> str:
    head = outcome.head
    used = "No mapping is in use" if head.active is None else f"Version {head.active} is in use"
    before = "none" if outcome.before is None else f"version {outcome.before}"
    return f"{used}; before it was {before}. The latest is version {head.latest}."


def _notes(flaws: "Iterable[Flaw]") -> list[str]:
    return [str(each) for each in flaws]


def _misses(missing: "Iterable[Missing]") -> list[str]:
    return [
        f"The payload has no {each.source}{'' if each.required else ', which it need not have'}"
        + (f"; was {each.meant} meant?" if each.meant else ".")
        for each in missing
    ]


def _shown(definition: "Definition | None", known: "Sequence[KnownVersion]") -> str:
    import msgspec

    if definition is None:
        return "No mapping is in use."
    text = msgspec.json.format(msgspec.json.encode(definition), indent=2).decode()
    versions = ", ".join(f"{each.version}{' (in use)' if each.active else ''}" for each in known)
    return f"{text}\nVersions: {versions}"


def _explained(told: "Explanation") -> "RenderableType":
    import msgspec

    lines = [f"Cannot be mapped: {told.reason}"] if told.reason is not None else []
    if told.mapped is not None:
        encoded = msgspec.json.Encoder(decimal_format="number").encode(told.mapped)
        lines.append(msgspec.json.format(encoded, indent=2).decode())
    lines += [f"{each.field}  <-  {each.source or 'fixed'}  ({each.rule})" for each in told.origins]
    lines += [f"{place}  was dropped" for place in told.dropped]
    return "\n".join([*lines, *_misses(told.missing)])
