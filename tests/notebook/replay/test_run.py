"""What a replay does besides its verdict: the file it leaves, the world it runs in, the tasks it does."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pressrun.errors import UsageError
from pressrun.notebook.replay.events import CellFinished, CellStarted, KernelReady, Notice, ReplayStarted
from pressrun.notebook.replay.request import ReplayRequest
from pressrun.notebook.replay.run import replay_notebook
from pressrun.records.replay import CellTask, Replay

Run = Callable[..., Any]
Write = Callable[..., Path]


def test_the_executed_notebook_keeps_the_sources_as_written_and_the_source_file_is_untouched(
    run: Run, tmp_path: Path
) -> None:
    cells = (
        "%load_ext pressrun",
        "%%register step load\nx = 1",
        "%%register skip\n1 / 0",
        "%register metrics\nprint(x)",
    )
    ran = run(*cells, {"cell_type": "markdown", "source": "text"})
    assert ["".join(cell["source"]) for cell in ran.document["cells"]] == [*cells, "text"]
    assert ran.statuses == ["completed", "completed", "skipped", "completed"]
    assert ran.text(3) == "1\n"
    assert json.loads((tmp_path / "nb.ipynb").read_text())["cells"][0]["outputs"][0]["text"] == "stale"


def test_nothing_of_the_saved_file_is_taken_for_a_result(run: Run) -> None:
    ran = run("1 / 0", "2", "", metadata={"widgets": {"old": 1}, "papermill": {"duration": 3}})
    text = json.dumps(ran.document)
    assert "stale" not in text
    assert "99" not in [str(cell["execution_count"]) for cell in ran.document["cells"]]
    assert "widgets" not in ran.document["metadata"]
    assert "papermill" not in ran.document["metadata"]


def test_parameters_are_injected_after_their_cell_and_run(run: Run) -> None:
    ran = run(
        {"source": "n = 1", "metadata": {"tags": ["parameters"]}}, "print(n)", injection="n = 5\n", values={"n": 5}
    )
    assert ran.text(2) == "5\n"
    assert [cell.cell for cell in ran.replay.cells] == [0, -1, 1]
    assert ran.document["cells"][1]["metadata"]["tags"] == ["injected-parameters"]
    assert ran.replay.parameters == {"n": 5}


def test_events_tell_of_every_cell_in_order(run: Run) -> None:
    ran = run("x = 1", "", "# a comment\ny = 2")
    kinds = [type(event) for event in ran.events]
    assert kinds == [ReplayStarted, KernelReady, CellStarted, CellFinished, CellStarted, CellFinished]
    assert ran.events[0].cells == (0, 2)
    assert ran.events[4] == CellStarted(2, "y = 2")
    assert ran.events[5].status == "completed"


def test_outputs_of_every_kind_arrive_as_a_front_end_would_show_them(run: Run) -> None:
    ran = run(
        "from IPython.display import display, clear_output, HTML\nh = display('first', display_id=True)",
        "print('a'); clear_output(); print('b'); clear_output(wait=True)",
        "h.update('second')",
        "import sys\nprint('out')\nprint('err', file=sys.stderr)\nHTML('<b>x</b>')",
        "import time\nfor i in range(3):\n    print(i, end=' ', flush=True)\n    time.sleep(0.01)",
        "await __import__('asyncio').sleep(0)\n'top-level await'",
        "%%time\n_ = 1",
        "import os\nos.system('echo from a child process')\nos.write(1, b'to the descriptor\\n');",
    )
    assert ran.replay.verdict == "completed"
    assert ran.text(0) == "'second'"
    assert ran.text(1) == "b\n"
    assert ran.outputs(2) == []
    assert {output.get("name") for output in ran.outputs(3)} == {"stdout", "stderr", None}
    assert ran.outputs(3)[-1]["data"]["text/html"] == ["<b>x</b>"]
    assert [output["text"] for output in ran.outputs(4)] == [["0 1 2 "]]
    assert ran.text(5) == "'top-level await'"
    assert "Wall time" in ran.text(6)
    assert "from a child process" in ran.text(7)
    assert "to the descriptor" in ran.text(7)


def test_widgets_are_kept_and_output_widgets_capture(run: Run) -> None:
    ran = run(
        "from comm import create_comm\n"
        "state = {'_model_module': '@jupyter-widgets/output', '_model_name': 'OutputModel',\n"
        "         '_model_module_version': '1.0.0', 'outputs': [], 'msg_id': ''}\n"
        "w = create_comm(target_name='jupyter.widget', data={'state': state})\n"
        "heard = []\n"
        "w.on_msg(heard.append)\n"
        "request = get_ipython().kernel.get_parent()['header']['msg_id']\n"
        "w.send(data={'method': 'update', 'state': {'msg_id': request}})\n"
        "print('inside', flush=True)\n"
        "w.send(data={'method': 'update', 'state': {'msg_id': ''}})\n"
        "print('outside')",
        "print(heard[-1]['content']['data']['state']['outputs'][0]['text'])",
    )
    assert ran.replay.verdict == "completed"
    assert ran.text(0) == "outside\n"
    assert ran.text(1).strip() == "inside"
    state = ran.document["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    (model,) = state.values()
    assert model["state"]["outputs"][0]["text"] == "inside\n"


def test_the_replay_record_is_plain_json_and_reads_back(run: Run) -> None:
    replay = run("x = 1").replay
    assert msgspec.json.decode(msgspec.json.encode(replay), type=Replay) == replay


def test_values_that_json_does_not_have_are_recorded_as_text(run: Run) -> None:
    ran = run("1", values={"path": Path("a/b"), "when": __import__("datetime").date(2024, 2, 29), "z": 1j})
    assert ran.replay.parameters == {"path": "a/b", "when": "2024-02-29", "z": "1j"}


# the world it runs in


def test_only_the_usual_and_the_named_variables_reach_the_kernel(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2-hunter2")
    monkeypatch.setenv("DATA_ROOT", "/data/of/mine")
    monkeypatch.setenv("PYTHONPATH", "/somewhere/of/mine")
    monkeypatch.setenv("LC_TIME", "C")
    names = ["SECRET_TOKEN", "DATA_ROOT", "PYTHONPATH", "LC_TIME", "PYTHONHASHSEED"]
    source = f"import os\nprint({{name: os.environ.get(name) for name in {names}}})"
    ran = run(source, environment_names=("DATA_ROOT", "NOT_SET"))
    assert ran.text(0).strip() == str(
        {"SECRET_TOKEN": None, "DATA_ROOT": "/data/of/mine", "PYTHONPATH": None, "LC_TIME": "C", "PYTHONHASHSEED": "0"}
    )
    assert "DATA_ROOT" in ran.replay.environment_variables
    assert "NOT_SET" not in ran.replay.environment_variables
    assert "/data/of/mine" not in msgspec.json.encode(ran.replay).decode()


def test_a_hash_seed_that_the_caller_lets_through_is_the_callers(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    ran = run("import os; print(os.environ['PYTHONHASHSEED'])", environment_names=("PYTHONHASHSEED",))
    assert ran.text(0) == "7\n"


def test_the_users_ipython_startup_files_are_no_input(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    startup = tmp_path / "home" / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("hidden = 1")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert run("'hidden' in globals()").text(0) == "False"


def test_the_kernel_runs_in_the_notebooks_folder_and_its_own_programs_come_first(run: Run, tmp_path: Path) -> None:
    ran = run(
        "import os, shutil, sys\nprint(os.getcwd())\n"
        "print(os.path.dirname(shutil.which('python')) == os.path.dirname(sys.executable))"
    )
    assert ran.text(0).split() == [str(tmp_path.resolve()), "True"]


def test_another_working_directory_can_be_given(run: Run, tmp_path: Path) -> None:
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "data.txt").write_text("found")
    assert run("open('data.txt').read()", working_directory=tmp_path / "else").text(0) == "'found'"


def test_files_beside_the_notebook_are_never_imported_by_our_own_processes(run: Run, tmp_path: Path) -> None:
    """A module of the notebook's folder that is named as one of ours or of the standard library stays its own."""
    names = (
        "json",
        "sitecustomize",
        "usercustomize",
        "papermill",
        "nbformat",
        "msgspec",
        "pressrun",
        "psutil",
        "click",
        "events",
        *(["runpy"] if sys.version_info >= (3, 11) else []),  # frozen since; before, `-m` itself took the notebook's
    )
    for name in names:
        (tmp_path / f"{name}.py").write_text(
            "import os, sys\n"
            "if 'ipykernel' not in sys.argv[0]:\n"  # what the notebook's own kernel imports is the notebook's affair
            f"    os.close(os.open({str(tmp_path / 'canary-')!r} + {name!r}, os.O_CREAT))\n"
        )
    (tmp_path / "jupyter_config.py").write_text(f"open({str(tmp_path / 'canary-config')!r}, 'w')")
    (tmp_path / "ipython_config.py").write_text(f"open({str(tmp_path / 'canary-ipython')!r}, 'w')")
    ran = run("1 + 1")
    assert ran.replay.verdict == "completed"
    assert list(tmp_path.glob("canary-*")) == []


def test_a_notebook_in_a_folder_with_an_odd_name_runs(write: Write, tmp_path: Path) -> None:
    place = tmp_path / "{odd} name's ünïcode"
    place.mkdir()
    path = write("print('fine')").rename(place / "my {note} book.ipynb")
    replay = replay_notebook(ReplayRequest(notebook=path, output=place / "{out}.ipynb"))
    assert replay.verdict == "completed"
    assert "fine" in (place / "{out}.ipynb").read_text()


def test_an_old_notebook_without_ids_and_metadata_runs(tmp_path: Path) -> None:
    path = tmp_path / "old.ipynb"
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": ["x = 1\n", "x"]}
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "cells": [cell, dict(cell)]}))
    replay = replay_notebook(ReplayRequest(notebook=path, output=tmp_path / "o.ipynb"))
    assert replay.verdict == "completed"
    document = json.loads((tmp_path / "o.ipynb").read_text())
    assert document["nbformat_minor"] == 0
    assert "id" not in document["cells"][0]


# what is refused


@pytest.mark.parametrize("kind", ["same", "symlink", "hardlink", "spelling"])
def test_the_output_is_never_the_notebook_itself(write: Write, tmp_path: Path, kind: str) -> None:
    path = write("1")
    content = path.read_bytes()
    output = tmp_path / "other.ipynb"
    if kind == "same":
        output = path
    elif kind == "symlink":
        output.symlink_to(path)
    elif kind == "hardlink":
        output.hardlink_to(path)
    else:
        output = tmp_path / ".." / tmp_path.name / path.name
    with pytest.raises(UsageError, match="the notebook itself"):
        replay_notebook(ReplayRequest(notebook=path, output=output))
    assert path.read_bytes() == content


def test_a_notebook_that_somebody_wrote_is_never_overwritten(write: Write) -> None:
    path, other = write("1"), write("precious = 1", name="other.ipynb")
    with pytest.raises(UsageError, match="no executed notebook"):
        replay_notebook(ReplayRequest(notebook=path, output=other))
    assert "precious" in other.read_text()


def test_the_result_of_an_earlier_run_is_replaced(run: Run, tmp_path: Path) -> None:
    run("print('first')")
    assert run("print('second')").text(0) == "second\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"output": Path("/no/such/folder/out.ipynb")}, "does not exist"),
        ({"notebook": Path("/no/such.ipynb")}, "no such notebook"),
        ({"kernel": "no-such-kernel"}, "there is no kernel 'no-such-kernel'"),
        ({"kernel": "python"}, "did you mean 'python3'"),
        ({"python": Path("/no/such/python")}, "no such interpreter"),
        ({"python": Path("/tmp")}, "no such interpreter"),
        ({"kernel": "python3", "python": Path("/usr/bin/python3")}, "both named"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_runs(
    write: Write, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = write("1")
    request = ReplayRequest(notebook=path, output=tmp_path / "out.ipynb")
    with pytest.raises(UsageError, match=message):
        replay_notebook(msgspec.structs.replace(request, **change))


def test_an_output_that_is_a_folder_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        replay_notebook(ReplayRequest(notebook=write("1"), output=tmp_path))


def test_a_kernel_that_is_named_is_used(run: Run) -> None:
    ran = run("print('here')", kernel="python3")
    assert (ran.replay.verdict, ran.replay.kernel) == ("completed", "python3")


def test_a_kernel_that_the_notebook_names_and_nobody_has_is_told_and_replaced(run: Run) -> None:
    ran = run("1", metadata={"kernelspec": {"name": "conda-env-of-somebody", "display_name": "x"}})
    assert ran.replay.verdict == "completed"
    assert ran.events[1] == Notice("The kernel 'conda-env-of-somebody' that the notebook names is not installed here.")
    assert ran.document["metadata"]["kernelspec"]["name"] == "conda-env-of-somebody"


# tasks


def test_a_task_runs_after_its_cell_and_leaves_no_trace_in_the_notebook(run: Run, tmp_path: Path) -> None:
    source = (
        "import os\n"
        "def run(user_ns, directory):\n"
        "    print('nobody hears this')\n"
        "    open(os.path.join(directory, 'f.txt'), 'w').write(str(user_ns['x']))\n"
        "    secret_name = 1\n"
        "    return {'x': user_ns['x'], 'names': [n for n in user_ns if 'secret_name' in n]}\n"
    )
    tasks = (
        CellTask(name="metrics:x", after_cell=0, source=source),
        CellTask(name="again", after_cell=1, source=source),
        CellTask(name="bad", after_cell=0, source="def run(user_ns, directory):\n    raise ValueError('no')"),
        CellTask(name="odd", after_cell=0, source="def run(user_ns, directory):\n    return {1, 2}"),
        CellTask(name="broken", after_cell=0, source="def run(:"),
        CellTask(name="late", after_cell=3, source=source),
    )
    ran = run(
        "x = 1",
        "x = 2\n_",
        "print(In, len(Out), 'f.txt' in dir())",
        "1/0",
        tasks=tasks,
        task_directory=tmp_path / "tasks",
    )
    found = {task.name: task for task in ran.replay.tasks}
    assert [task.name for task in ran.replay.tasks] == [task.name for task in tasks]
    assert found["metrics:x"].value == {"x": 1, "names": []}
    assert found["again"].value == {"x": 2, "names": []}
    assert (Path(found["again"].directory) / "f.txt").read_text() == "2"
    assert found["bad"].error == "ValueError: no"
    assert "not JSON serializable" in found["odd"].error
    assert "SyntaxError" in found["broken"].error
    assert found["late"].error == "its cell did not run to its end"
    assert [cell["execution_count"] for cell in ran.document["cells"]] == [1, 2, 3, 4]
    assert "nobody hears" not in json.dumps(ran.document)
    assert all("f.txt" not in access.path for access in ran.replay.observation.files)


def test_tasks_need_a_folder(write: Write, tmp_path: Path) -> None:
    task = CellTask(name="t", after_cell=0, source="")
    with pytest.raises(ValueError, match="task_directory"):
        replay_notebook(ReplayRequest(notebook=write("1"), output=tmp_path / "o.ipynb", tasks=(task,)))


def test_nothing_is_left_in_the_temporary_folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    run("print(1)")
    assert list(place.iterdir()) == []
