"""The journal, its tree, its checkpoints, the snapshot and what can be searched."""

from __future__ import annotations

from alembic import op

from pressrun.store.journal.schema import statements

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Take the step. There is no way back: what was appended stays."""
    for statement in statements(1, "postgresql"):
        op.execute(statement)
