"""The doctor on real files: the examples, planted notebooks with the real interpreter, corrected copies, bundles."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from pressrun.actions.doctor import DoctorRequest, doctor
from pressrun.errors import UsageError
from pressrun.rules.doctor.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "example_notebooks").glob("*.ipynb"))
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"  # made up


def cell(source, count=None, outputs=()):
    return {
        "cell_type": "code",
        "metadata": {},
        "source": source.splitlines(keepends=True),
        "execution_count": count,
        "outputs": list(outputs),
    }


@pytest.fixture
def save(tmp_path):
    def write(*sources, name="nb.ipynb"):
        cells = [cell(source) if isinstance(source, str) else source for source in sources]
        path = tmp_path / name
        path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}, indent=1))
        return path

    return write


def look(path, **options):
    return doctor(DoctorRequest(subject=str(path), project=Path(path).parent, **options))


def places(diagnosis):
    return {(f.kind, f.level, f.cell, f.line) for f in diagnosis.findings}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_nothing_blocks_an_example(path):
    levels = {finding.level for finding in look(path).findings}
    assert "blocks-production" not in levels
    assert ("should-fix" in levels) == (path.stem == "messy")


def test_the_messy_example_gives_what_is_wrong_with_it():
    found = {(f.kind, f.cell) for f in look(ROOT / "example_notebooks" / "messy.ipynb").findings}
    assert {("counts-out-of-order", 3), ("random-unseeded", 17), ("clock-dependence", 2), ("counts-gap", None)} <= found


def test_imports_and_files_are_looked_up_on_this_machine(save, tmp_path):
    (tmp_path / "here.csv").write_text("a\n1\n")
    (tmp_path / "helper.py").write_text("def f(): ...\n")
    path = save(
        "import pandas as pd\nimport not_there_at_all\nimport helper",
        "a = pd.read_csv('here.csv')\nb = pd.read_csv('gone.csv')",
        "from sklearn.metrics import plot_roc_curve\nfrom sklearn.linear_model import NotThere",
    )
    found = places(look(path))
    assert {
        ("import-missing", "blocks-production", 0, 2),
        ("import-local", "note", 0, 3),
        ("path-missing", "blocks-production", 1, 2),
        ("api-removed", "blocks-production", 2, 1),
        ("api-removed", "blocks-production", 2, 2),
        ("import-unpinned", "note", 0, 1),
    } == found


def test_another_interpreter_is_asked_when_it_is_named(save, python37):
    path = save("import pandas\nimport json")
    diagnosis = look(path, python=Path(python37))
    assert diagnosis.python.startswith("3.7.")
    assert ("import-missing", "blocks-production", 0, 1) in places(diagnosis)


def test_a_secret_blocks_and_is_shown_nowhere(save):
    path = save(f"import requests\nrequests.get('https://example.org/?token={TOKEN}')\nopen('{TOKEN}')")
    diagnosis = look(path, fix=True)
    assert ("secret", "blocks-production") in {(f.kind, f.level) for f in diagnosis.findings}
    assert TOKEN not in msgspec.json.encode(diagnosis).decode()


class TestTheCorrectedCopy:
    SOURCES = (
        "import numpy as np\nimport pandas as pd\nimport random\nfrom sklearn.model_selection import train_test_split",
        "!pip install -q tqdm\n!unzip data.zip",
        "df = pd.read_csv('/content/sales.csv')\ndf['a'].fillna(0, inplace=True)",
        "print 'rows', len(df)",
        "a, b = train_test_split(df)\nx = np.random.rand(3)\ny = random.random()\nr = np.random.default_rng()",
        "text = open('sales.csv').read()",
    )

    @pytest.fixture
    def path(self, save, tmp_path):
        (tmp_path / "sales.csv").write_text("a\n1\n")
        outputs = [{"output_type": "error", "ename": "ValueError", "evalue": "x", "traceback": []}]
        return save(*self.SOURCES, cell("z = 1", 1, outputs), "# untouched  \nw = 1")

    def test_it_has_the_findings_no_more_that_it_answers_and_the_notebook_stays(self, path):
        before = path.read_bytes()
        diagnosis = look(path, fix=True)
        assert path.read_bytes() == before
        assert diagnosis.fixed is not None
        promised = [finding for finding in diagnosis.findings if finding.fixable]
        kinds = {finding.kind for finding in promised}
        assert len(promised) >= 10
        assert kinds == {
            "install-at-runtime", "shell-unchecked", "path-platform", "pandas-chained-inplace", "syntax-python2",
            "random-unseeded", "locale-dependence", "output-error",
        }  # fmt: skip
        again = look(diagnosis.fixed.path)
        assert not kinds & {finding.kind for finding in again.findings}
        assert not [finding for finding in again.findings if finding.fixable]
        assert again.findings == diagnosis.fixed.remaining

    def test_it_says_what_it_changed_and_changes_nothing_else(self, path):
        fixed = look(path, fix=True).fixed
        assert fixed is not None
        touched = {repair.cell for repair in fixed.repairs}
        old, new = (json.loads(Path(p).read_bytes())["cells"] for p in (path, fixed.path))
        assert [c for n, c in enumerate(old) if n not in touched] == [c for n, c in enumerate(new) if n not in touched]
        assert touched == {n for n, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1]}
        told = {(repair.kind, repair.before, repair.after) for repair in fixed.repairs}
        assert ("syntax-python2", "print 'rows', len(df)", "print('rows', len(df))") in told
        assert ("random-unseeded", "a, b = train_test_split(df)", "a, b = train_test_split(df, random_state=0)") in told
        assert ("random-unseeded", "", "np.random.seed(0)") in told

    def test_what_is_ignored_is_not_corrected(self, path):
        fixed = look(path, fix=True, ignored=("random-unseeded",)).fixed
        assert fixed is not None
        assert "random-unseeded" not in {repair.kind for repair in fixed.repairs}
        assert "default_rng()" in Path(fixed.path).read_text()

    def test_a_second_run_writes_the_same_bytes(self, path):
        fixed = look(path, fix=True).fixed
        assert fixed is not None
        first = Path(fixed.path).read_bytes()
        look(path, fix=True)
        assert Path(fixed.path).read_bytes() == first

    def test_a_foreign_file_in_its_place_is_refused(self, path, tmp_path):
        (tmp_path / "nb-fixed.ipynb").write_text("{}")
        with pytest.raises(UsageError, match="no unchanged result"):
            look(path, fix=True)

    def test_none_is_written_where_nothing_can_be_corrected(self, save, tmp_path):
        fixed = look(save("x = 1"), fix=True).fixed
        assert fixed is not None
        assert fixed.path == ""
        assert not (tmp_path / "nb-fixed.ipynb").exists()

    @pytest.mark.slow
    def test_it_runs_where_the_notebook_did_not(self, save, tmp_path):
        from pressrun.actions.replay import replay

        path = save(
            "import numpy as np\nimport random",
            "print 'drawn', np.random.rand(2).round(3)\nprint random.random()",
            "assert True",
        )
        fixed = look(path, fix=True).fixed
        assert fixed is not None
        outputs = []
        for number in range(2):
            out = tmp_path / f"out{number}.ipynb"
            replay(Path(fixed.path), out)
            outputs.append(json.loads(out.read_bytes())["cells"][1]["outputs"])
        assert outputs[0] == outputs[1]
        assert "drawn" in str(outputs[0])


class TestABundle:
    @pytest.fixture
    def bundle(self, tmp_path):
        path = tmp_path / "bundle-v1.tar"
        shutil.copy(ROOT / "tests" / "golden" / "bundle-v1.tar", path)
        return path

    def test_its_notebook_is_looked_at_and_what_is_not_recorded_is_said(self, bundle):
        diagnosis = look(bundle)
        assert ("coverage-incomplete", "note", None, None) in places(diagnosis)
        assert not {"import-unpinned", "import-missing"} & {f.kind for f in diagnosis.findings}
        assert diagnosis.unchecked
        assert not any(finding.fixable for finding in diagnosis.findings)

    def test_it_is_not_corrected(self, bundle):
        with pytest.raises(UsageError, match="a bundle is not changed"):
            look(bundle, fix=True)


def test_a_kind_that_does_not_exist_is_refused_with_the_nearest(save):
    with pytest.raises(UsageError, match="random-unseeded"):
        look(save("x = 1"), ignored=("random-unseded",))


def test_names_of_kinds_are_stable():
    assert sorted(kind.name for kind in KINDS) == (ROOT / "tests/fixtures/doctor_kinds.txt").read_text().split()
