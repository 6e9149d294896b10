"""The image of an empty schema spares a temporary server its making, and is never in anybody's way."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.platform.test_embedded import ask
from tests.support.cluster import not_on_citus

from entrepot.store.embedded import EmbeddedPostgres, binaries, image, supervisor
from entrepot.store.embedded.image import begin_from_image
from entrepot.store.upkeep import migrate

TABLES = "select string_agg(relname, ',' order by relname) from pg_class where relnamespace = 'public'::regnamespace"
REVISION = "select version_num from alembic_version"


@pytest.fixture(scope="module")
def cache(open_folder: Path) -> Iterator[Path]:
    """A cache with one image in it."""
    folder = open_folder / "cache"
    begin_from_image(open_folder / "maker", folder)
    shutil.rmtree(open_folder / "maker")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def data_dir(open_folder: Path) -> Iterator[Path]:
    yield open_folder / "taker"
    shutil.rmtree(open_folder / "taker")


def found(data_dir: Path) -> tuple[object, object]:
    with EmbeddedPostgres(data_dir, durable=False) as url:
        return ask(url, REVISION), ask(url, TABLES)


@not_on_citus("there are the cluster's own tables too")
def test_folder_that_begins_from_the_image_has_the_schema_and_nothing_was_made(
    cache: Path, data_dir: Path, module_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(supervisor, "make_cluster")
    monkeypatch.delattr(migrate, "ensure")
    begin_from_image(data_dir, cache)
    assert found(data_dir) == (migrate.revisions()[-1], ask(module_database_url, TABLES))


def test_what_one_server_writes_no_other_finds(cache: Path, open_folder: Path, data_dir: Path) -> None:
    begin_from_image(data_dir, cache)
    with EmbeddedPostgres(data_dir, durable=False) as url:
        ask(url, "create table kept as select 7 as n")
    other = open_folder / "other"
    begin_from_image(other, cache)
    with EmbeddedPostgres(other, durable=False) as url:
        assert ask(url, "select to_regclass('kept') is null")
    shutil.rmtree(other)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made has no schema: where the test is not about what an image holds."""
    monkeypatch.setattr(migrate, "ensure", lambda url: None)


@pytest.mark.usefixtures("quick")
def test_changed_schema_is_another_image_and_few_are_kept(
    cache: Path, open_folder: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (original,) = cache.iterdir()
    ages = {"schema-eldest": 400, "schema-elder": 300, "schema-old": 200, "partial-1": 2 * image.UNFINISHED}
    for name, age in ages.items():
        (cache / name).mkdir()
        then = original.stat().st_mtime - age
        os.utime(cache / name, (then, then))
    store = open_folder / "store"
    shutil.copytree(image._STORE, store)
    (store / "migrations" / "versions" / "9999_later.py").write_text("", "utf-8")
    monkeypatch.setattr(image, "_STORE", store)
    begin_from_image(data_dir, cache)
    kept = {each.name for each in cache.iterdir()}
    assert len(kept) == 1 + image.OTHERS
    assert kept > {original.name, "schema-old"}
    shutil.rmtree(store)


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root runs programs that the server's account cannot reach"
)
@pytest.mark.usefixtures("quick")
def test_programs_that_are_copied_beside_the_data_have_one_image(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, wheel = open_folder / "closed-to-others", binaries.wheel_folder()
    assert wheel is not None
    closed.mkdir(mode=0o700)
    for folder in (wheel, wheel.with_suffix(".libs")):
        (closed / folder.name).symlink_to(folder)
    monkeypatch.setattr(binaries, "wheel_folder", lambda: closed / binaries.PACKAGE)
    for name in ("one", "two"):
        begin_from_image(open_folder / name, open_folder / "roots-cache")
        assert list((open_folder / name).glob("binaries-*"))
        shutil.rmtree(open_folder / name)
    assert len(list((open_folder / "roots-cache").iterdir())) == 1
    shutil.rmtree(open_folder / "roots-cache")
    shutil.rmtree(closed)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("harm", ["written by others", "a file", "half an image"])
def test_cache_that_cannot_be_used_is_no_fault(
    harm: str, cache: Path, open_folder: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt = open_folder / "spoilt"
    if harm == "a file":
        spoilt.write_text("", "utf-8")
    else:
        spoilt.mkdir(mode=0o777)
        spoilt.chmod(0o777 if harm == "written by others" else 0o700)
    if harm == "written by others":
        shutil.copytree(next(cache.glob("schema-*")), spoilt / next(cache.glob("schema-*")).name)
    if harm == "half an image":
        monkeypatch.setattr(image, "_make_durable", _full)
    begin_from_image(data_dir, spoilt)
    with EmbeddedPostgres(data_dir, durable=False) as url:
        assert ask(url, "select to_regclass('alembic_version') is null"), (
            "it was made, and not taken from there"
        )
    if harm == "half an image":
        assert list(spoilt.iterdir()) == [], "nothing is called an image that is not one"
    os.unlink(spoilt) if harm == "a file" else shutil.rmtree(spoilt)


def _full(folder: Path) -> None:
    raise OSError(28, "No space left on device", str(folder))
