"""``pressrun enable``: kernels load pressrun when they start, and every step of it can be undone."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pressrun.actions import enable as room

Command = Callable[..., subprocess.CompletedProcess[str]]
NAMES = (
    "print(sorted(n for n in globals() if 'pressrun' in n.lower() or n in ('register', 'error', 'shell', 'problem')))"
)
REGISTERED = "%%register step load\n40 + 2"


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.network
@pytest.mark.parametrize("major", [6, 7])
def test_an_enabled_kernel_knows_register_at_once_and_gains_no_name(
    major: int, make_place: Any, kernel_packages: Any, pressrun_packages: str, run_kernel: Any, pressrun: Command
) -> None:
    place = make_place(kernel_packages(major), pressrun_packages)
    assert run_kernel(place.python, REGISTERED).errors(0) == ["UsageError: Cell magic `%%register` not found."]
    assert pressrun("enable", "--python", str(place.python)).returncode == 0
    ran = run_kernel(place.python, REGISTERED, NAMES, "import ipykernel; ipykernel.version_info[0]")
    assert (ran.text(0).startswith("42"), ran.errors(0)) == (True, [])
    assert (ran.text(1), ran.text(2)) == ("[]\n", str(major))
    assert "pressrun" not in ran.log


@pytest.mark.network
@pytest.mark.parametrize("major", [6, 7])
def test_a_kernel_without_pressrun_starts_quietly_and_says_on_use_how_to_get_it(
    major: int, make_place: Any, kernel_packages: Any, pressrun_packages: str, run_kernel: Any, pressrun: Command
) -> None:
    place = make_place(kernel_packages(major), pressrun_packages)
    pressrun("enable", "--python", str(place.python))
    place.borrow(kernel_packages(major))  # uninstalled
    ran = run_kernel(place.python, "1 + 1", NAMES, REGISTERED, "%register status", "%lsmagic")
    assert (ran.text(0), ran.errors(0), ran.text(1)) == ("2", [], "[]\n")
    line = "pressrun is not installed in this environment. Install it: %pip install pressrun"
    assert [output["traceback"] for output in (*ran.cells[2], *ran.cells[3])] == [[f"ImportError: {line}"]] * 2
    assert (ran.errors(2), ran.errors(3)) == ([f"NotLoaded: {line}"], [f"NotLoaded: {line}"])
    assert "pressrun" not in ran.log


def test_a_broken_installation_does_not_stop_a_kernel_and_is_told_on_use(make_place: Any, run_kernel: Any) -> None:
    place = make_place()
    (place.packages / "pressrun").mkdir()
    (place.packages / "pressrun" / "__init__.py").write_text("raise ValueError('half installed')")
    place.autoload.parent.mkdir(parents=True)
    place.autoload.write_text(room.STARTUP)
    (place.autoload.parent / "60-other.py").write_text("other = 'ran'")
    ran = run_kernel(place.python, "other", REGISTERED)
    assert ran.text(0) == "'ran'"
    assert ran.errors(1) == ["NotLoaded: pressrun could not be loaded: ValueError: half installed"]


def test_enabling_says_which_file_it_wrote_and_disabling_leaves_no_trace(make_place: Any, pressrun: Command) -> None:
    place = make_place()
    before = tree(place.folder)
    folders = sorted(path for path in place.folder.rglob("*") if path.is_dir())
    enabled = pressrun("enable", "--python", str(place.python))
    assert enabled.stdout.splitlines() == [
        f"Autoload is enabled for the environment of {place.python}. Kernels that run already are as they were.",
        f"  wrote: {place.autoload}",
        f"  undo:  pressrun disable --python {place.python}",
    ]
    assert sorted(set(tree(place.folder)) - set(before)) == ["etc/ipython/startup/50-pressrun.py"]
    disabled = pressrun("disable", "--python", str(place.python))
    assert f"  removed: {place.autoload}" in disabled.stdout.splitlines()
    assert tree(place.folder) == before
    assert sorted(path for path in place.folder.rglob("*") if path.is_dir()) == folders


def test_disabling_leaves_what_others_keep_in_the_folder(make_place: Any) -> None:
    place = make_place()
    place.autoload.parent.mkdir(parents=True)
    (place.autoload.parent / "10-mine.py").write_text("")
    room.enable(place.python)
    room.disable(place.python)
    assert [path.name for path in place.autoload.parent.iterdir()] == ["10-mine.py"]


def test_doing_it_twice_is_the_same_as_doing_it_once(make_place: Any) -> None:
    place = make_place()
    assert room.enable(place.python).changed
    again = room.enable(place.python)
    assert (again.changed, again.state, again.undo) == (False, "enabled", f"pressrun disable --python {place.python}")
    assert room.disable(place.python).changed
    assert not room.disable(place.python).changed


@pytest.mark.parametrize("kind", ["another's", "edited", "link", "dangling link", "folder", "bytes"])
@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_a_file_that_is_not_as_it_was_written_is_neither_overwritten_nor_removed(
    kind: str, verb: str, make_place: Any, pressrun: Command
) -> None:
    place = make_place()
    place.autoload.parent.mkdir(parents=True)
    if kind == "folder":
        place.autoload.mkdir()
    elif "link" in kind:
        if kind == "link":
            (place.folder / "real.py").write_text(room.STARTUP)
        place.autoload.symlink_to(place.folder / "real.py")
    else:
        text = {"another's": b"import mine\n", "edited": room.STARTUP.encode() + b"x = 1\n", "bytes": b"\xff"}[kind]
        place.autoload.write_bytes(text)
    before = tree(place.folder)
    done = pressrun(verb, "--python", str(place.python), "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["where"] == str(place.autoload)
    assert tree(place.folder) == before
    status = json.loads(pressrun("enable", "--status", "--json", "--python", str(place.python)).stdout)
    assert status["autoload"][0]["state"] == "foreign"


def test_the_status_tells_both_places(make_place: Any, pressrun: Command, tmp_path: Path) -> None:
    place = make_place()
    profile = tmp_path / "profiles" / "profile_default" / "startup" / "50-pressrun.py"
    pressrun("enable", "--user", "--python", str(place.python))
    assert pressrun("enable", "--status", "--python", str(place.python)).stdout.splitlines() == [
        f"environment  disabled  {place.autoload}",
        f"user         enabled   {profile}",
    ]


def test_the_users_profile_loads_it_in_every_environment(
    make_place: Any, pressrun: Command, run_kernel: Any, tmp_path: Path
) -> None:
    place = make_place()
    (tmp_path / "profiles" / "profile_default" / "startup").mkdir(parents=True)
    (tmp_path / "profiles" / "profile_default" / "startup" / "README").write_text("IPython's own")
    assert "your default IPython profile" in pressrun("enable", "--user").stdout
    assert not place.autoload.exists()
    assert run_kernel(place.python, REGISTERED).text(0).startswith("42")
    assert "removed" in pressrun("disable", "--user").stdout
    assert [path.name for path in (tmp_path / "profiles" / "profile_default" / "startup").iterdir()] == ["README"]


@pytest.mark.parametrize(
    ("borrowed", "what"),
    [((), "there is no IPython in this environment"), (("ipykernel",), "pressrun is not installed")],
)
def test_an_environment_that_lacks_something_is_left_alone(
    borrowed: tuple[str, ...], what: str, make_place: Any, pressrun: Command, tmp_path: Path
) -> None:
    place = make_place(str(tmp_path / "nothing"))
    if borrowed:
        (place.packages / "IPython").mkdir()
        (place.packages / "IPython" / "__init__.py").write_text("")
        (place.packages / "IPython" / "paths.py").write_text("def get_ipython_dir(): return '/nowhere'")
    done = pressrun("enable", "--python", str(place.python))
    assert done.returncode == 2
    assert what in done.stderr
    assert str(place.python) in done.stderr
    assert not place.autoload.exists()


def test_something_that_is_no_python_is_wrong_use(pressrun: Command, tmp_path: Path) -> None:
    done = pressrun("enable", "--python", str(tmp_path / "absent"))
    assert (done.returncode, "no Python interpreter" in done.stderr) == (2, True)


def test_disabling_works_where_pressrun_and_ipython_are_gone(make_place: Any, tmp_path: Path) -> None:
    place = make_place()
    room.enable(place.python)
    place.borrow(str(tmp_path / "nothing"))
    assert room.disable(place.python).changed
    assert not place.autoload.exists()


def test_a_module_in_the_working_folder_does_not_stand_in_for_the_environment(
    make_place: Any, pressrun: Command, tmp_path: Path
) -> None:
    place = make_place(str(tmp_path / "nothing"))
    (tmp_path / "IPython").mkdir()
    (tmp_path / "IPython" / "__init__.py").write_text("")
    (tmp_path / "IPython" / "paths.py").write_text("def get_ipython_dir(): return '/nowhere'")
    assert "there is no IPython" in pressrun("enable", "--python", str(place.python)).stderr


def test_a_read_only_environment_is_told_with_the_way_around_it(make_place: Any, tmp_path: Path) -> None:
    place = make_place()
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs unshare, to make an environment read-only even for root")
    script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 77; "$1/bin/python" -m pressrun enable'
    done = subprocess.run(
        [unshare, "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", str(place.folder)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"no mounts of our own here: {done.stderr}")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Error: the file cannot be written: Read-only file system",
        f"  where:  {place.autoload}",
        "  remedy: Ask whoever owns the environment, or use --user: it writes to your own IPython profile.",
    ]
