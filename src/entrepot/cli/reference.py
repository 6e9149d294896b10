"""The reference pages that are made from the program: its failures and its commands, in Markdown.

`python -m entrepot.cli.reference docs/reference` writes them; a test keeps them equal to what they are made from.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from entrepot.cli import app
from entrepot.doors.kit.failing.pages import describe
from entrepot.failures import catalogue
from entrepot.registry import failure_tables

_MADE = "Made by `python -m entrepot.cli.reference docs/reference`."

FAILURES = f"""# Failures

{_MADE}

Every way in which a request can fail, whichever API it came through. An error reply names its failure in the header
`Link: </failures/NAME>; rel="help"`; a running server shows the same text at that path, and `entrepot failures NAME`
prints it. [Failures as values](../why/failures-as-values.md) says why there is one list.

"Context" is what the failure knows; each API shows the part of it that it documents.
"""

COMMANDS = f"""# The command line

{_MADE}

`entrepot COMMAND --help` shows the same. From a checkout the program is `.venv/bin/entrepot`.
[Operate Entrepôt](../how-to/operate.md) shows the commands at work; [Configuration](configuration.md) has the settings.

Exit status: 0 done, 1 refused or failed, 2 wrong options or settings.
"""

SHARED = ("workspace", "as_json", "data_dir", "database_url", "config")
"""Options that mean the same wherever they are; described once."""


def failures_page() -> str:
    """The failure catalogue as a page."""
    return "\n".join(
        [FAILURES, *(_failure(describe(failure, failure_tables())) for failure in catalogue().values())]
    )


def commands_page() -> str:
    """Every command with its arguments and options."""
    known = dict(_commands(typer.main.get_command(app), "entrepot"))
    shared = {each.name: each for command in known.values() for each in command.params if each.name in SHARED}
    table = _table(("option", "meaning"), (_parameter(shared[name]) for name in SHARED))
    sections = [COMMANDS, f"## Options of several commands\n\n{table}"]
    return "\n".join([*sections, *(_command(name, command) for name, command in known.items())])


PAGES: Mapping[str, Callable[[], str]] = {"failures.md": failures_page, "command-line.md": commands_page}
"""The reference pages by file name."""


def main(folder: str) -> None:
    """Write all pages into a folder."""
    for name, make in PAGES.items():
        (Path(folder) / name).write_text(make(), "utf-8")


def _failure(described: Mapping[str, Any]) -> str:
    shopper = " May be shown to a shopper." if described["shopper"] else ""
    context = ", ".join(f"`{field['name']}`" for field in described["context"])
    said = " ".join(f"{described['title']}. {described['description']}".split())
    lines = [
        f"## {described['name']}\n",
        f"{said}\n",
        f"- Retry: {described['retry']}.{shopper}",
        f"- What to do: {described['advice']}",
        *([f"- Context: {context}"] if context else []),
        *(f"- {door['door']}: {door['status']} `{door['code']}`" for door in described["doors"]),
    ]
    return "\n".join(lines) + "\n"


def _commands(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    for own, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from _commands(command, f"{name} {own}")
        else:
            yield f"{name} {own}", command


def _command(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    own = [each for each in command.params if each.name not in SHARED]
    also = [f"`{each.opts[0]}`" for each in command.params if each.name in SHARED]
    usage = " ".join([name, *(f"[{_value(a)}]" if not a.required else _value(a) for a in arguments)])
    parts = [f"## {name}\n", f"{command.help}\n", f"```text\n{usage}\n```\n"]
    if own:
        parts.append(_table(("argument or option", "meaning"), map(_parameter, own)))
    if also:
        parts.append(f"Also {', '.join(also)}.\n")
    return "\n".join(parts)


def _parameter(parameter: Any) -> tuple[str, str]:
    meaning: str = parameter.help or ""
    if parameter.param_type_name == "argument":
        return f"`{_value(parameter)}`", meaning
    value = "" if parameter.is_flag else f" {_value(parameter)}"
    shown = ", ".join(f"`{option}{value}`" for option in parameter.opts)
    return shown, " ".join(filter(None, [meaning, *_remarks(parameter)]))


def _remarks(parameter: Any) -> Iterator[str]:
    if parameter.required:
        yield "Must be given."
    if parameter.envvar:
        yield f"Or `{parameter.envvar}`."
    if parameter.default and not parameter.is_flag:
        yield f"By default {parameter.default}, at most {parameter.max}."


def _value(parameter: Any) -> str:
    return parameter.metavar or parameter.name.upper()


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return (
        "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines) + "\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
