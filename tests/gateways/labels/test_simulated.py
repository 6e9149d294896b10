"""The simulated label service: one label a key, void for ever, and a document with a barcode that can be read."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from entrepot.gateways.labels.port import Label, LabelFailed, LabelRefused, Voided
from entrepot.gateways.labels.simulated import CARRIER, VOIDED, SimulatedLabels, label_path, tracking_number
from tests.gateways.labels.code128 import content_of, read_code128
from tests.gateways.labels.requests import KEY, OTHER, label_request

AT = datetime(2026, 5, 1, 9, tzinfo=UTC)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Any]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=8) as made:
        yield made


def service(pool: Any, workspace: int = 1) -> SimulatedLabels:
    return SimulatedLabels(pool, workspace, lambda: AT)


async def test_the_same_key_is_the_same_label_whoever_asks_first(pool: Any) -> None:
    made = await asyncio.gather(*(service(pool).make(label_request()) for _ in range(16)))
    number = tracking_number(1, KEY)
    assert made == [Label(CARRIER, number, label_path(1, KEY))] * 16
    assert await pool.fetchval("select count(*) from labels") == 1
    assert (await service(pool).make(label_request(OTHER))) != made[0]
    assert (await service(pool, 2).make(label_request())) != made[0]


async def test_a_void_label_is_gone_and_none_is_made_under_its_key_again(pool: Any) -> None:
    labels = service(pool)
    await labels.make(label_request())
    assert [await labels.void(KEY), await labels.void(KEY)] == [Voided(), Voided()]
    assert await labels.make(label_request()) == LabelRefused(VOIDED)
    assert await labels.document(KEY) is None
    assert await pool.fetchrow("select request, document from labels") == ("{}", None)


async def test_voiding_comes_first_where_it_overtakes(pool: Any) -> None:
    labels = service(pool)
    assert await labels.void(KEY) == Voided()
    assert await labels.make(label_request()) == LabelRefused(VOIDED)


async def test_the_document_has_the_addresses_and_a_barcode_that_reads_as_the_number(pool: Any) -> None:
    labels = service(pool)
    await labels.make(label_request())
    assert await pool.fetchval("select document is null from labels")
    document = await labels.document(KEY)
    assert document is not None
    assert document.startswith(b"%PDF-")
    assert read_code128(document) == tracking_number(1, KEY)
    drawn = content_of(document)
    for text in ("Ann Lee", "1 Front Street", "Toronto ON M5J 2N1", "Returns", "A-1", "STANDARD"):
        assert text in drawn
    assert await pool.fetchval("select document from labels") == document
    assert await labels.document(KEY) == document


async def test_asked_for_inline_it_comes_with_the_label(pool: Any) -> None:
    made = await service(pool).make(label_request(inline=True))
    assert isinstance(made, Label)
    assert made.document is not None
    assert made.document == await service(pool).document(KEY)


async def test_letters_that_the_page_does_not_have_are_no_fault(pool: Any) -> None:
    made = await service(pool).make(label_request(reference="Ünï 日本 \u202e" * 40, inline=True))
    assert isinstance(made, Label)
    assert made.document is not None


async def test_a_label_is_its_workspaces_alone(pool: Any) -> None:
    await service(pool).make(label_request())
    assert await service(pool, 2).document(KEY) is None
    await service(pool, 2).void(KEY)
    assert await service(pool).document(KEY) is not None


async def test_books_that_cannot_be_used_are_a_failure(pool: Any) -> None:
    labels = service(pool)
    await pool.execute("drop table labels")
    assert await labels.make(label_request()) == LabelFailed(
        "the simulated label service cannot use its books"
    )
    assert await labels.void(KEY) == LabelFailed("the simulated label service cannot use its books")


def test_who_makes_labels_does_not_load_what_draws_them() -> None:
    code = (
        "import sys, entrepot.app, entrepot.gateways.labels.simulated as s; print('reportlab' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
