"""The examples of the pages: requests as curl commands, each with the answer that the page shows under it.

A block of shell commands may be followed by the answer to its last command: `json` (the body), `http` (status line,
headers and body, for `curl -i`) or `text` (what a command of ours prints). Values that are made anew each time are
compared by their form: `VOLATILE` says which. Where a page goes on with such a value, a token or a uid, the commands
below it are run with the one that was really answered: `Names` remembers both.
"""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tests.docs.pages import ROOT, Block, blocks, commands

_OF_RESULT = re.compile(r"(/\d+)?/result(/.+)?|/access_token")
VOLATILE = {
    r"/errors/\d+/id": r"[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    r"/data/(public_id|id)|/data/items/\d+/id": r"c[0-9a-z]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    r"/data/(created|updated)_at": r"\d{4}-\d\d-\d\dT[0-9:.]+Z",
    r"/data/orderNumber": r"\d+",
    r"/id": r"\d+",
    r"/letters/\d+/key": r"\d+-\d+-mail:signup-1",
    r"/letters/\d+/sent_at": r"\d{4}-\d\d-\d\dT[0-9:.]+Z",
    r"/letters/\d+/text": r"(?s).*\n[0-9a-f]{32}\n.*",
    r"/payload/requestId": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    r"/timestamp|/createdAt|/updatedAt": r"\d{4}-\d\d-\d\dT[0-9:.]+Z",
    r"/salesOrderId": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    r"/salesItems/\d+/salesItemId": r"\d+",
    r"/returnLabel/trackingNumber": r"SC\d{16}",
    r"/returnLabel/labelUrl": r"http://[^/]+/labels/[0-9a-f]+-[0-9a-f]{32}\.pdf",
    r"/now": r"\d{4}-\d\d-\d\dT[0-9:.]+Z",
    r"/x-request-id": r"[0-9a-f]{32}",
    _OF_RESULT.pattern: "|".join(
        (
            r"([0-9a-f]{32}){1,2}",
            r"((adm|wm|rbt)_[0-9a-z]+_)?[\w-]{43}",
            r"\d{7}(\d{3})?",
        )
    ),
}
"""By the place of a value (as a JSON Pointer, or a header's name) the form of all values that may stand there."""

UNTOLD = frozenset({"date", "content-length"})
"""Headers that a page need not show."""

_WORD = re.compile(r"[\w-]{7,}", re.ASCII)
_ANSWERS = frozenset({"json", "http", "text"})
_PRINTED = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "<date>"),
    (re.compile(r"\b\d{7}\b"), "<number>"),
)


class Example(NamedTuple):
    """A command of a page; `answer` is what the page shows under it, None where it shows nothing."""

    command: str
    answer: Block | None


class Names:
    """What a page calls the values that were made anew, and what they are in this run."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    def learn(self, shown: Any, found: Any) -> None:
        """A value that the page shows is another one here, and remains that one."""
        assert self._found.setdefault(str(shown), str(found)) == str(found), (shown, found)

    def put_into(self, text: str) -> str:
        """The text with the values of this run."""
        return _WORD.sub(lambda word: self._found.get(word[0], word[0]), text)


class Call(NamedTuple):
    """The request that a curl command makes; `shows_head` is its `-i`."""

    method: str
    url: str
    headers: dict[str, str]
    content: bytes | None
    shows_head: bool


def examples(page: Path) -> Iterator[Example]:
    """The commands of a page in order, each with its answer."""
    found = blocks(page)
    for block, following in zip(found, [*found, None][1:], strict=True):
        if block.language != "sh":
            continue
        *others, last = commands(block.text)
        yield from (Example(command, None) for command in others)
        yield Example(last, following if following and following.language in _ANSWERS else None)


def read_curl(command: str) -> Call:
    """The request of a curl command. Raises ValueError for an option that it does not know."""
    _, *words = shlex.split(command)
    method, url, headers, content, shows_head = "", "", dict[str, str](), None, False
    rest = iter(words)
    for word in rest:
        match word:
            case "-X":
                method = next(rest)
            case "-H":
                name, _, value = next(rest).partition(":")
                headers[name.lower()] = value.strip()
            case "-d":
                content = _data(next(rest))
            case "-s" | "-i" | "-si":
                shows_head |= "i" in word
            case _ if word.startswith("-"):
                raise ValueError(word)
            case _:
                url = word
    if content is not None:
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
    return Call(method or ("GET" if content is None else "POST"), url, headers, content, shows_head)


def _data(text: str) -> bytes:
    if not text.startswith("@"):
        return text.encode()
    return (ROOT / text[1:]).read_bytes().replace(b"\n", b"")


def send(call: Call, port: int) -> httpx.Response:
    """Send the request to the server that runs for the tests, under the host name that the page says."""
    written = httpx.URL(call.url if "://" in call.url else f"http://{call.url}")
    headers = {"host": f"{written.host}:{port}", **call.headers}
    url = written.copy_with(scheme="http", host="127.0.0.1", port=port)
    return httpx.request(
        call.method, url, headers=headers, content=call.content, trust_env=False, verify=False, timeout=60
    )


def assert_answered(answer: Block | None, reply: httpx.Response, names: Names) -> None:
    """Compare a reply with the shown answer; where none is shown it must be a success."""
    if answer is None:
        assert reply.is_success, reply.text
    elif answer.language == "json":
        assert_same(reply.json(), json.loads(answer.text), names)
    else:
        head, _, body = answer.text.partition("\n\n")
        status, *lines = head.splitlines()
        assert status == f"HTTP/1.1 {reply.status_code} {reply.reason_phrase}"
        shown = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        assert_same(
            {name: value for name, value in reply.headers.items() if name not in UNTOLD}, shown, names
        )
        _assert_body(reply, body.strip(), names)


def _assert_body(reply: httpx.Response, shown: str, names: Names) -> None:
    if shown and "json" in reply.headers["content-type"]:
        assert_same(reply.json(), json.loads(shown), names)
    else:
        assert not shown or reply.text.strip() == shown


def assert_same(found: Any, shown: Any, names: Names, place: str = "") -> None:
    """Compare two JSON values member by member, volatile ones by their form."""
    form = next((form for where, form in VOLATILE.items() if re.fullmatch(where, place)), None)
    if isinstance(shown, dict) and isinstance(found, dict):
        assert found.keys() == shown.keys(), place
        for name, value in shown.items():
            assert_same(found[name], value, names, f"{place}/{name}")
    elif isinstance(shown, list) and isinstance(found, list):
        assert len(found) == len(shown), (place, found)
        for index, value in enumerate(shown):
            assert_same(found[index], value, names, f"{place}/{index}")
    elif form is not None and found != shown:
        assert re.fullmatch(form, str(found)), (place, found)
        assert re.fullmatch(form, str(shown)), (place, shown)
        if _OF_RESULT.match(place):
            names.learn(shown, found)
    else:
        assert found == shown, place


def printed(text: str) -> list[list[str]]:
    """What a command of ours printed, without what differs from run to run: widths, days, times, orders' numbers."""
    for form, name in _PRINTED:
        text = form.sub(name, text)
    return [line.split() for line in text.splitlines() if line.strip()]
