"""Whatever stands in a notebook, the doctor gives findings and no error, and its corrected copies are notebooks."""

import itertools
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pressrun.errors import PressrunError
from pressrun.notebook.doctor.analyse import analyse_notebook
from pressrun.notebook.doctor.rewrite import corrected, is_own_result
from pressrun.notebook.read import cells_of
from pressrun.records.cells import Notebook
from pressrun.records.findings import LEVELS
from pressrun.rules.doctor.diagnose import diagnose, questions_of
from pressrun.rules.doctor.excerpts import with_excerpts
from pressrun.rules.doctor.kinds import KIND_BY_NAME
from pressrun.rules.doctor.repairs import edits_for
from pressrun.rules.doctor.silence import silence

PIECES = [
    'import numpy as np', 'import pandas as pd', 'np.random.rand(3)', "df = pd.read_csv('/content/a.csv')",
    "df['a'].fillna(0, inplace=True)", '!pip install x', '%cd ..', '%%bash', '%%time', 'x = !ls {df}', "print 'a'",
    "print 'b',", 'def f(a, *b, c=1, **d):', '    return x', 'class C(', 'lambda', 'try:', 'except:',
    "with open('x') as f:", '    pass', 'del x', 'global x', 'yield', 'await x', "f'{x!r:>{y}}'", '[x for x in',
    'train_test_split(X, y)', 'from sklearn.model_selection import train_test_split', 'a, b = train_test_split(X)',
    'scaler.fit_transform(X)', 'import pickle', 'pickle.dump(lambda: 1, f)', "os.environ['A'] = 1",
    "sys.path.append('x')", '?x', 'x?', '\t', '\\', "'''", '# pressrun: ignore', '# pressrun: ignore secret, x why',
    'match x:', '    case [a, *_]:', 'x: int', 'x := 1', '(x := 1)', 'if x:', 'else:', '\r\n', "é = 'ü'", '\x00',
    '\ud800', "open('a').read()", "pd.Timestamp('now')", "requests.get('http://localhost:1')",
    'np.random.default_rng()', 'shuffle(x for x in y)',
]  # fmt: skip
SOURCES = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=8).map("\n".join))
OUTPUTS = st.lists(
    st.sampled_from(
        [
            {"output_type": "stream", "name": "stdout", "text": "a\n"},
            {
                "output_type": "error",
                "ename": "E",
                "evalue": "v",
                "traceback": ["----> 1 x", "Cell In[1], line 1\n----> 9 y"],
            },
            {"output_type": "error", "traceback": None},
            {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": "1"}},
            {"output_type": "display_data"},
            {},
        ]
    ),
    max_size=2,
)
CELLS = st.fixed_dictionaries(
    {
        "source": SOURCES,
        "outputs": OUTPUTS,
        "count": st.none() | st.integers(-1, 9),
        "tags": st.lists(st.sampled_from(["raises-exception", "x"]), max_size=1),
    }
)


def lines_of(source):
    return source.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(CELLS, max_size=4))
def test_any_cells_give_findings_and_a_correct_copy(cells, make_document, make_around):
    document = make_document(cells)
    try:
        read = cells_of(document)
    except PressrunError:  # a refusal to read it
        return
    notebook = Notebook(path="n", digest="sha256:0", nbformat=(4, 5), language="python", kernel=None, cells=read)
    analysed = analyse_notebook(notebook)
    asked = questions_of(analysed)
    around = make_around({"exists": dict.fromkeys(asked.paths, False), "inside": dict.fromkeys(asked.paths, "a.csv")})
    findings, _ = silence(with_excerpts(diagnose(analysed, around), read), read, ())
    for finding in findings:
        assert finding.kind in KIND_BY_NAME
        assert LEVELS.index(finding.level) >= LEVELS.index(KIND_BY_NAME[finding.kind].level)
        assert finding.line is None or 1 <= finding.line <= lines_of(read[finding.cell].source)
    edits = edits_for(findings, analysed, around)
    changes = [edit for edit in edits if not edit.clears]
    for one, other in itertools.combinations(changes, 2):
        assert one.cell != other.cell or one.end <= other.start or other.end <= one.start
    copy = corrected(json.dumps(document).encode(), edits)
    assert is_own_result(copy)
    touched = {edit.cell for edit in edits}
    again = json.loads(copy)
    assert [c for n, c in enumerate(again["cells"]) if n not in touched] == [
        c for n, c in enumerate(document["cells"]) if n not in touched
    ]
    for index in touched:  # what could be parsed still can
        after = analyse_notebook(
            Notebook(
                path="n", digest="sha256:0", nbformat=(4, 5), language="python", kernel=None, cells=cells_of(again)
            )
        )
        here = next(cell for cell in after.cells if cell.index == index)
        before = next(cell for cell in analysed.cells if cell.index == index)
        assert here.error is None or before.error is not None
