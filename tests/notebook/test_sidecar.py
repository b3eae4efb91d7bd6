"""The sidecar: what is captured live, kept beside the notebook."""

import multiprocessing
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from pressrun.notebook.sidecar import Sidecar, SidecarError
from pressrun.records.live import CellReceipt, LiveCapture
from pressrun.rules.live import merged


def receipt(name: str, **fields: object) -> CellReceipt:
    return msgspec.convert(
        {"kind": "step", "name": name, "session": "s", "created": "2026-01-01", **fields}, CellReceipt
    )


def add(project: Path, notebook: str, name: str) -> None:
    Sidecar(project, notebook).update(lambda capture: merged(capture, receipt(name)))


def test_what_is_stored_is_read_again(tmp_path):
    sidecar = Sidecar(tmp_path, "work/churn.ipynb")
    assert sidecar.read() is None
    stored = sidecar.update(lambda capture: merged(capture, receipt("load")))
    assert Sidecar(tmp_path, "work/churn.ipynb").read() == stored


def test_it_lies_in_the_project_for_the_user_alone_and_outside_version_control(tmp_path):
    add(tmp_path, "work/churn.ipynb", "load")
    path = Sidecar(tmp_path, "work/churn.ipynb").path
    assert path.parent == tmp_path / ".pressrun" / "live"
    assert path.name.startswith("churn-")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (path.parent / ".gitignore").read_text() == "*\n"


def test_notebooks_of_one_name_in_two_folders_have_two_sidecars(tmp_path):
    assert Sidecar(tmp_path, "a/x.ipynb").path != Sidecar(tmp_path, "b/x.ipynb").path


def test_two_kernels_on_one_notebook_lose_no_update(tmp_path):
    context = multiprocessing.get_context("spawn")
    with context.Pool(4) as pool:
        pool.starmap(add, [(tmp_path, "x.ipynb", f"step{number}") for number in range(40)])
    found = Sidecar(tmp_path, "x.ipynb").read()
    assert found is not None
    assert {cell.name for cell in found.cells} == {f"step{number}" for number in range(40)}
    assert not list((tmp_path / ".pressrun" / "live").glob("*.tmp"))


def test_a_sidecar_of_a_newer_format_is_neither_read_nor_overwritten(tmp_path):
    sidecar = Sidecar(tmp_path, "x.ipynb")
    sidecar.path.parent.mkdir(parents=True)
    sidecar.path.write_text('{"format": 2, "cells": 5}')
    with pytest.raises(SidecarError, match="newer pressrun"):
        sidecar.read()
    with pytest.raises(SidecarError, match="newer pressrun"):
        add(tmp_path, "x.ipynb", "load")
    assert sidecar.path.read_text() == '{"format": 2, "cells": 5}'


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1, "cells": 5}', b"\xff\xfe"])
def test_a_damaged_sidecar_is_told_and_moved_aside_not_lost(tmp_path, content):
    sidecar = Sidecar(tmp_path, "x.ipynb")
    sidecar.path.parent.mkdir(parents=True)
    sidecar.path.write_bytes(content)
    with pytest.raises(SidecarError, match="damaged"):
        sidecar.read()
    add(tmp_path, "x.ipynb", "load")
    assert [cell.name for cell in sidecar.read().cells] == ["load"]
    assert [path.read_bytes() for path in sidecar.path.parent.glob("*.damaged-*")] == [content]


def test_a_change_that_fails_leaves_what_was_stored(tmp_path):
    add(tmp_path, "x.ipynb", "load")
    sidecar = Sidecar(tmp_path, "x.ipynb")
    before = sidecar.path.read_bytes()

    def fail(capture: LiveCapture) -> LiveCapture:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sidecar.update(fail)
    assert sidecar.path.read_bytes() == before
    add(tmp_path, "x.ipynb", "more")


def test_a_place_that_cannot_be_written_is_an_error_with_its_reason(tmp_path):
    (tmp_path / ".pressrun").write_text("a file, where a folder is needed")
    with pytest.raises(SidecarError, match="cannot be written"):
        add(tmp_path, "x.ipynb", "load")


def test_a_full_disk_leaves_what_was_stored_and_no_remains(tmp_path):
    add(tmp_path, "x.ipynb", "load")
    before = Sidecar(tmp_path, "x.ipynb").path.read_bytes()
    program = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from pressrun.notebook.sidecar import Sidecar, SidecarError\n"
        "import msgspec\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "long = lambda capture: msgspec.structs.replace(capture, notebook="
        "'n' * 999)\n"
        "try:\n    Sidecar(Path(sys.argv[1]), 'x.ipynb').update(long)\n"
        "except SidecarError as error:\n    print(error.what)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "it cannot be written: File too large\n"
    assert Sidecar(tmp_path, "x.ipynb").path.read_bytes() == before
    assert not list((tmp_path / ".pressrun" / "live").glob("*.tmp"))
