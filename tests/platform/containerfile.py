"""Reads a Containerfile: its instructions, stage by stage, and what they are made of."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

KNOWN = {
    "FROM", "RUN", "COPY", "ENV", "WORKDIR", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT",
    "CMD",
}  # fmt: skip


@dataclass(frozen=True)
class Instruction:
    """One instruction, with its words as they stand."""

    name: str
    text: str

    def flags(self) -> dict[str, str]:
        """What stands before the arguments as `--name=value`."""
        words = (word for word in shlex.split(self.text) if word.startswith("--"))
        return dict(word.removeprefix("--").split("=", 1) for word in words)

    def exec_form(self) -> list[str]:
        """The command, which runs without a shell; raises ValueError for one that does."""
        return json.loads(self.text[self.text.index("[") :])


@dataclass
class Stage:
    """What comes to one image."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, name: str) -> list[Instruction]:
        return [each for each in self.instructions if each.name == name]

    def last(self, name: str) -> Instruction:
        return self.all(name)[-1]

    def environment(self) -> dict[str, str]:
        return dict(each.text.split("=", 1) for each in self.all("ENV"))


def stages(file: Path) -> list[Stage]:
    """The stages, in order. Raises ValueError for an instruction that is not known here."""
    found: list[Stage] = []
    for name, text in _instructions(file.read_text("utf-8")):
        if name == "FROM":
            base, _, alias = text.partition(" AS ")
            found.append(Stage(base, alias or str(len(found))))
        elif name in KNOWN:
            found[-1].instructions.append(Instruction(name, text))
        else:
            raise ValueError(f"{file}: {name} is not known")
    return found


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name, rest.strip()
