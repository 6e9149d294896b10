"""What operators do for partners: keys with scopes, suspended and resumed; mappings; orders that are deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from entrepot.engine.clock import real_now
from entrepot.store.connections import Connection
from entrepot.store.credentials.directory import credential_key
from entrepot.worlds import World, apply_world, load_world
from tests.cli.test_operator import on, parsed, runner

Run = Callable[..., Result]
WORLD = {
    "sandbox": True,
    "workspaces": {
        "north": {
            "channels": {
                "acme": {"door": "datamingle", "settings": {"stock": "backorder", "door": {"partner": {}}}},
                "shop": {"door": "bonsai"},
            }
        }
    },
}
MAPPING = {"field_map": [{"source": "Number", "target": "order_number"}]}


async def seed(connection: Connection) -> None:
    world = load_world(json.dumps(WORLD))
    assert isinstance(world, World), world
    await apply_world(connection, world, now=real_now(), environ={})


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    on(database_url, seed)
    return runner(monkeypatch, {"ENTREPOT_DATABASE_URL": database_url, "ENTREPOT_SANDBOX": "true"})


def opens(url: str, secret: str) -> bool:
    """Whether a key leads anywhere."""
    found: list[bool] = []

    async def look(connection: Connection) -> None:
        row = await connection.fetchval(
            "select r.suspended_at is null from directory d join credentials r "
            "on r.workspace = d.workspace and r.id = d.credential where d.kind = $1 and d.hash = $2",
            *credential_key("datamingle:key", secret),
        )
        found.append(bool(row))

    on(url, look)
    return found[0]


def test_key_with_scopes_is_suspended_resumed_and_revoked(run: Run, database_url: str) -> None:
    scopes = ("--scope", "integrations.orders.read", "--scope", "integrations.products.*")
    key = parsed(run("keys", "create", "--channel", "acme", "--kind", "test", *scopes, "--json"))
    assert key["secret"].startswith("sk_test_")
    assert len(key["secret"]) == len("sk_test_") + 40
    (listed,) = parsed(run("keys", "list", "--json"))
    assert (listed["scopes"], listed["environment"]) == (
        ["integrations.orders.read", "integrations.products.*"],
        "test",
    )
    assert opens(database_url, key["secret"])
    assert run("keys", "resume", key["id"]).exit_code == 1
    assert parsed(run("keys", "suspend", key["id"], "--json")) == {"id": key["id"], "suspended": True}
    assert not opens(database_url, key["secret"])
    assert "suspended" in run("keys", "list").stdout
    assert run("keys", "suspend", key["id"]).exit_code == 1
    assert parsed(run("keys", "resume", key["id"], "--json")) == {"id": key["id"], "suspended": False}
    assert opens(database_url, key["secret"])
    assert run("keys", "revoke", key["id"]).exit_code == 0
    assert run("keys", "resume", key["id"]).exit_code == 1
    assert not opens(database_url, key["secret"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("acme", "--kind", "private"), "live, test"),
        (
            ("acme", "--kind", "live", "--scope", "integrations.inventorys.read"),
            "'integrations.inventorys.read'",
        ),
        (("shop", "--kind", "live", "--scope", "integrations.*"), "no scopes"),
    ],
)
def test_wrong_keys_are_refused(run: Run, arguments: tuple[str, ...], told: str) -> None:
    channel, *rest = arguments
    refused = run("keys", "create", "--channel", channel, *rest)
    assert (refused.exit_code, told in refused.output) == (2, True), refused.output


def test_mapping_is_saved_tried_shown_and_rolled_back(run: Run, tmp_path: Path) -> None:
    def file(name: str, value: Any) -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(value), "utf-8")
        return path

    of = ("--partner", "acme", "--resource", "orders", "--json")
    sample = file("sample.json", {"number": "A", "items": []})
    saved = parsed(run("mapping", "save", file("m.json", MAPPING), "--sample", sample, *of))
    assert (saved["version"], saved["before"], saved["latest"]) == (1, None, 1)
    assert saved["missing"] == [{"source": "Number", "meant": "number", "required": True}]
    second = parsed(run("mapping", "save", "--template", "acumatica", "--keep", *of))
    assert (second["version"], second["latest"]) == (1, 2)
    shown = parsed(run("mapping", "show", *of))
    assert shown["mapping"] == MAPPING
    assert [(each["version"], each["active"]) for each in shown["versions"]] == [(2, False), (1, True)]
    tried = parsed(run("mapping", "try", file("p.json", {"Number": "A", "junk": 1.10}), *of))
    assert (tried["mapped"], tried["dropped"]) == ({"order_number": "A"}, ["junk"])
    assert parsed(run("mapping", "activate", 2, *of))["version"] == 2
    failed = run("mapping", "try", file("q.json", {"Details": {}, "OrderNbr": "A"}), *of)
    assert (failed.exit_code, json.loads(failed.stdout)["reason"]) == (1, "'Details' must be an array")
    assert parsed(run("mapping", "rollback", *of))["version"] == 1
    assert run("mapping", "rollback", *of).exit_code == 1
    assert parsed(run("mapping", "activate", *of))["version"] is None


@pytest.mark.parametrize(
    ("content", "status", "told"),
    [
        (b'{"field_map": [{"source": "a", "target": "nothing"}]}', 1, "nothing"),
        (b'{"field_map": [{"source": "a"}]}', 2, "target"),
        (b'{"feild_map": [{"source": "a", "target": "notes"}]}', 2, "feild_map"),
        (b'{"is_active": false}', 2, "is_active"),
        (b'{"field_map": [{"source": "a", "target": "notes", "default": 5}]}', 2, "default"),
        (b'{"nested_mappings": [{"source": "a", "target": "items", "fields": []}]}', 2, "fields"),
        (b"{", 2, "m.json"),
        (b"[" * 30 + b"]" * 30, 2, "deeper"),
        (b"7", 2, "m.json"),
    ],
)
def test_wrong_mapping_files_are_refused(
    run: Run, tmp_path: Path, content: bytes, status: int, told: str
) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(content)
    refused = run("mapping", "save", path, "--partner", "acme", "--resource", "orders")
    assert (refused.exit_code, told in refused.output) == (status, True), refused.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "--partner", "shop", "--resource", "orders"),
        ("show", "--partner", "acme", "--resource", "invoices"),
        ("show", "--partner", "acme", "--resource", "orders", "--version", "9"),
        ("save", "--partner", "acme", "--resource", "orders"),
        ("save", "--partner", "acme", "--resource", "orders", "--template", "sap"),
        ("save", "no-such-file.json", "--partner", "acme", "--resource", "orders"),
    ],
)
def test_what_there_is_not(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("mapping", *arguments).exit_code in (1, 2)


def test_why_a_mapping_is_refused_is_told_in_plain_text(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    of = ("--partner", "acme", "--resource", "orders")
    wrong = [{"source": "a..b", "target": "notes"}, {"source": "a", "target": "nothing"}]
    path.write_text(json.dumps({"field_map": wrong}), "utf-8")
    told = run("mapping", "save", path, *of).output
    assert (
        "(flaws a..b -> notes: the source is no path; a -> nothing: 'nothing' is no field of orders)" in told
    )
    many = [{"source": f"s{n}", "target": f"metadata.k{n}"} for n in range(201)]
    path.write_text(json.dumps({"field_map": many}), "utf-8")
    assert "(flaws 201 rules; there may be 200)" in run("mapping", "save", path, *of).output
