"""`entrepot apply` from the outside."""

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from typer.testing import CliRunner

from entrepot.cli import app

WORLD = """
[workspaces.shop.locations]
main = { name = "Main" }
[workspaces.shop.channels.a]
door = "bonsai"
keys = { live = { generate = true } }
"""


def run(path: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["apply", str(path), *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_it_shows_changes_and_the_key_once(tmp_path: Path, database_url: str) -> None:
    path = tmp_path / "world.toml"
    path.write_text(WORLD, "utf-8")
    code, dry, _ = run(path, "--database-url", database_url, "--dry-run")
    assert (code, "shown this once" in dry) == (0, False)
    assert "4 changes to make" in dry
    code, first, _ = run(path, "--database-url", database_url)
    assert code == 0
    assert "4 changes made" in first
    assert "+ location main" in first
    assert first.count("shown this once") == 1
    idle = "none of them works for the account, so it can place no order"
    told = f"shop: no changes\n  ? /workspaces/shop/channels/a/settings/payment_methods: {idle}\n"
    assert run(path, "--database-url", database_url) == (0, told, "")


def test_conflicts_and_faults_end_with_status_1(tmp_path: Path, database_url: str) -> None:
    path = tmp_path / "world.toml"
    path.write_text(WORLD.replace("generate = true", 'env = "ENTREPOT_NO_SUCH_VARIABLE"'), "utf-8")
    code, out, _ = run(path, "--database-url", database_url)
    assert code == 1
    assert "/workspaces/shop/channels/a/keys/live: the environment has no variable" in out
    path.write_text("x = 1", "utf-8")
    code, _, error = run(path)
    assert code == 1
    assert "world.toml: /x: unknown key" in error


def test_a_database_that_cannot_be_reached_is_said(tmp_path: Path) -> None:
    path = tmp_path / "world.toml"
    path.write_text(WORLD, "utf-8")
    code, _, error = run(path, "--database-url", "postgresql://localhost:1/none")
    assert code == 1
    assert "The database cannot be reached" in error


def test_a_dry_run_leaves_no_folder_and_no_schema_behind(tmp_path: Path, postgres_url: str) -> None:
    path = tmp_path / "world.toml"
    path.write_text(WORLD)
    code, out, _ = run(path, "--dry-run", "--data-dir", str(tmp_path / "data"))
    assert (code, "4 changes to make" in out) == (0, True)
    assert not (tmp_path / "data").exists()
    code, _, error = run(path, "--dry-run", "--database-url", postgres_url)
    assert (code, "run `entrepot migrate`" in error) == (1, True)


def as_nobody(url: str) -> str:
    """The same database, in the name of a role that there is not, whoever the tests' own is."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"nobody-here@{parts.netloc.rpartition('@')[2]}"))


@pytest.mark.parametrize("url", ["postgresql://nobody:s3cret@localhost:1/none", "ROLE"])
def test_a_server_without_its_database_says_so_in_one_sentence(url: str, postgres_url: str) -> None:
    given = as_nobody(postgres_url) if url == "ROLE" else url
    result = CliRunner().invoke(app, ["serve", "--port", "0", "--database-url", given])
    assert result.exit_code == 1
    assert "The database cannot be reached or used (" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert "s3cret" not in result.output
