"""Pictures in the docs: each is there, is used, says in words what it shows, and is small."""

from __future__ import annotations

import re

from tests.docs.pages import DOCS, PAGES, ROOT

LARGEST = 150_000
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")


def test_pictures_are_there_are_used_and_are_told_in_words() -> None:
    used = {
        (page.parent / target).resolve(): words
        for page in PAGES
        for words, target in _PICTURE.findall(page.read_text("utf-8"))
        if "://" not in target
    }
    there = {path.resolve() for path in (*DOCS.rglob("*.png"), *ROOT.glob("*.png"))}
    assert there
    assert used.keys() == there
    assert all(len(words) > 20 for words in used.values())


def test_pictures_are_small() -> None:
    assert [path.name for path in DOCS.rglob("*.png") if path.stat().st_size > LARGEST] == []
