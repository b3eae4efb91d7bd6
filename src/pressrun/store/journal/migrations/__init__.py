"""Alembic's view of the schema, for PostgreSQL. The statements stand in `pressrun.store.journal.schema`."""
