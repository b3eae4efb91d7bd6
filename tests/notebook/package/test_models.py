"""Models: from a real kernel, through the safest format, to a fresh process."""

from __future__ import annotations

import ast
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pressrun.errors import CannotRestoreError, DeclarationError, ResultsDifferError, UnsafeContentError
from pressrun.notebook.package.models import (
    ModelFiles,
    extra_requirements,
    finish_model,
    loading_snippet,
    read_description,
    source_of,
)
from pressrun.notebook.package.tasks import export_task, tasks_for
from pressrun.records.capture import Distribution, Environment
from pressrun.records.digest import digest_bytes
from pressrun.records.replay import TaskResult

PYTHON = Path(sys.executable)
DATA = """
import numpy as np, pandas as pd
SECRET = "hunter2-not-for-the-bundle"
BIG = list(range(100_000))
rng = np.random.default_rng(0)
X = pd.DataFrame({"a": rng.normal(size=300), "b": rng.integers(0, 5, 300)})
y = (X["a"] > 0).astype(int)
X_train, X_test = X[:200], X[200:]
"""
OWN = """
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression
SCALE = 2.0
def scaled(x):
    return x * SCALE
class Clip(TransformerMixin, BaseEstimator):
    def __init__(self, top=1.0):
        self.top = top
    def fit(self, X, y=None):
        self.n_ = len(X)
        return self
    def transform(self, X):
        return np.clip(scaled(X), -self.top, self.top)
"""


@pytest.fixture
def export(make: Callable[..., Any]) -> Callable[..., tuple[TaskResult, ...]]:
    """Run cells in a real kernel and return the results of the tasks that they ask for."""

    def run(*cells: str, folder: str = "nb") -> tuple[TaskResult, ...]:
        replay = make(*cells, folder=folder).replay()
        assert replay.ok, replay.failure
        return replay.tasks

    return run


def _finish(result: TaskResult, place: Path) -> ModelFiles:
    return finish_model(result, python=PYTHON, directory=place)


def _content(files: ModelFiles) -> dict[str, bytes]:
    return {name: (files.directory / name).read_bytes() for name in files.files}


@pytest.mark.slow
def test_a_library_model_is_saved_without_pickle(export: Callable[..., Any], tmp_path: Path) -> None:
    """skops, its trusted types listed, predictions equal in a fresh process."""
    (result,) = export(
        DATA,
        "%%register model churn\nfrom sklearn.ensemble import RandomForestClassifier\n"
        "model = RandomForestClassifier(5, random_state=0).fit(X_train, y[:200])\nlast = 3",
    )
    files = _finish(result, tmp_path / "models")
    description = files.description
    assert files.files == ("model.json", "model.skops", "predictions.json", "sample.json")
    assert (description.model_format, description.unsafe) == ("skops", False)
    assert description.trusted_types == ("sklearn.tree._tree.Tree",)
    assert set(description.refused_formats) == {"xgboost-json", "lightgbm-text"}
    assert description.class_name == "sklearn.ensemble._forest.RandomForestClassifier"
    assert [column["name"] for column in description.signature["input"]["columns"]] == ["a", "b"]
    assert set(json.loads((files.directory / "predictions.json").read_bytes())) == {"predict", "predict_proba"}
    assert description.digest == digest_bytes((files.directory / "model.skops").read_bytes())
    assert read_description(files.directory) == description
    ast.parse(loading_snippet(description))


@pytest.mark.slow
def test_what_the_notebook_defines_travels_by_value(export: Callable[..., Any], tmp_path: Path) -> None:
    """Classes, the functions they call and the constants these read; nothing else of the notebook."""
    (result,) = export(
        DATA, OWN, "%%register model churn\nmodel = make_pipeline(Clip(), LogisticRegression()).fit(X, y)"
    )
    files = _finish(result, tmp_path / "models")
    description = files.description
    assert (description.model_format, description.unsafe) == ("cloudpickle", True)
    assert description.lifted == ("Clip", "scaled")
    assert "holds what the notebook defines: Clip, scaled" in description.refused_formats["skops"]
    content = (files.directory / "model.pkl").read_bytes()
    assert b"hunter2" not in content
    assert len(content) < 20_000, "BIG stayed where it was"
    assert "runs code" in loading_snippet(description)


@pytest.mark.slow
def test_the_same_notebook_gives_the_same_bytes_in_another_kernel(export: Callable[..., Any], tmp_path: Path) -> None:
    """No process id, random identifier, time or address gets into a model's files."""
    own = (DATA, OWN, "%%register model churn\nmodel = make_pipeline(Clip(), LogisticRegression()).fit(X, y)")
    search = (
        DATA,
        "%%register model best\nfrom sklearn.linear_model import LogisticRegression\n"
        "from sklearn.model_selection import GridSearchCV\n"
        "search = GridSearchCV(LogisticRegression(), {'C': [0.1, 1]}).fit(X, y)",
    )
    for number, cells in enumerate((own, search)):
        pair = [_finish(export(*cells, folder=f"n{number}{k}")[0], tmp_path / f"m{number}{k}") for k in range(2)]
        assert _content(pair[0]) == _content(pair[1])
    assert "refit_time_" in pair[0].description.zeroed


@pytest.mark.slow
def test_a_function_of_the_notebook_can_predict(export: Callable[..., Any], tmp_path: Path) -> None:
    """--object, --predict and --sample say what cannot be found."""
    (result,) = export(
        "words = ['a', 'bb', 'ccc']\nweights = {'a': 1.5}\n"
        "def answer(model, texts):\n    return [model.get(t, 0.0) for t in texts]",
        "%%register model words --object weights --predict answer --sample words\npass",
    )
    files = _finish(result, tmp_path / "models")
    assert files.description.predict_file == "predict.pkl"
    assert files.description.unsafe
    predictions = json.loads((files.directory / "predictions.json").read_bytes())
    assert predictions["answer"]["values"] == [1.5, 0.0, 0.0]


@pytest.mark.slow
def test_exporting_leaves_the_notebook_as_it_was(make: Callable[..., Any]) -> None:
    """Random state, modules and variables are those of a run without the task."""
    after = (
        "import sys\nprint(np.random.rand(), 'cloudpickle' in sys.modules, sorted(k for k in globals() if k[0] != '_'))"
    )
    fit = "from sklearn.dummy import DummyClassifier\nmodel = DummyClassifier(strategy='uniform').fit(X, y)"
    start = DATA + "np.random.seed(3)\n"
    made = [
        make(start, f"%%register model m\n{fit}", after, folder="with"),
        make(start, f"\n{fit}", after, folder="without"),
    ]
    outputs = [json.loads(Path(one.replay().executed).read_text())["cells"][-1]["outputs"] for one in made]
    assert outputs[0] == outputs[1]


def test_a_model_without_sample_is_loaded_and_says_so(export: Callable[..., Any], tmp_path: Path) -> None:
    """Predictions are not compared, and a note tells how to have them compared."""
    (result,) = export("class M:\n    def predict(self, x):\n        return x", "%%register model m\nm = M()")
    description = _finish(result, tmp_path / "models").description
    assert description.predictions == ""
    assert "--sample" in description.notes[0]


@pytest.mark.parametrize(
    ("line", "error", "text"),
    [
        ("m --object nope", DeclarationError, "nope"),
        ("m --predict nope --object X", DeclarationError, "nope"),
        ("m", DeclarationError, "--object"),
    ],
)
def test_a_wrong_declaration_is_the_users_to_mend(
    export: Callable[..., Any], tmp_path: Path, line: str, error: type[Exception], text: str
) -> None:
    """And says which option."""
    (result,) = export("X = [1]", f"%%register model {line}\nz = 1")
    with pytest.raises(error, match=text):
        _finish(result, tmp_path / "models")


def test_an_object_that_cannot_be_saved_or_loaded_is_no_model(export: Callable[..., Any], tmp_path: Path) -> None:
    """A lock cannot be pickled; a class that fails to load is found out in the fresh process."""
    base = "import threading\nclass M:\n    def __init__(self): self.x = 1\n    def predict(self, x): return [self.x]\n"
    results = export(
        base + "X_test = [1]",
        "%%register model locked\na = M()\na.lock = threading.Lock()",
        "%%register model broken\nclass B(M):\n    def __setstate__(self, s): raise OSError('no')\nb = B()",
        "%%register model drifting\nimport os\nclass D(M):\n    def predict(self, x): return [os.getpid()]\nd = D()",
    )
    for result, error in zip(results, (CannotRestoreError, CannotRestoreError, ResultsDifferError), strict=True):
        with pytest.raises(error):
            _finish(result, tmp_path / "models")


HOSTILE = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c%\x00touch canary\x85R."


@pytest.mark.parametrize(
    ("changes", "rename"),
    [
        ({"file": "model.skops", "model_format": "skops", "unsafe": False}, "model.skops"),
        ({"file": "model.txt", "model_format": "lightgbm-text", "unsafe": False}, "model.txt"),
        ({"file": "model.skops"}, "model.skops"),
        ({"unsafe": False}, "model.pkl"),
        ({"file": "../../model.pkl"}, "model.pkl"),
    ],
)
def test_a_pickle_under_another_name_is_refused(
    export: Callable[..., Any], tmp_path: Path, changes: dict[str, Any], rename: str
) -> None:
    """The format is what the description says and the first bytes agree with, never another loader."""
    (result,) = export("class M:\n    def predict(self, x):\n        return x", "%%register model m\nm = M()")
    files = _finish(result, tmp_path / "models")
    folder = files.directory
    (folder / "model.pkl").rename(folder / rename)
    description = msgspec.structs.replace(files.description, **changes)
    (folder / "model.json").write_bytes(msgspec.json.encode(description))
    with pytest.raises(UnsafeContentError):
        read_description(folder)


def test_reading_a_description_never_unpickles(export: Callable[..., Any], tmp_path: Path) -> None:
    """A hostile pickle stays a file."""
    (result,) = export("class M:\n    def predict(self, x):\n        return x", "%%register model m\nm = M()")
    files = _finish(result, tmp_path / "models")
    canary = tmp_path / "canary"
    (files.directory / "model.pkl").write_bytes(HOSTILE.replace(b"touch canary", f"touch {canary}".encode()))
    read_description(files.directory)
    loading_snippet(files.description)
    assert not canary.exists()


@pytest.mark.slow
def test_the_lock_gets_what_loading_needs_pinned(export: Callable[..., Any]) -> None:
    """skops for a library's model, the very cloudpickle for a lifted one."""
    results = export(
        DATA + OWN,
        "%%register model plain\nm = LogisticRegression().fit(X, y)",
        "%%register model own\np = make_pipeline(Clip(), LogisticRegression()).fit(X, y)",
    )
    names = {"scikit-learn": "1.9.1", "numpy": "2.4.6", "scipy": "1.17.1"}
    distributions = tuple(Distribution(name=name, version=version, origin="index") for name, version in names.items())
    environment = Environment(
        python="3.11.7", implementation="cpython", platform="", machine="", executable="", prefix="",
        distributions=distributions,
    )  # fmt: skip
    found = extra_requirements(results, environment)
    assert [requirement.split("==")[0] for requirement in found] == ["cloudpickle", "skops"]
    assert extra_requirements(results, msgspec.structs.replace(environment, python="3.8.1")) == found[:1]


def test_what_runs_in_kernels_is_python_3_7_and_standard_library() -> None:
    """Nothing of pressrun is installed there."""
    text = source_of("sample_codec", "exporter", "fresh_model")
    ast.parse(text, feature_version=(3, 7))
    assert "from pressrun" not in text


def test_metrics_are_read_from_the_kernel(export: Callable[..., Any]) -> None:
    """Numbers of every kind, and nothing that is none."""
    (result,) = export(
        "import numpy as np",
        "%%register metrics\nauc = np.float64(0.75)\nn, ok = 3, True\nscores = {'f1': np.float32(0.5), 'd': {'x': 1}}\n"
        "text = 'x'\nrows = np.arange(3)\none = np.array(2)",
    )
    assert result.value == {"auc": 0.75, "n": 3.0, "scores.f1": 0.5, "scores.d.x": 1.0, "one": 2.0}


def test_candidates_are_read_from_the_cell(make: Callable[..., Any]) -> None:
    """Assigned names in order, arguments that are plain enough to be evaluated again."""
    made = make("X = 1", "%%register model m\na = 1\nb = f(X).fit(X[cols], y)\nb.predict(g())\nb.predict(X[:5])")
    source = export_task(made.notebook.cells[1]).source
    options = next(line for line in source.splitlines() if line.startswith("OPTIONS = "))
    found = ast.literal_eval(options.removeprefix("OPTIONS = "))
    assert found["candidates"] == ["a", "b"]
    assert (found["sample_expressions"], found["fit_expressions"]) == (["X[:5]"], ["X[cols]"])
    assert [task.name for task in tasks_for(made.notebook.cells)] == ["model:m"]
    with pytest.raises(ValueError, match="not declared"):
        export_task(made.notebook.cells[0])


def test_the_fresh_process_gets_no_variables_of_the_caller(
    export: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model file may run code there, so there must be nothing to steal."""
    monkeypatch.setenv("MY_TOKEN", "s3cret")
    (result,) = export(
        "X_test = [1]",
        "%%register model m\nimport os\nclass M:\n    def predict(self, x):\n"
        "        return ['MY_TOKEN' in os.environ]\nm = M()",
    )
    files = _finish(result, tmp_path / "models")
    assert json.loads((files.directory / "predictions.json").read_bytes())["predict"]["values"] == [False]
    shutil.rmtree(files.directory)
