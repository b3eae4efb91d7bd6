"""What looks like a problem and is none, or is not sure to be one, does not block."""

import pytest

MISSING = {"modules": {"not_there": {"state": "missing"}}}
SPLIT = (
    "from sklearn.model_selection import train_test_split\n"
    "from sklearn.preprocessing import StandardScaler\nimport pandas as pd\n"
)

QUIET = {
    "a builtin that a later cell rebinds": (["display(1)", "from IPython.display import display"], None),
    "a name that %run may define": (["%run setup.py", "print(given)"], None),
    "a name that a star import may define": (["from math import *", "print(pi)"], None),
    "a parameter without a default": ([{"source": "n: int", "tags": ["parameters"]}, "print(n)"], None),
    "a name behind an except NameError": (["try:\n    given\nexcept NameError:\n    given = 1"], None),
    "a comprehension's own name": (["xs = [1]\nprint([x for x in xs if x])"], None),
    "steps fitted on the training part of two splits": (
        [
            SPLIT + "train, test = train_test_split(pd.read_csv('a.csv'), random_state=0)",
            "scaled = StandardScaler().fit_transform(train)\na, b = train_test_split(scaled, random_state=0)",
        ],
        None,
    ),
    "halves that change places": (
        [
            SPLIT + "from sklearn.svm import SVC\nX, y = pd.read_csv('x.csv'), pd.read_csv('y.csv')",
            "a, b, c, d = train_test_split(X, y, random_state=0)\n"
            "first = SVC().fit(a, c).predict(b)\nlast = SVC().fit(b, d).predict(a)",
        ],
        None,
    ),
    "a pipeline that may select columns": (
        [
            "import pandas as pd\nfrom sklearn.pipeline import Pipeline\ndf = pd.read_csv('a.csv')\n"
            "model = Pipeline([])\nmodel.fit(df, df['y'])"
        ],
        None,
    ),
    "a generator that was given": (
        ["import numpy as np\nrng = np.random.default_rng(1)\nx = rng.normal(size=3)\nrng.shuffle(x)"],
        None,
    ),
    "a seed that a helper of the notebook sets": (
        [
            "import numpy as np\ndef seed_everything(n):\n    np.random.seed(n)",
            "seed_everything(3)",
            "import random\nx = random.random()",
        ],
        None,
    ),
    "a nested dictionary": (["d = {'a': {}}\nd['a']['b'] = 1"], None),
    "a file that numpy.save ends": (
        ["import numpy as np\nnp.save('a', [1])\nx = np.load('a.npy')"],
        {"exists": {"a.npy": False}},
    ),
    "an address in a comment or text": (["# https://example.org\nnote = 'see https://example.org'"], None),
    "automagic in a cell of one line": (["ls"], None),
    "a time that is only measured": (
        ["import time\nstart = time.perf_counter()\nprint(time.perf_counter() - start)"],
        None,
    ),
}  # fmt: skip

MILDER = {
    "a file that a command may have made": (
        ["!unzip a.zip", "import pandas as pd\ndf = pd.read_csv('a.csv')"],
        {"exists": {"a.csv": False}},
        "path-missing",
    ),
    "a file that code elsewhere may have made": (
        ["exec('x = 1')", "import pandas as pd\ndf = pd.read_csv('a.csv')"],
        {"exists": {"a.csv": False}},
        "path-missing",
    ),
    "a path that depends on a branch": (
        ["import pandas as pd\ncolab = False\nplace = 'b.csv'\nif colab:\n    df = pd.read_csv('a.csv')"],
        {"exists": {"a.csv": False}},
        "path-missing",
    ),
    "an import after an installation": (["%pip install not_there", "import not_there"], MISSING, "import-missing"),
    "an import in a branch": (["if input():\n    import not_there"], MISSING, "import-missing"),
    "a name in a branch": (["if input():\n    print(given)"], None, "name-undefined"),
    "a removed function in a function": (
        ["import numpy as np\ndef f():\n    return np.float(1)"],
        None,
        "api-removed",
    ),
}


@pytest.mark.parametrize("name", QUIET)
def test_it_gives_nothing_that_counts(name, findings_in):
    cells, around = QUIET[name]
    assert [finding for finding in findings_in(cells, around) if finding.level != "note"] == []


@pytest.mark.parametrize("name", MILDER)
def test_it_is_told_and_does_not_block(name, findings_in):
    cells, around, kind = MILDER[name]
    assert [finding.level for finding in findings_in(cells, around) if finding.kind == kind] == ["should-fix"]


def test_a_path_that_two_branches_bind_is_not_known(findings_in):
    source = (
        "import pandas as pd\nif input():\n    place = 'a.csv'\nelse:\n    place = 'b.csv'\ndf = pd.read_csv(place)"
    )
    assert findings_in([source], {"exists": {"a.csv": False, "b.csv": False}}) == ()
