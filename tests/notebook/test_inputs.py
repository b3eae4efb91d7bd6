"""What a notebook read and wrote, and whether it still is what it was."""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

from pressrun.errors import InputChangedError
from pressrun.notebook.environment.probe import probe_environment
from pressrun.notebook.inputs import (
    CHANGED_NOTE,
    LEFT_NOTE,
    check_inputs,
    digest_files,
    manifest_digest,
    vanished_inputs,
)
from pressrun.notebook.statcache import CHUNK, StatCache
from pressrun.records.bundle import InputReference
from pressrun.records.capture import Coverage, Environment, FileAccess, ImportedModule, Observation


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "data" / "parts").mkdir(parents=True)
    (folder / "data" / "a.csv").write_text("a\n1\n")
    for name in ("1.csv", "2.csv"):
        (folder / "data" / "parts" / name).write_text(name)
    return folder


@pytest.fixture(scope="session")
def here():
    """The environment that runs the tests."""
    return probe_environment(Path(sys.executable))


NOWHERE = Environment(
    python="3.11.7", implementation="cpython", platform="", machine="", executable="/nowhere/bin/python",
    prefix="/nowhere", base_prefix="/nowhere", site_paths=("/nowhere/lib/python3.11/site-packages",),
)  # fmt: skip


def read(path, *cells, mode="read", first="read", event="open"):
    return FileAccess(path=str(path), mode=mode, cells=cells or (0,), first=first, event=event)


def wrote(path, *cells, mode="write"):
    return read(path, *cells, mode=mode, first="write")


def digest(project, *files, environment=NOWHERE, modules=(), environ=None, cache=None, on_progress=None, cwd=None):
    observation = Observation(
        coverage=Coverage(level="python-only"), files=files, modules=modules, working_directory=str(cwd or project)
    )
    with cache or StatCache() as kept:
        return digest_files(
            observation, project, environment, cache=kept, environ=environ or {}, on_progress=on_progress
        )


def sha256(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def names(records):
    return [(record.role, record.path) for record in records]


def test_an_input_is_told_by_its_path_in_the_project_and_its_whole_content(project):
    (one,), products = digest(project, read(project / "data" / "a.csv", 2, 5))
    assert (one.path, one.role, one.size, one.digest) == ("data/a.csv", "project", 4, sha256(b"a\n1\n"))
    assert (one.mode, one.cells, one.note) == ("read", (2, 5), "")
    assert products == ()


def test_one_changed_byte_in_the_middle_changes_the_digest(project):
    path = project / "big.bin"
    content = bytearray(os.urandom(3 * CHUNK))
    path.write_bytes(content)
    (before,), _ = digest(project, read(path))
    content[CHUNK + 5] ^= 1
    path.write_bytes(content)
    (after,), _ = digest(project, read(path))
    assert before.digest != after.digest


def test_what_the_notebook_wrote_first_is_a_product(project):
    (project / "out.csv").write_text("x")
    inputs, products = digest(project, wrote(project / "out.csv", mode="read-write"), wrote(project / "data" / "a.csv"))
    assert inputs == ()
    assert names(products) == [("project", "data/a.csv"), ("project", "out.csv")]


def test_what_was_read_first_and_written_later_is_an_input_that_says_so(project):
    (one,), products = digest(project, read(project / "data" / "a.csv", mode="read-write"))
    assert (one.mode, one.note) == ("read-write", CHANGED_NOTE)
    assert products == ()


def test_two_accesses_to_one_file_are_one_input(project):
    path = project / "data" / "a.csv"
    (one,), _ = digest(project, read(path, 1), read(f"{project}/data/parts/../a.csv", 3))
    assert one.cells == (1, 3)


def test_a_file_outside_the_project_is_told_by_its_absolute_path(project, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("x")
    (one,), _ = digest(project, read(elsewhere))
    assert (one.role, one.path) == ("outside", str(elsewhere))


def test_a_project_seen_through_a_link_gives_the_same_names(project, tmp_path):
    (tmp_path / "link").symlink_to(project)
    through = digest(tmp_path / "link", read(tmp_path / "link" / "data" / "a.csv"))
    assert names(through[0]) == [("project", "data/a.csv")]
    assert digest(project, read(tmp_path / "link" / "data" / "a.csv")) == through


def test_a_link_in_the_project_keeps_its_name_there(project, tmp_path):
    (tmp_path / "store.csv").write_text("stored")
    (project / "data" / "link.csv").symlink_to(tmp_path / "store.csv")
    (one,), _ = digest(project, read(project / "data" / "link.csv"))
    assert (one.path, one.digest) == ("data/link.csv", sha256(b"stored"))


def test_package_data_is_told_by_distribution_and_version(project, here):
    data = Path(sysconfig.get_path("purelib")) / "sklearn" / "datasets" / "data" / "iris.csv"
    version = next(d.version for d in here.distributions if d.name == "scikit-learn")
    (one,), _ = digest(project, read(data), environment=here)
    assert (one.role, one.path) == ("package-data", f"scikit-learn=={version}/sklearn/datasets/data/iris.csv")


@pytest.mark.parametrize(
    "path",
    [
        "sklearn/__init__.py",
        "matplotlib/mpl-data/matplotlibrc",
        "matplotlib/mpl-data/fonts/ttf/DejaVuSans.ttf",
        "pygments/formatters/html.py",
        "nbformat/v4/nbformat.v4.schema.json",
        "tzdata/zoneinfo/Europe/Berlin",
    ],
)
def test_code_and_the_kernels_own_files_are_no_inputs(project, here, path):
    place = Path(sysconfig.get_path("purelib")) / path
    assert place.exists()
    assert digest(project, read(place), environment=here) == ((), ())


def test_the_standard_library_is_no_input(project, here):
    assert digest(project, read(os.__file__), read(Path(os.__file__).parent / "LICENSE.txt"), environment=here)[0] == ()


def test_a_data_set_that_a_library_downloaded_beside_itself_is_an_input(project, tmp_path):
    prefix = tmp_path / "env"
    (prefix / "nltk_data").mkdir(parents=True)
    (prefix / "nltk_data" / "words.txt").write_text("w")
    environment = Environment(
        python="3.11.7", implementation="cpython", platform="", machine="", executable="", prefix=str(prefix)
    )
    assert names(digest(project, read(prefix / "nltk_data" / "words.txt"), environment=environment)[0]) == [
        ("outside", str(prefix / "nltk_data" / "words.txt"))
    ]


@pytest.mark.parametrize(
    "path",
    [
        ".git/config", ".pressrun/objects/x", "__pycache__/m.cpython-311.pyc", ".ipynb_checkpoints/n.ipynb", "ext.so",
        ".venv/lib/x.csv", "kernel-1234-ab.json", ".mypy_cache/x.json",
    ],
)  # fmt: skip
def test_tools_files_in_the_project_are_no_inputs(project, path):
    (project / ".venv").mkdir()
    (project / ".venv" / "pyvenv.cfg").write_text("")
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text("x")
    assert digest(project, read(project / path)) == ((), ())


def test_an_imported_module_is_code_and_a_script_that_was_read_is_an_input(project):
    for name in ("imported.py", "script.py"):
        (project / name).write_text("x = 1\n")
    found, _ = digest(
        project, read(project / "imported.py"), read(project / "script.py"),
        modules=(ImportedModule(name="imported", file=str(project / "imported.py")),),
    )  # fmt: skip
    assert names(found) == [("project", "script.py")]


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        (".ipython/profile_default/history.sqlite", False),
        (".jupyter/jupyter_config.py", False),
        (".local/share/jupyter/runtime/kernel-1.json", False),
        (".config/matplotlib/matplotlibrc", False),
        (".aws/credentials", False),
        (".ssh/id_ed25519", False),
        (".cache/matplotlib/fontlist-v390.json", False),
        (".cache/pip/http/x", False),
        (".cache/huggingface/hub/x.parquet", True),
        (".cache/seaborn/tips.csv", True),
        ("scikit_learn_data/covtype.pkz", True),
        ("Downloads/x.csv", True),
    ],
)
def test_settings_in_the_home_folder_are_no_inputs_and_downloaded_data_sets_are(
    project, tmp_path, monkeypatch, path, counts
):
    home = tmp_path / "home"
    (home / path).parent.mkdir(parents=True)
    (home / path).write_text("x")
    monkeypatch.setenv("HOME", str(home))
    assert bool(digest(project, read(home / path))[0]) == counts


@pytest.mark.parametrize("path", ["/etc/hostname", "/proc/self/status", "/usr/share/zoneinfo/UTC", "/dev/null"])
def test_system_files_are_no_inputs(project, path):
    assert digest(project, read(path)) == ((), ())


def test_tools_folders_named_by_variables_are_no_inputs(project, tmp_path):
    (tmp_path / "mpl").mkdir()
    (tmp_path / "mpl" / "style.txt").write_text("x")
    environ = {"MPLCONFIGDIR": str(tmp_path / "mpl")}
    assert digest(project, read(tmp_path / "mpl" / "style.txt"), environ=environ) == ((), ())


def test_a_temporary_file_is_an_input_only_when_it_was_there_before(project):
    with tempfile.TemporaryDirectory() as folder:
        for name in ("read.csv", "written.csv"):
            Path(folder, name).write_text("x")
        inputs, products = digest(project, read(f"{folder}/read.csv"), wrote(f"{folder}/written.csv"))
    assert names(inputs) == [("outside", f"{folder}/read.csv")]
    assert products == ()


@pytest.mark.parametrize(
    "path", ["ipykernel_123/4.py", "pymp-x/y", "matplotlib-abc/fontlist.json", "pressrun-1/order.json"]
)
def test_runtime_files_of_tools_in_the_temporary_folder_are_no_inputs(project, path, tmp_path):
    target = tmp_path / path
    target.parent.mkdir()
    target.write_text("x")
    assert digest(project, read(target), environ={"TMPDIR": str(tmp_path)}) == ((), ())


def test_a_project_inside_the_temporary_folder_has_inputs_like_any_other(project):
    assert digest(project, read(project / "data/a.csv"), environ={"TMPDIR": str(project.parent)})[0]


def test_a_file_that_is_gone_is_left_out_and_named(project):
    (project / "data" / "a.csv").unlink()
    files = (read(project / "data" / "a.csv"), wrote(project / "gone_product.csv"))
    assert digest(project, *files) == ((), ())
    observation = Observation(coverage=Coverage(level="python-only"), files=files)
    assert vanished_inputs(observation, project, NOWHERE) == ("data/a.csv",)


def test_a_database_is_one_input_and_its_log_is_noted(project):
    (project / "d.sqlite").write_bytes(b"x")
    (project / "d.sqlite-wal").write_bytes(b"pending")
    files = [read(project / "d.sqlite", event="sqlite3.connect"), read(project / "d.sqlite-wal")]
    (one,), _ = digest(project, *files)
    assert (one.path, one.note) == ("d.sqlite", LEFT_NOTE)


@pytest.mark.parametrize("uri", ["file:d.sqlite?mode=ro", "d.sqlite"])
def test_a_database_address_is_understood(project, uri):
    (project / "d.sqlite").write_bytes(b"x")
    assert names(digest(project, read(uri, event="sqlite3.connect"))[0]) == [("project", "d.sqlite")]


def test_a_database_in_memory_is_nothing(project):
    assert digest(project, read(":memory:", event="sqlite3.connect")) == ((), ())


def test_a_listed_folder_is_one_input_with_all_its_files(project):
    (one,), _ = digest(
        project, read(project / "data" / "parts", 1, event="os.listdir"), read(project / "data" / "parts" / "1.csv", 2)
    )
    members = {name: sha256(name.encode()) for name in ("1.csv", "2.csv")}
    assert (one.path, one.members, one.size) == ("data/parts", members, 10)
    assert one.digest == manifest_digest(members)


@pytest.mark.parametrize("change", ["edit", "add", "remove", "rename"])
def test_any_change_in_a_folder_changes_its_digest(project, change):
    folder = project / "data" / "parts"
    before = digest(project, read(folder, event="os.scandir"))[0][0].digest
    if change == "edit":
        (folder / "1.csv").write_text("9")
    elif change == "add":
        (folder / "3.csv").write_text("")
    elif change == "remove":
        (folder / "2.csv").unlink()
    else:
        (folder / "2.csv").rename(folder / "3.csv")
    assert digest(project, read(folder, event="os.scandir"))[0][0].digest != before


def test_listing_the_project_or_the_working_folder_makes_no_input(project):
    (project / "notebooks").mkdir()
    for folder in (project, project.parent, project / "notebooks", Path.home(), Path("/")):
        assert digest(project, read(folder, event="os.listdir"), cwd=project / "notebooks") == ((), ())


def test_a_folder_the_notebook_wrote_into_is_no_data_set(project):
    folder = project / "data" / "parts"
    inputs, products = digest(
        project, read(folder, event="os.listdir"), read(folder / "1.csv"), wrote(folder / "2.csv")
    )
    assert (names(inputs), names(products)) == ([("project", "data/parts/1.csv")], [("project", "data/parts/2.csv")])


def test_progress_tells_every_byte(project):
    told = []
    digest(project, read(project / "data" / "a.csv"), on_progress=lambda *facts: told.append(facts))
    assert told[-1] == ("data/a.csv", 4, 4)


def test_digesting_can_be_interrupted_and_goes_on_where_it_stood(project, tmp_path):
    (project / "b.bin").write_bytes(b"0" * (2 * CHUNK))

    def stop(path, done, total):
        if path == "b.bin":
            raise KeyboardInterrupt

    files = [read(project / "data" / "a.csv"), read(project / "b.bin")]
    for file in files:
        os.utime(file.path, (1, 1))
    with pytest.raises(KeyboardInterrupt):
        digest(project, *files, cache=StatCache(tmp_path / "c", now_ns=lambda: 2**62), on_progress=stop)
    with StatCache(tmp_path / "c") as cache:
        assert cache.digest(project / "data" / "a.csv").reused


def reference(path, content=b"a\n1\n", role="project", **more):
    return InputReference(path=path, role=role, digest=sha256(content), size=len(content), **more)


def test_unchanged_inputs_are_found_where_they_lie(project):
    assert check_inputs([reference("data/a.csv")], project) == {"data/a.csv": project / "data" / "a.csv"}


def test_a_changed_input_names_expected_and_found(project):
    (project / "data" / "a.csv").write_text("a\n2\n3\n")
    with pytest.raises(InputChangedError) as caught:
        check_inputs([reference("data/a.csv")], project)
    told = str(caught.value)
    for part in (
        "data/a.csv",
        sha256(b"a\n1\n"),
        sha256(b"a\n2\n3\n"),
        "4 bytes",
        "6 bytes",
        "press the notebook again",
    ):
        assert part in told


def test_all_problems_are_told_not_only_the_first(project):
    (project / "data" / "a.csv").write_text("changed")
    with pytest.raises(InputChangedError, match=r"2 inputs are.*data/a\.csv was.*data/gone\.csv is absent"):
        check_inputs([reference("data/a.csv"), reference("data/gone.csv")], project)


def test_a_changed_file_in_a_folder_is_named(project):
    (one,), _ = digest(project, read(project / "data" / "parts", event="os.listdir"))
    expected = InputReference(path=one.path, role=one.role, digest=one.digest, size=one.size, members=one.members)
    assert check_inputs([expected], project)
    (project / "data" / "parts" / "2.csv").write_text("changed")
    with pytest.raises(InputChangedError, match=r"data/parts was .*first in 2\.csv"):
        check_inputs([expected], project)


def test_package_data_is_left_to_the_lock(project):
    assert check_inputs([reference("a==1/x.csv", role="package-data")], project) == {}


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "", "a\\..\\x", "a\0b"])
def test_a_path_that_leads_out_of_the_project_is_refused(project, path):
    with pytest.raises(InputChangedError, match="leads out of the project"):
        check_inputs([reference(path)], project)
