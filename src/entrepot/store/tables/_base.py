"""The one `MetaData` that all tables are declared on."""

from sqlalchemy import MetaData

metadata = MetaData()
