"""Smaller indexes of what can be searched."""

from __future__ import annotations

from alembic import op

from pressrun.store.journal.schema import statements

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Take the step. There is no way back."""
    for statement in statements(2, "postgresql"):
        op.execute(statement)
