"""From a notebook to a bundle that runs without pressrun, as a user does it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pressing import make_project, pressrun, write_notebook

from pressrun.notebook.replay.outside.command import find_tracer

pytestmark = [pytest.mark.slow, pytest.mark.network]


def environment_from(lock, folder):
    """Make an environment from a lock and nothing else; return its interpreter."""
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    subprocess.run([uv, "pip", "sync", "--quiet", "--python", folder, lock], check=True)
    return folder / "bin" / "python"


def test_the_receipt_says_r4_in_a_rebuilt_environment(pressed):
    receipt = pressed[1]["receipt"]
    assert (receipt["grade"], receipt["environment"], receipt["verdict"]) == ("R4", "rebuilt", "completed")


def test_metrics_are_compared(pressed):
    values = pressed[1]["receipt"]["comparison"]["values"]
    assert [(v["name"], v["kind"], v["sameness"], v["expected"]) for v in values] == [
        ("mean", "metric", "identical", 2.0)
    ]


def test_the_capture_tells_randomness_code_and_what_could_not_be_seen(pressed):
    capture = json.loads((pressed[0] / "bundle" / "evidence" / "capture.json").read_text())
    assert capture["randomness"]["hash_seed"] == "0"
    assert list(capture["code"]["local_modules"]) == ["notebooks/helper.py"]
    traced = find_tracer().works
    assert capture["coverage"]["level"] == ("complete" if traced else "python-only")
    assert capture["coverage"]["sources"][:1] == ["python-audit"]
    assert pressed[1]["receipt"]["coverage"]["level"] == capture["coverage"]["level"]
    assert "coverage" in (pressed[0] / "bundle" / "README.md").read_text()


def test_only_what_the_notebook_needs_is_in_the_bundle(pressed):
    folder, result = pressed
    files = {file["path"]: file["role"] for file in result["manifest"]["content"]["files"]}
    assert files["project/notebooks/helper.py"] == "module"
    inputs = result["manifest"]["content"]["inputs"]
    assert [(i["path"], i["role"], i["held"]) for i in inputs] == [("data/numbers.csv", "project", True)]
    lock = (folder / "bundle" / "pylock.toml").read_text()
    assert 'name = "ipykernel"' in lock
    assert 'name = "papermill"' not in lock


def test_the_pipeline_gives_the_receipts_results_without_pressrun(pressed, tmp_path):
    folder, _ = pressed
    python = environment_from(folder / "bundle" / "pylock.toml", tmp_path / "environment")
    results = tmp_path / "results.json"
    missing = subprocess.run([python, "-c", "import pressrun"], capture_output=True, check=False)
    assert missing.returncode != 0
    subprocess.run([python, "pipeline.py", "--results", results], cwd=folder / "bundle", check=True)
    found = json.loads(results.read_text())
    outputs = json.loads((folder / "bundle" / "outputs.json").read_text())
    assert found["metrics"] == {value["name"]: value["value"] for value in outputs["values"]} == {"mean": 2.0}
    shown = {cell["cell"]: cell["stdout"] + "".join(cell["shown"]) for cell in found["cells"]}
    kept = {cell["cell"]: "".join(o["value"] for o in cell["outputs"]) for cell in outputs["cells"]}
    assert {cell: shown[cell] for cell in kept} == kept


def test_a_given_parameter_recomputes_what_follows_from_it(pressed, tmp_path):
    folder, _ = pressed
    results = tmp_path / "results.json"
    command = [sys.executable, "pipeline.py", "--rows", "4", "--results", results]
    subprocess.run(command, cwd=folder / "bundle", check=True)
    assert json.loads(results.read_text())["metrics"] == {"mean": 2.5}
    replayed = pressrun("replay", folder / "bundle", "-p", "rows=4", "-o", tmp_path / "o.ipynb", cwd=tmp_path)
    assert replayed.returncode == 0, replayed.stderr
    assert "total 10.0 half 2" in (tmp_path / "o.ipynb").read_text()


def test_plain_papermill_runs_the_bundles_notebook(pressed, tmp_path):
    folder, _ = pressed
    shutil.copytree(folder / "bundle" / "project", tmp_path / "work")
    command = [sys.executable, "-m", "papermill", folder / "bundle" / "notebook.ipynb", tmp_path / "out.ipynb"]
    options = ["-p", "rows", "4", "-k", "python3", "--cwd", tmp_path / "work" / "notebooks"]
    subprocess.run([*command, *options], check=True, capture_output=True)
    assert "total 10.0 half 2" in (tmp_path / "out.ipynb").read_text()


def test_pressing_again_elsewhere_with_an_empty_home_gives_the_same_digest(pressed, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    make_project(tmp_path / "another place")
    done = pressrun("package", "notebooks/sums.ipynb", "--json", cwd=tmp_path / "another place", home=home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["content_digest"] == pressed[1]["content_digest"]


def test_pressing_without_the_recorder_from_outside_gives_the_same_digest(pressed, tmp_path):
    make_project(tmp_path)
    done = pressrun("package", "notebooks/sums.ipynb", "--no-trace", "--no-proof", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["coverage"]["level"] == "python-only"
    assert result["content_digest"] == pressed[1]["content_digest"]


def test_verify_rebuilds_and_grades_and_the_store_keeps_the_receipt(pressed):
    folder, result = pressed
    done = pressrun("verify", "sums", "--rebuild", "--at-least", "R3", "--json", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    receipt = json.loads(done.stdout)["receipt"]
    assert (receipt["grade"], receipt["against"], receipt["subject"]) == ("R4", "bundle", result["content_digest"])
    shown = json.loads(pressrun("show", "sums", "--json", cwd=folder).stdout)
    assert sum(piece["kind"] == "receipt" for piece in shown["evidence"]) >= 2


def test_a_bundle_survives_an_archive(pressed, tmp_path):
    folder, result = pressed
    assert pressrun("export", folder / "bundle", "--to", tmp_path / "b.tar.gz", cwd=folder).returncode == 0
    (tmp_path / "pyproject.toml").touch()
    done = pressrun("import", "b.tar.gz", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["content_digest"] == result["content_digest"]


@pytest.fixture
def project(tmp_path):
    make_project(tmp_path / "project")
    return tmp_path / "project"


def test_a_changed_input_names_what_was_expected_and_found(project, pressed):
    folder, _ = pressed
    reference = project / "bundle"
    done = pressrun("package", "notebooks/sums.ipynb", "-o", reference, "--inputs", "reference", cwd=project)
    assert done.returncode == 0, done.stderr
    (project / "data" / "numbers.csv").write_text("x\n1\n2\n3\n5\n")
    done = pressrun("verify", "bundle", "--json", cwd=project)
    assert done.returncode == 5
    error = json.loads(done.stdout)["error"]
    assert error["kind"] == "InputChangedError"
    assert error["what"].count("sha256:") == 2
    done = pressrun("verify", "bundle", "--inputs", folder, cwd=project)
    assert done.returncode == 0, done.stderr


def test_a_failing_notebook_is_exit_1_and_the_partial_notebook_is_kept(project):
    write_notebook(project / "notebooks" / "bad.ipynb", ["x = 1", "x / 0", "print('never')"])
    done = pressrun("package", "notebooks/bad.ipynb", "-o", "bundle", cwd=project)
    assert done.returncode == 1
    assert "cell 1, line 1" in done.stderr
    assert "ZeroDivisionError" in (project / "notebooks" / "bad-failed.ipynb").read_text()
    assert not (project / "bundle").exists()


def test_a_misspelt_parameter_is_exit_2_with_a_near_match(project):
    done = pressrun("package", "notebooks/sums.ipynb", "-p", "row=4", cwd=project)
    assert done.returncode == 2
    assert "'rows'" in done.stderr


def test_a_cell_that_varies_is_named_and_left_out(project):
    cells = ["import os, random\nprint('in', os.getcwd())", "random.random()", "print('two')"]
    write_notebook(project / "notebooks" / "dice.ipynb", cells)
    done = pressrun("package", "notebooks/dice.ipynb", "-o", "bundle", "--json", cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    receipt = json.loads(done.stdout)["receipt"]
    assert (receipt["grade"], receipt["varying"]) == ("R4", [1])
    assert receipt["difference"]["cause"] == "unseeded-randomness"
    assert receipt["difference"]["tested"]
    assert pressrun("verify", "bundle", "--rebuild", cwd=project).returncode == 0


def test_a_saved_output_that_a_clean_run_cannot_give_is_exit_4_and_the_bundle_is_written(project):
    path = write_notebook(project / "notebooks" / "hidden.ipynb", ["x = 2", "print('x is', x)"])
    document = json.loads(path.read_text())
    document["cells"][1] |= {
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "x is 3\n"}],
        "execution_count": 9,
    }
    path.write_text(json.dumps(document))
    done = pressrun("package", "notebooks/hidden.ipynb", "-o", "bundle", "--json", cwd=project)
    assert done.returncode == 4, done.stdout + done.stderr
    saved = json.loads(done.stdout)["saved"]
    assert (saved["difference"]["cell"], saved["against"]) == (1, "saved-outputs")
    assert (project / "bundle" / "manifest.json").exists()


def test_a_result_that_changed_since_is_exit_4_with_the_cell_and_both_values(project):
    cells = ["import os\nlevel = os.environ.get('LEVEL', 'low')", "print('level', level)"]
    write_notebook(project / "notebooks" / "level.ipynb", cells)
    assert pressrun("package", "notebooks/level.ipynb", "-o", "bundle", cwd=project).returncode == 0
    environment = {"LEVEL": "high"}
    done = subprocess.run(
        [sys.executable, "-m", "pressrun", "verify", "bundle", "--env", "LEVEL", "--json"],
        cwd=project, env=dict(os.environ) | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 4, done.stdout + done.stderr
    difference = json.loads(done.stdout)["receipt"]["difference"]
    assert difference["cell"] == 1
    assert "low" in difference["expected"]
    assert "high" in difference["found"]


def test_the_users_files_are_not_touched(pressed):
    folder, _ = pressed
    notebook = (folder / "notebooks" / "sums.ipynb").read_text()
    assert '"outputs": []' in notebook
    assert sorted(p.name for p in (folder / "notebooks").iterdir() if p.name != "__pycache__") == [
        "helper.py",
        "sums.ipynb",
    ]
