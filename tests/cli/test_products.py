"""`entrepot products list`: by which ids callers name what they order, outside the sandbox too."""

from __future__ import annotations

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from entrepot.cli import app
from entrepot.domain.catalogue.products import product_uuid
from entrepot.domain.kernel.ids import cuid
from tests.worlds.conftest import apply, connection

__all__ = ["connection"]

WORLD = """
[workspaces.w.locations]
main = { name = "Main" }
[workspaces.w.products]
off = { name = "Off", available = false, hidden = true, tracked = false }
shy = { name = "Shy", hidden = true }
[workspaces.w.products.tea]
name = "Tea, loose"
sku = "TEA"
id = 5
prices = { CAD = "14.50", JPY = 700, USD = "none" }
scale = 1
stock = { main = "2.5" }
[workspaces.w.products.pot]
name = "Pot"
variants = { a = { name = "White", id = 7 } }
"""


@pytest.fixture
async def run(connection: object, database_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    await apply(connection, WORLD)  # pyright: ignore[reportArgumentType]
    monkeypatch.setenv("ENTREPOT_DATABASE_URL", database_url)
    return CliRunner()


def test_a_catalogue_is_listed_as_csv_by_sku(run: CliRunner) -> None:
    said = run.invoke(app, ["products", "list", "--csv"])
    assert said.exit_code == 0, said.output
    rows = list(csv.DictReader(io.StringIO(said.stdout)))
    assert [row["sku"] for row in rows] == ["TEA", "off", "pot-a", "shy"]
    assert rows[0] == {
        "sku": "TEA", "product": "Tea, loose", "variant": "", "public_id": cuid(product_uuid("w", "tea")),
        "product_id": "5", "variant_id": "5", "prices": "14.50 CAD, 700 JPY, none USD", "stock": "2.5",
        "state": "for sale",
    }  # fmt: skip
    assert (rows[2]["variant"], rows[2]["variant_id"]) == ("White", "7")
    assert [(row["stock"], row["state"]) for row in rows[1:]] == [
        ("not counted", "off sale"), ("0", "for sale"), ("0", "hidden"),
    ]  # fmt: skip


def test_a_catalogue_is_listed_in_a_table_and_as_json(run: CliRunner) -> None:
    assert cuid(product_uuid("w", "tea")) in run.invoke(app, ["products", "list"]).stdout
    (told,) = json.loads(run.invoke(app, ["products", "list", "TEA", "--json"]).stdout)
    assert told["public_id"] == cuid(product_uuid("w", "tea"))
    assert told["prices"] == {"CAD": 1450, "JPY": 700, "USD": None}
    page = json.loads(
        run.invoke(app, ["products", "list", "--after", "TEA", "--limit", "1", "--json"]).stdout
    )
    assert [row["sku"] for row in page] == ["off"]


def test_a_sku_that_nobody_has_is_an_error(run: CliRunner) -> None:
    said = run.invoke(app, ["products", "list", "NOSUCH"])
    assert (said.exit_code, "There is no SKU 'NOSUCH'." in said.output) == (1, True)
