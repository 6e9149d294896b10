"""Two servers on one database while its schema changes: the older release serves on, and may even start again."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest
from tests.harm.test_ten_of_each import SEED, assert_right
from tests.unit.test_expanding import breaks, sql_of
from torture.rolling import rolling

import entrepot
from entrepot.store.connections import connect
from entrepot.store.upkeep import migrate

EXPANDS = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, serves = "9999", "{before}", "{before}"


def upgrade() -> None:
    op.add_column("orders", sa.Column("slogan", sa.Text(), nullable=False, server_default=""))
    op.add_column("order_lines", sa.Column("heft", sa.Integer()))
    op.add_column("outbox", sa.Column("hint", sa.Text(), nullable=False, server_default=""))
    op.add_column("channels", sa.Column("colour", sa.Text(), nullable=False, server_default="blue"))
    op.create_table("slogans", sa.Column("workspace", sa.BigInteger(), primary_key=True))
    op.create_index("orders_slogan_idx", "orders", ["workspace", "slogan"])
    op.execute("update orders set slogan = 'before' where slogan = ''")
"""


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The interpreter of a release that has one migration more."""
    copy = tmp_path / "newer" / "entrepot"
    shutil.copytree(Path(entrepot.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    migration = copy / "store" / "migrations" / "versions" / "9999_expand.py"
    migration.write_text(EXPANDS.format(before=migrate.revisions()[-1]), "utf-8")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{copy.parent}" exec "{sys.executable}" "$@"\n', "utf-8")
    python.chmod(0o755)
    return python


def test_the_migration_of_this_test_is_one_that_may_be(newer: Path) -> None:
    file = newer.parent / "newer/entrepot/store/migrations/versions/9999_expand.py"
    spec = importlib.util.spec_from_file_location("expand", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert breaks(sql_of(module)) == []


@pytest.mark.torture
async def test_both_releases_serve_one_dies_and_comes_back_and_nothing_is_lost_or_told_twice(
    open_folder: Path, database_url: str, newer: Path
) -> None:
    assert_right([await rolling(open_folder, database_url, SEED, str(newer))])
    connection = await connect(database_url)
    kinds = dict(await connection.fetch("select slogan, count(*) from orders group by slogan"))
    await connection.close()
    assert kinds.keys() == {"before", ""}, "orders were placed on either schema"
