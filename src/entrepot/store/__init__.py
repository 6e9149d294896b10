"""PostgreSQL: the embedded server, tables, migrations, set-based SQL and queries."""
