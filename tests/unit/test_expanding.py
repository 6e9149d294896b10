"""A migration that the releases before it go on serving takes nothing away that they lean on."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory

from entrepot.store.upkeep import migrate

FIRST = "0049"
"""From this revision on each says which releases go on serving; those before are of one release together."""
NAME = r'(?:if (?:not )?exists )?(?:public\.)?"?(\w+)"?'
TAKING = {
    "drops a table": r"^drop (table|view)\b",
    "drops a column": r"^alter table .* drop (column )?(?!constraint|not null|default)",
    "gives another name": r"^alter \w+ .* rename\b",
    "gives another type": r"^alter table .* alter (column )?\S+ (set data )?type\b",
    "asks for what older releases leave out": r"^alter table .* set not null\b",
    "takes a default that older releases lean on": r"^alter table .* drop default\b",
    "adds a column that older releases do not fill": r"^alter table .* add column (?!.*\bdefault\b).*\bnot null\b",
    "refuses what older releases write": (
        r"^(alter table .* add (constraint|check|unique|foreign key|primary key|exclude)\b|create unique index\b)"
    ),
}


def breaks(sql: str) -> list[str]:
    """What of these statements a release that does not know them cannot live with; new tables are nobody's yet."""
    found: list[str] = []
    new: set[str] = set()
    for statement in (" ".join(each.split()).lower() for each in sql.split(";")):
        if made := re.match(rf"create table {NAME}", statement):
            new.add(made[1])
        about = re.match(rf"(?:alter table(?: only)? |create unique index .*? on ){NAME}", statement)
        if about is None or about[1] not in new:
            found += [what for what, pattern in TAKING.items() if re.search(pattern, statement)]
    return found


def sql_of(module: Any) -> str:
    """What a migration sends, without a database."""
    said = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": said}
    )
    with Operations.context(context):
        module.upgrade()
    return said.getvalue()


def ruled() -> list[Script]:
    script = ScriptDirectory.from_config(migrate.alembic_config())
    return [each for each in script.walk_revisions() if each.revision >= FIRST]


def test_each_migration_says_who_goes_on_serving_and_keeps_to_it() -> None:
    known = migrate.revisions()
    for each in ruled():
        serves = getattr(each.module, "serves", None)
        assert serves in known, f'{each.revision} says nothing: serves = "{known[-2]}", or its own number'
        assert serves == each.revision or breaks(sql_of(each.module)) == [], each.revision


def test_a_migration_before_the_rule_is_served_by_its_own_release_alone() -> None:
    last = max(each for each in migrate.revisions() if each < FIRST)
    assert migrate.serves() >= last


@pytest.mark.parametrize(
    "sql",
    [
        "drop table a",
        "alter table a drop column b",
        "alter table a drop b",
        "alter table a rename to b",
        "alter table a rename column b to c",
        "alter table a alter column b type bigint",
        "alter table a alter b set data type bigint",
        "alter table a alter column b set not null",
        "alter table a alter column b drop default",
        "alter table a add column b integer not null",
        "alter table a add constraint c check (b > 0)",
        "alter table a add check (b > 0)",
        "create unique index i on a (b)",
        "create table n (b integer);\nalter table a\n  drop column b",
    ],
)
def test_what_an_older_release_cannot_live_with_is_found(sql: str) -> None:
    assert len(breaks(sql)) == 1, breaks(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "create table n (b integer not null); create unique index i on n (b); alter table n add check (b > 0)",
        "alter table a add column b integer",
        "alter table a add column b integer default 0 not null",
        "alter table a add column b integer not null default 0",
        "alter table a drop constraint c",
        "alter table a alter column b drop not null",
        "create index i on a (b)",
        "update a set b = 1 where b is null",
    ],
)
def test_what_only_adds_is_let_pass(sql: str) -> None:
    assert breaks(sql) == []
