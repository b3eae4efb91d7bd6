"""The outcome is computed from what every cell reported, and never from silence."""

from __future__ import annotations

import pytest

from pressrun.notebook.replay.journal import Ended, Finished, KernelGone, KernelNeverUp, ShellFailure
from pressrun.notebook.replay.outcome import Facts, PlannedCell, line_of_failure, outcome
from pressrun.records.digest import digest_text

DIGEST = digest_text("")


def planned(*tags: tuple[str, ...]) -> tuple[PlannedCell, ...]:
    return tuple(PlannedCell(position=n, cell=n, id=None, digest=DIGEST, tags=t) for n, t in enumerate(tags))


def ended(*ends: Ended) -> dict[int, Ended]:
    return {end.position: end for end in ends}


OK = Ended(0, "ok")
TWO = planned((), ())


def test_every_cell_that_replied_ok_makes_a_completed_run() -> None:
    found = outcome(TWO, Facts(ended=ended(OK, Ended(1, "ok"))))
    assert (found.verdict, found.failure) == ("completed", None)


def test_silence_is_never_success() -> None:
    """Nothing went wrong that anybody knows of, and a cell did not report: the run is unfinished."""
    found = outcome(TWO, Facts(ended=ended(OK), finished=Finished()))
    assert found.verdict == "unfinished"
    assert [run.status for run in found.cells] == ["completed", "never-ran"]


def test_a_run_of_which_nothing_is_known_is_unfinished() -> None:
    found = outcome(TWO, Facts(child="the replay's process ended with -9"))
    assert found.verdict == "unfinished"
    assert found.failure is not None
    assert "ended with -9" in found.failure.traceback


def test_a_notebook_without_code_is_completed() -> None:
    assert outcome((), Facts(finished=Finished())).verdict == "completed"


@pytest.mark.parametrize(
    ("facts", "verdict", "statuses"),
    [
        (Facts(ended=ended(Ended(0, "error", "ValueError", "no"))), "cell-error", ["failed", "never-ran"]),
        (Facts(ended=ended(Ended(0, "error", "MemoryError"))), "out-of-memory", ["failed", "never-ran"]),
        (Facts(ended=ended(Ended(0, "error", "_ArrayMemoryError"))), "out-of-memory", ["failed", "never-ran"]),
        (Facts(ended=ended(Ended(0, "error", "SystemExit", "0"))), "exited", ["failed", "never-ran"]),
        (Facts(ended=ended(Ended(0, "ok", asked_to_exit=True))), "exited", ["completed", "never-ran"]),
        (Facts(ended=ended(Ended(0, "none")), gone=KernelGone(0)), "exited", ["died", "never-ran"]),
        (Facts(ended=ended(Ended(0, "none")), gone=KernelGone(3)), "kernel-died", ["died", "never-ran"]),
        (Facts(ended=ended(Ended(0, "none")), gone=KernelGone(-11)), "kernel-died", ["died", "never-ran"]),
        (
            Facts(ended=ended(Ended(0, "none")), gone=KernelGone(-9, "the system reports it")),
            "out-of-memory",
            ["died", "never-ran"],
        ),
        (
            Facts(ended=ended(Ended(0, "ok", shell=[ShellFailure("false", 1, 2)]))),
            "shell-command-failed",
            ["shell-command-failed", "never-ran"],
        ),
        (Facts(ended=ended(Ended(0, "error", stopped="cell-timeout"))), "cell-timeout", ["timed-out", "never-ran"]),
        (Facts(ended=ended(Ended(0, "ok", stopped="timeout"))), "timeout", ["timed-out", "never-ran"]),
        (Facts(ended=ended(Ended(0, "none", stopped="interrupted"))), "interrupted", ["interrupted", "never-ran"]),
        (Facts(started=frozenset({0}), interrupted=True), "interrupted", ["interrupted", "never-ran"]),
        (Facts(started=frozenset({0}), child="killed"), "unfinished", ["died", "never-ran"]),
        (Facts(never_up=KernelNeverUp("no answer")), "kernel-start-failed", ["never-ran", "never-ran"]),
        (Facts(ended=ended(OK), gone=KernelGone(-9)), "kernel-died", ["completed", "never-ran"]),
        (Facts(ended=ended(OK), finished=Finished(stopped="timeout")), "timeout", ["completed", "never-ran"]),
    ],
)
def test_each_end_has_a_verdict_of_its_own(facts: Facts, verdict: str, statuses: list[str]) -> None:
    found = outcome(TWO, facts)
    assert found.verdict == verdict
    assert [run.status for run in found.cells] == statuses
    assert found.failure is not None
    assert found.failure.verdict == verdict
    assert found.failure.message


def test_an_expected_exception_lets_the_run_go_on() -> None:
    cells = planned(("raises-exception",), ())
    found = outcome(cells, Facts(ended=ended(Ended(0, "error", "ValueError"), Ended(1, "ok"))))
    assert found.verdict == "completed"
    assert found.cells[0].status == "raised-as-expected"


def test_a_cell_that_may_raise_and_does_not_is_completed() -> None:
    cells = planned(("raises-exception",))
    assert outcome(cells, Facts(ended=ended(OK))).cells[0].status == "completed"


def test_exit_in_the_last_cell_completes_the_run() -> None:
    assert outcome(planned(()), Facts(ended=ended(Ended(0, "ok", asked_to_exit=True)))).verdict == "completed"


def test_the_failing_cell_is_named_with_its_facts() -> None:
    end = Ended(1, "error", "ValueError", "no", ["Cell In[2], line 7"], duration_s=2.5, peak_memory_bytes=10)
    found = outcome(TWO, Facts(ended=ended(OK, end), last_outputs={1: ("half way",)})).failure
    assert found is not None
    assert (found.cell, found.line, found.exception, found.message) == (1, 7, "ValueError", "ValueError: no")
    assert (found.duration_s, found.peak_memory_bytes, found.last_outputs) == (2.5, 10, ("half way",))


@pytest.mark.parametrize(
    ("end", "log"),
    [
        (Ended(0, "error", "ValueError", "no", ["Cell In[1], line 2"]), ""),
        (Ended(0, "ok", shell=(ShellFailure("false", 1, 2),)), ""),
        (Ended(0, "none"), 'File "/tmp/ipykernel_9/77.py", line 2 in <module>'),
    ],
)
def test_a_line_is_counted_with_the_blank_lines_that_ipython_drops(end: Ended, log: str) -> None:
    """The first line of ``%%register step a`` is blank in what is run."""
    cell = PlannedCell(position=0, cell=0, id=None, digest=DIGEST, dropped=1)
    gone = KernelGone(-11, log=log) if log else None
    found = outcome((cell,), Facts(ended=ended(end), gone=gone)).failure
    assert found is not None
    assert found.line == 3


@pytest.mark.parametrize(
    ("traceback", "line"),
    [
        ("\x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[4]\x1b[39m\x1b[32m, line 2\x1b[39m\n----> 2 1/0", 2),
        ("Cell In [4], line 3\n      1 x\n----> 3 1/0", 3),
        ("Input In [2], in <cell line: 1>()\n      1 a\n----> 2 b\n", 2),
        ("<ipython-input-5-0b1c> in <module>\n      1 a\n----> 4 1/0\n", 4),
        ("/tmp/ipykernel_123/456.py in <module>\n      1 a\n----> 5 1/0\n", 5),
        ('  File "<ipython-input-1-abc>", line 6\n    x =\n', 6),
        ('  File "/tmp/ipykernel_9/77.py", line 8\n    x =\n', 8),
        ("  Cell In[1], line 9\n    !x\n    ^\nSyntaxError", 9),
        ("somewhere else", None),
        ("", None),
    ],
)
def test_the_line_is_found_in_tracebacks_of_every_generation_of_ipython(traceback: str, line: int | None) -> None:
    assert line_of_failure([traceback]) == line


def test_a_cell_that_the_kernel_refused_has_failed_also_where_it_was_expected_to_raise() -> None:
    found = outcome(planned(("raises-exception",), ()), Facts(ended=ended(Ended(0, "aborted"))))
    assert (found.verdict, [run.status for run in found.cells]) == ("cell-error", ["failed", "never-ran"])
    assert found.failure is not None
    assert found.failure.message == "the kernel did not run the cell: its reply was 'aborted'"
