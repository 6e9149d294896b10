"""Commands on the database as a whole: worlds, schema, backups, checks."""
