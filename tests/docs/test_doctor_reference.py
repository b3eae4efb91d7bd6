"""The reference of findings lists every kind as the program has it."""

import re
from pathlib import Path

from pressrun.rules.doctor.kinds import KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "doctor.md"
ROW = re.compile(r"^\| `([\w-]+)` \| ([\w-]+) \| (\*\*fix\*\*)? ?\| (.*) \| (.*) \|$", re.MULTILINE)


def test_the_tables_list_every_kind_with_its_level_reason_and_fix():
    listed = [
        (name, level, bool(fix), why, what)
        for name, level, fix, why, what in ROW.findall(PAGE.read_text(encoding="utf-8"))
    ]
    assert listed == [(kind.name, kind.level, kind.repaired, kind.why, kind.fix) for kind in KINDS]
