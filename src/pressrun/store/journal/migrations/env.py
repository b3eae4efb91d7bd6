"""How Alembic is run: over the connection, and inside the transaction, of whoever opens the journal.

Alembic executes this file; it is not to be imported.
"""

from __future__ import annotations

from alembic import context

from pressrun.store.journal.schema import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
