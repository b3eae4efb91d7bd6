"""What --fix changes is small, right, and answers the finding."""

import json
from pathlib import Path

import pytest
import yaml

from pressrun.notebook.doctor.analyse import analyse_notebook
from pressrun.notebook.doctor.rewrite import corrected
from pressrun.notebook.read import cells_of
from pressrun.records.cells import Notebook
from pressrun.rules.doctor.diagnose import diagnose
from pressrun.rules.doctor.edits import Edit, apply_edits
from pressrun.rules.doctor.kinds import KINDS
from pressrun.rules.doctor.repairs import REPAIRED_KINDS, edits_for

TABLE = Path(__file__).parents[2] / "fixtures" / "doctor_plants.yaml"
PLANTS = yaml.safe_load(TABLE.read_text(encoding="utf-8"))


def notebook_of(document):
    return Notebook(
        path="nb.ipynb", digest="sha256:0", nbformat=(4, 5), language="python", kernel=None, cells=cells_of(document)
    )


def seen(document, around):
    analysed = analyse_notebook(notebook_of(document))
    return analysed, diagnose(analysed, around)


def fixed(document, around):
    analysed, findings = seen(document, around)
    edits = edits_for(findings, analysed, around)
    return edits, json.loads(corrected(json.dumps(document, indent=1).encode(), edits)) if edits else document


def test_the_registry_says_which_kinds_are_repaired():
    assert {kind.name for kind in KINDS if kind.repaired} == REPAIRED_KINDS


@pytest.mark.parametrize("number", range(len(PLANTS)), ids=lambda n: f"{n}-{PLANTS[n]['kind']}")
def test_a_planted_problem_that_is_called_fixable_is_gone_from_the_corrected_copy(number, make_document, make_around):
    plant = PLANTS[number]
    around, document = make_around(plant.get("around")), make_document(plant["cells"])
    _, before = seen(document, around)
    promised = [finding for finding in before if finding.fixable]
    edits, copy = fixed(document, around)
    assert {(e.kind, e.cell) for e in edits} >= {(f.kind, f.cell) for f in promised}
    _, after = seen(copy, around)
    left = {(f.kind, f.cell, f.subject) for f in after if f.fixable}
    assert left == set()


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (
            "import numpy as np\nx = np.random.rand(3)",
            "import numpy as np\nnp.random.seed(0)\nx = np.random.rand(3)",
        ),
        (
            "from numpy.random import rand\nx = rand(3)",
            "from numpy.random import rand\nimport numpy; numpy.random.seed(0)\nx = rand(3)",
        ),
        (
            "import numpy as np\nr = np.random.default_rng()",
            "import numpy as np\nr = np.random.default_rng(0)",
        ),
        (
            "import random\n\n@f\ndef g():\n    return random.random()",
            "import random\n\nrandom.seed(0)\n@f\ndef g():\n    return random.random()",
        ),
        (
            "from sklearn.utils import shuffle\nx = shuffle((y))",
            "from sklearn.utils import shuffle\nx = shuffle((y))",
        ),
        (
            "from sklearn.utils import shuffle\nx = shuffle(\n    y,  # rows\n)",
            "from sklearn.utils import shuffle\nx = shuffle(\n    y, random_state=0,  # rows\n)",
        ),
        (
            "from sklearn.utils import shuffle\nx = shuffle('ä', y)",
            "from sklearn.utils import shuffle\nx = shuffle('ä', y, random_state=0)",
        ),
        (
            "import pandas as pd\ndf = pd.DataFrame()\ndf['ä'].fillna(inplace=True, value=0)",
            "import pandas as pd\ndf = pd.DataFrame()\ndf['ä'] = df['ä'].fillna(value=0)",
        ),
        (
            "print 'a', 1\nprint 'b',\nprint",
            "print('a', 1)\nprint('b', end=chr(32))\nprint",
        ),
        (
            "!pip install x\nimport os",
            "# !pip install x  # belongs in the project's requirements\nimport os",
        ),
        (
            "!unzip a.zip",
            "import subprocess; subprocess.run('unzip a.zip', shell=True, check=True)",
        ),
        (
            "!unzip {name}",
            "!unzip {name}",
        ),
        (
            "if 1:\n    !pip install x",
            "if 1:\n    !pip install x",
        ),
    ],
)
def test_a_cell_is_corrected_to_the_letter(source, wanted, make_document, make_around):
    _, copy = fixed(make_document([source]), make_around(None))
    read = copy["cells"][0]["source"]
    assert (read if isinstance(read, str) else "".join(read)) == wanted


def test_edits_are_applied_from_the_end_so_that_places_stay_right():
    edits = [
        Edit(kind="a", cell=0, what="", start=(1, 0), end=(1, 1), text="long"),
        Edit(kind="b", cell=0, what="", start=(2, 0), end=(2, 0), text="new\n"),
    ]
    assert apply_edits("x\ny", edits) == "long\nnew\ny"


def test_one_correction_inside_another_waits_for_the_next_round(make_document, make_around):
    source = "import pandas as pd\nimport numpy as np\ndf = pd.DataFrame()\n"
    source += "df['a'].fillna(np.random.default_rng(), inplace=True)"
    around = make_around(None)
    first, once = fixed(make_document([source]), around)
    assert [edit.kind for edit in first] == ["pandas-chained-inplace"]
    second, twice = fixed(once, around)
    assert [edit.kind for edit in second] == ["random-unseeded"]
    assert "".join(twice["cells"][0]["source"]).endswith("df['a'] = df['a'].fillna(np.random.default_rng(0))")
