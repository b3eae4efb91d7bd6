"""An answered finding is listed and does not count."""

from pressrun.notebook.doctor.analyse import analyse_notebook
from pressrun.notebook.read import cells_of
from pressrun.records.cells import Notebook
from pressrun.rules.doctor.diagnose import diagnose
from pressrun.rules.doctor.silence import silence

SOURCE = "import random\nx = random.random()"


def look(make_document, make_around, cells, ignored=()):
    read = cells_of(make_document(cells))
    notebook = Notebook(path="n", digest="sha256:0", nbformat=(4, 5), language="python", kernel=None, cells=read)
    return silence(diagnose(analyse_notebook(notebook), make_around(None)), read, ignored)


def test_without_an_answer_the_finding_counts(make_document, make_around):
    left, silenced = look(make_document, make_around, [SOURCE])
    assert ([f.kind for f in left], silenced) == (["random-unseeded"], ())


def test_a_comment_on_the_line_silences_its_kind_and_gives_the_reason(make_document, make_around):
    left, silenced = look(make_document, make_around, [SOURCE + "  # pressrun: ignore random-unseeded a toss"])
    assert left == ()
    assert [(s.finding.kind, s.by, s.reason) for s in silenced] == [("random-unseeded", "comment", "a toss")]


def test_a_comment_above_the_line_silences_it(make_document, make_around):
    source = "import random\n# pressrun: ignore random-unseeded, secret\n# because\nx = random.random()"
    assert look(make_document, make_around, [source])[0] == ()


def test_a_comment_on_another_line_silences_nothing(make_document, make_around):
    source = "import random  # pressrun: ignore random-unseeded\nx = random.random()"
    assert [f.kind for f in look(make_document, make_around, [source])[0]] == ["random-unseeded"]


def test_a_comment_for_another_kind_silences_nothing(make_document, make_around):
    source = SOURCE + "  # pressrun: ignore clock-dependence"
    assert [f.kind for f in look(make_document, make_around, [source])[0]] == ["random-unseeded"]


def test_a_comment_of_its_own_answers_for_the_whole_cell_where_no_line_is_meant(make_document, make_around):
    cell = {
        "source": "# pressrun: ignore output-error shown on purpose\nint('two')",
        "count": 1,
        "outputs": [{"output_type": "error", "ename": "ValueError", "evalue": "", "traceback": []}],
    }
    left, silenced = look(make_document, make_around, [cell])
    assert (left, [s.reason for s in silenced]) == ((), ["shown on purpose"])


def test_a_kind_that_is_ignored_by_option_is_listed(make_document, make_around):
    left, silenced = look(make_document, make_around, [SOURCE], ignored=("random-unseeded",))
    assert (left, [s.by for s in silenced]) == ((), ["option"])
