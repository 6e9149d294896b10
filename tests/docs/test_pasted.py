"""README, start and each how-to, pasted block by block into one shell beside `make run`, come to what they show."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.docs.examples import Example, Names, assert_answered, examples, printed
from tests.docs.pages import DOCS, ROOT, links, name_of
from tests.support.demo import making_run

HOW_TO = [DOCS / link for link in links(DOCS / "README.md") if link.startswith("how-to/")]
PASTED = [ROOT / "README.md", DOCS / "start.md", *HOW_TO]
"""In the order in which the index names them."""


@pytest.fixture(scope="module")
def results(open_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Path, list[Done]]]:
    """What each command of each page came to."""
    folder, kept = open_folder / "checkout", tmp_path_factory.mktemp("pasted")
    with making_run(folder, open_folder / "pasted", ENTREPOT_PORT="0") as demo:
        port = demo.url.rpartition(":")[2]
        pieces = [(page, each) for page in PASTED for each in examples(page) if not _by_make(each)]
        script = ["cd " + str(folder)]
        for number, (_, each) in enumerate(pieces):
            piece = kept / f"{number}.sh"
            piece.write_text(each.command.replace(":8600", f":{port}") + "\n", "utf-8")
            script.append(
                f". {piece} > {kept}/{number}.out 2> {kept}/{number}.err; echo $? > {kept}/{number}.rc"
            )
        _in_one_shell("\n".join(script), open_folder / "pasted")
        found: dict[Path, list[Done]] = {}
        for number, (page, each) in enumerate(pieces):
            found.setdefault(page, []).append(Done(each, kept / str(number)))
        yield found


_REFUSED = re.compile(rb'"errors?": ?(\{|\[\s*\{)')


class Done:
    """A command of a page that was run."""

    def __init__(self, example: Example, kept: Path) -> None:
        self.example = example
        self.status = int(kept.with_suffix(".rc").read_text("utf-8"))
        self.out = kept.with_suffix(".out").read_bytes()
        self.err = kept.with_suffix(".err").read_text("utf-8", "replace")

    def reply(self) -> httpx.Response:
        """What curl printed, with a head where `-i` shows it."""
        if not self.out.startswith(b"HTTP/"):
            return httpx.Response(200, content=self.out)
        head, _, body = self.out.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = [tuple(line.split(": ", 1)) for line in lines]
        plain = [(name, value) for name, value in headers if name.lower() != "content-length"]
        return httpx.Response(int(status.split()[1]), headers=plain, content=body)


def _by_make(example: Example) -> bool:
    """The server runs by `make run` already, and this is a part of `make test`."""
    return example.command.startswith("make ")


def _in_one_shell(script: str, data: Path) -> None:
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(data.parent),
        "ENTREPOT_DEMO_DATA_DIR": str(data),
        "COLUMNS": "200",
        "LANG": "C.UTF-8",
        "NO_PROXY": "*",
    }
    subprocess.run(["bash", "-c", script], env=environment, timeout=600, check=True, stdin=subprocess.DEVNULL)


def test_every_page_is_there() -> None:
    assert len(PASTED) == len(set(PASTED)) == 2 + len(list((DOCS / "how-to").glob("*.md")))


@pytest.mark.parametrize("page", PASTED, ids=name_of)
def test_a_page_that_is_pasted_comes_to_what_it_shows(page: Path, results: dict[Path, list[Done]]) -> None:
    names = Names()
    for done in results.get(page, []):
        assert done.status == 0, (done.example.command, done.err)
        answer = done.example.answer
        if answer is not None and answer.language == "text":
            assert printed(done.out.decode()) == printed(answer.text), done.example.command
        elif answer is not None:
            assert_answered(answer, done.reply(), names)
        else:
            assert not _REFUSED.search(done.out), (done.example.command, done.out)
