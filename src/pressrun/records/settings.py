"""Where a project's registry is kept and who uses it here: read once, never changed."""

from __future__ import annotations

import msgspec

BREAK_GLASS_HOURS = 24.0
REVIEW_HOURS = 72.0
APPROVAL_DAYS = 30.0
JOURNAL_KEY = "~/.config/pressrun/journal.key"


class RegistrySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the project, the person and the environment say together.

    Attributes:
        journal: a path or a database's URL; empty for the project's own ``.pressrun/journal.db``.
        objects: a folder or a URL; empty for the project's own ``.pressrun``.
        environments: name -> target, ``record`` or ``dir:PATH``. What is not named here is only recorded.
        break_glass_hours: until an emergency deployment has to be ratified.
        review_hours: until the review that a rollback opened has to be held.
        approval_days: for which a request and an approval hold.
        journal_key: file of the key that signs checkpoints.
        actor: id or e-mail address of who acts here, as configured; empty when nothing was.
        signing_key: file of the key that this person signs approvals with, or its public half when an agent holds it.
        set_by: field -> the file or variable that set it; a field that is missing has its default.
    """

    journal: str = ""
    objects: str = ""
    environments: dict[str, str] = {}
    break_glass_hours: float = BREAK_GLASS_HOURS
    review_hours: float = REVIEW_HOURS
    approval_days: float = APPROVAL_DAYS
    journal_key: str = JOURNAL_KEY
    actor: str = ""
    signing_key: str = ""
    set_by: dict[str, str] = {}
