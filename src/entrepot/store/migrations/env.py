"""Alembic's entry point; `entrepot.store.upkeep.migrate` gives the connection, and with it the transaction."""

from typing import Any

from alembic import context
from alembic.ddl.postgresql import PostgresqlImpl
from sqlalchemy import Connection, MetaData, Table
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable

from entrepot.store.upkeep.distribution import is_spread_now, place


class SpreadImpl(PostgresqlImpl):
    """Where tables are spread over nodes, a new one is given its place before it refers to others."""

    __dialect__ = "postgresql"

    def create_table(self, table: Table, **options: Any) -> None:
        connection = self.connection
        alone = self.as_sql or "workspace" not in table.columns
        if connection is None or alone or not is_spread_now(connection):
            super().create_table(table, **options)
            return
        connection.execute(CreateTable(table, include_foreign_key_constraints=()))
        for index in table.indexes:
            connection.execute(CreateIndex(index))
        place(connection, table.name)
        for key in table.foreign_key_constraints:
            connection.execute(AddConstraint(key))


def target_metadata() -> MetaData:
    from entrepot.store.tables import metadata

    return metadata


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=target_metadata(), compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
