"""Make what can be searched when somebody searches."""

from __future__ import annotations

from alembic import op

from pressrun.store.journal.schema import statements

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Take the step. There is no way back."""
    for statement in statements(3, "postgresql"):
        op.execute(statement)
