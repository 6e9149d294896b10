"""Alembic's entry point; `entrepot.store.upkeep.migrate` gives the connection, and with it the transaction."""

from alembic import context
from sqlalchemy import Connection, MetaData


def target_metadata() -> MetaData:
    from entrepot.store.tables import metadata

    return metadata


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=target_metadata(), compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
