"""A receipt in a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pressrun.interfaces.cli.coverage_view import coverage_lines
from pressrun.interfaces.cli.receipt import render_receipt
from pressrun.records.capture import Coverage, UnseenInput
from pressrun.records.comparison import Comparison, Difference, Mask, OutputComparison, Receipt, ValueComparison
from pressrun.records.digest import digest_text


def test_coverage_is_told_with_why_it_is_not_complete_and_what_was_possibly_missed() -> None:
    unseen = UnseenInput(path="/p/a.parquet", told_by=("literal paths in the source",), missed_by=("python-audit",))
    reason = "Nothing was recorded from outside: strace is not installed."
    coverage = Coverage(level="python-only", sources=("python-audit",), blind_spots=("x", reason), unseen=(unseen,))
    text = "\n".join(line.plain for line in coverage_lines(coverage))
    assert "python-only" in text
    assert reason in text
    assert "2 blind spots" in text
    assert "possibly unseen: /p/a.parquet (told by literal paths in the source; not seen by python-audit)" in text
    shown = io.StringIO()
    given = Receipt(
        subject=digest_text("b"), grade="R0", environment="current", against="nothing", verdict="", coverage=coverage
    )
    render_receipt(given, Console(file=shown, width=100))
    assert "Coverage" in shown.getvalue()
    assert "strace is not installed" in shown.getvalue()


def receipt() -> Receipt:
    """A receipt of a run that differs, with everything that one can say."""
    outputs = (
        OutputComparison(cell=1, found_cell=1, output=0, mime="text/plain", sameness="identical"),
        OutputComparison(
            cell=4,
            found_cell=4,
            output=0,
            mime="text/html",
            sameness="different",
            reason="column 'price', row 3, by up to 0.12 (relative)",
            expected="price[3] = 1.5",
            found="price[3] = 1.7",
        ),
        OutputComparison(
            cell=6,
            output=0,
            mime="text/plain",
            sameness="not-compared",
            reason="varies between two runs in one environment",
        ),
    )
    masks = (Mask(rule="memory-address", count=2, example="0x7f3a5c0d1e80", why="an object lies elsewhere in memory"),)
    value = ValueComparison(name="r2", kind="metric", sameness="within-tolerance", expected=0.9, found=0.9)
    return Receipt(
        subject=digest_text("bundle"),
        grade="R2",
        environment="rebuilt",
        against="bundle",
        verdict="replays, and one output differs",
        comparison=Comparison(sameness="different", outputs=outputs, values=(value,), masks=masks),
        difference=Difference(
            cell=4,
            output=0,
            expected="price[3] = 1.5",
            found="price[3] = 1.7",
            cause="package-changed",
            evidence=("pandas 2.2.0 became 3.0.1",),
        ),
        varying=(6,),
        notes=("the lock was made for linux",),
    )


def rendered(subject: Receipt, width: int = 100, *, colour: bool = False) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=colour, color_system="standard" if colour else None)
    render_receipt(subject, console)
    return stream.getvalue()


@pytest.mark.parametrize(
    "part",
    [
        "R2  replays top to bottom in an environment rebuilt from the lock",
        "environment rebuilt from the lock",
        "the outputs in the bundle",
        "3 outputs: 1 identical, 1 different, 1 not compared; 1 value: 1 within tolerance",
        "cell 4, output 0",
        "a package changed",
        "pandas 2.2.0 became 3.0.1",
        "price[3] = 1.5",
        "price[3] = 1.7",
        "memory-address",
        "0x7f3a5c0d1e80",
        "cell 6: differs between two runs in one environment",
        "the lock was made for linux",
    ],
)
def test_a_receipt_says_it_all(part: str) -> None:
    assert part in rendered(receipt())


def test_a_receipt_fits_a_narrow_terminal() -> None:
    lines = rendered(receipt(), width=60).splitlines()
    assert max(map(len, lines)) <= 60


def test_no_colour_is_used_that_vanishes_on_a_light_or_dark_background() -> None:
    """Only red, green and the terminal's own colour; never white, black, yellow, dim or a background."""
    text = rendered(receipt(), colour=True)
    codes = {code for part in text.split("\x1b[")[1:] for code in part.split("m", 1)[0].split(";")}
    assert codes <= {"0", "1", "3", "4", "31", "32"}


def test_a_receipt_without_comparison_is_short() -> None:
    text = rendered(
        Receipt(subject=digest_text("x"), grade="R0", environment="current", against="nothing", verdict="cell 3 raised")
    )
    assert text.startswith("R0  captured")
    assert "cell 3 raised" in text
