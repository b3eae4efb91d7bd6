"""A program's results beside a kernel's outputs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pressrun.errors import ResultsDifferError
from pressrun.notebook.package.results import cells_from_results, read_results, text_only
from pressrun.notebook.read import cells_of


def test_both_sides_reduce_to_the_same_cells(make: Callable[..., Any], run: Callable[..., Any], tmp_path: Path) -> None:
    """A real run of each."""
    made = make("import sys\nprint(1)\nprint('e', file=sys.stderr)\n[1]", "%%register skip\n1", "!echo hi", "2;")
    ran = run(made.program())
    (tmp_path / "r.json").write_text(json.dumps(ran.results))
    executed = cells_of(json.loads(Path(made.replay().executed).read_text()))
    found = cells_from_results(made.notebook, read_results(tmp_path / "r.json"))
    assert [cell.outputs for cell in found] == [cell.outputs for cell in text_only(executed)]
    assert [cell.index for cell in found] == [0, 2, 3]


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"cells": 3}'])
def test_a_missing_or_damaged_results_file_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    """Never an empty result."""
    if content is not None:
        (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(ResultsDifferError):
        read_results(tmp_path / "r.json")
