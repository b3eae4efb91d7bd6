"""How cells are called and marked wherever progress is shown."""

from __future__ import annotations

from pressrun.records.replay import CellStatus

MARKS: dict[CellStatus, tuple[str, str]] = {
    "completed": ("✓", "green"),
    "raised-as-expected": ("✓", "green"),
    "skipped": ("-", "dim"),
    "never-ran": ("-", "dim"),
}
FAILED_MARK = ("✗", "bold red")
DIGEST_FROM = 64 * 2**20  # bytes; a smaller input is read before anybody could look


def cell_name(cell: int) -> str:
    """Return how a reader calls a cell."""
    return "parameters" if cell < 0 else f"cell {cell}"
