"""What a bundle's evidence says of reads that nobody saw, or of no file, is told."""

from pressrun.records.capture import Coverage, ExternalRead, UnseenInput
from pressrun.rules.doctor.bundles import bundle_findings

UNSEEN = UnseenInput(path="/data/a.parquet", told_by=("strace",), missed_by=("audit-hook",), cells=(3,))
PYTHON_ONLY = Coverage(level="python-only", sources=("audit-hook",), blind_spots=("child processes",), unseen=(UNSEEN,))
READ = ExternalRead(kind="http", target="https://example.org/x.csv", cells=(2,))


def kinds(coverage, external=(), *, hermetic=False):
    return [(f.kind, f.level, f.cell) for f in bundle_findings(coverage, external, hermetic=hermetic)]


def test_reads_that_only_python_could_see_are_a_note_with_the_blind_spots():
    finding = next(iter(bundle_findings(PYTHON_ONLY, (), hermetic=False)))
    assert (finding.kind, finding.level, finding.subject) == ("coverage-incomplete", "note", "python-only")
    assert "child processes" in finding.what


def test_a_file_that_one_recorder_missed_and_a_read_of_no_file_should_be_fixed():
    assert kinds(PYTHON_ONLY, [READ]) == [
        ("coverage-incomplete", "note", None),
        ("input-unseen", "should-fix", 3),
        ("read-external", "should-fix", 2),
    ]


def test_complete_coverage_gives_nothing():
    assert kinds(Coverage(level="complete")) == []


def test_a_hermetic_run_answers_for_what_the_recorders_could_not_see():
    assert kinds(PYTHON_ONLY, hermetic=True) == []


def test_a_bundle_of_an_earlier_release_says_that_nothing_was_recorded():
    assert kinds(None) == [("coverage-incomplete", "note", None)]
