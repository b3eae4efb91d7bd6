"""Which notebook and project a kernel is taken to belong to."""

import json

import pytest

from pressrun.interfaces.magics.place import find_place, saved_cells


@pytest.fixture
def project(tmp_path):
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "churn.ipynb").write_text(
        json.dumps(
            {"cells": [{"id": "a", "cell_type": "code", "source": ["x = 1\n", "y"]}, {"id": "b", "cell_type": "raw"}]}
        )
    )
    return tmp_path


@pytest.mark.parametrize(
    "spelling", ["{project}/work/churn.ipynb", "{project}/work/RTC:churn.ipynb", "work/churn.ipynb"]
)
def test_the_server_tells_the_notebook(project, spelling):
    told = {"JPY_SESSION_NAME": spelling.format(project=project)}
    place = find_place(str(project / "work"), told, {}, {})
    assert (place.project, place.notebook, place.key) == (project, project / "work" / "churn.ipynb", "work/churn.ipynb")


def test_vs_code_tells_the_notebook_in_a_name(project):
    place = find_place(str(project), {}, {"__vsc_ipynb_file__": str(project / "work" / "churn.ipynb")}, {})
    assert place.key == "work/churn.ipynb"


@pytest.mark.parametrize("told", ["", "console-1-abc", "/nowhere/gone.ipynb"])
def test_without_a_notebook_the_folder_counts(project, told):
    place = find_place(str(project / "work"), {"JPY_SESSION_NAME": told}, {}, {})
    assert (place.notebook, place.key) == (None, "work/")


def test_a_notebook_that_another_one_runs_is_not_taken_for_that_one(project):
    told = {"JPY_SESSION_NAME": str(project / "work" / "churn.ipynb")}
    assert find_place(str(project / "work"), told, {}, parent=told).notebook is None


def test_paths_are_told_relative_to_the_project_and_absolute_outside(project):
    place = find_place(str(project / "work"), {}, {}, {})
    assert place.told(str(project / "data" / "x.csv")) == "data/x.csv"
    assert place.told("/elsewhere/x.csv") == "/elsewhere/x.csv"


def test_the_saved_notebook_tells_order_and_sources(project):
    told = {"JPY_SESSION_NAME": str(project / "work" / "churn.ipynb")}
    saved = saved_cells(find_place(str(project), told, {}, {}))
    assert (saved.order, saved.sources) == ({"a": 0, "b": 1}, {"a": "x = 1\ny"})


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": [{}]}', '{"cells": 5}'])
def test_of_a_notebook_that_cannot_be_read_nothing_is_known(project, content):
    notebook = project / "work" / "churn.ipynb"
    notebook.write_text(content)
    place = find_place(str(project), {"JPY_SESSION_NAME": str(notebook)}, {}, {})
    assert saved_cells(place).order == {}
