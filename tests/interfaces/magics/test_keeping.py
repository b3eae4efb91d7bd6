"""Receipts are kept: when they are written, and what is told where they cannot be."""

import fcntl
import hashlib
import json
import time
from pathlib import Path

import pytest

LOAD = "%load_ext pressrun"
READ = "with open('data.csv') as file:\n    text = file.read()"


def sha256(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def sidecars(folder: Path):
    return [json.loads(path.read_text()) for path in sorted((folder / ".pressrun" / "live").glob("*.json"))]


def test_where_nothing_can_be_stored_the_cell_is_fine_and_the_receipt_says_so(loaded):
    (loaded.folder / ".pressrun").write_text("in the way")
    told = loaded.run("%%register step one\n6 * 7")
    (receipt,) = told.receipts
    assert (told.value, told.status, receipt["stored"], receipt["outcome"]) == ("42", "ok", False, "partial")
    assert receipt["notes"][0].startswith("Not stored: ")
    (loaded.folder / ".pressrun").unlink()
    loaded.run("%%register step two\n1")
    assert [cell["name"] for cell in sidecars(loaded.folder)[0]["cells"]] == ["one", "two"]


def stored_names(folder):
    return [[cell["name"] for cell in sidecar["cells"]] for sidecar in sidecars(folder)]


def await_stored(folder, names):
    """Wait until the sidecar holds these: a cell does not wait for it as long as a loaded machine may need."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and stored_names(folder) != [names]:
        time.sleep(0.02)
    assert stored_names(folder) == [names]


HOLD_BACK = (
    "import sys; _c = sys.modules['pressrun.interfaces.magics'].session_of(get_ipython()).capturing\n"
    "sys.modules['pressrun.interfaces.magics.capturing'].STORE_DELAY_S = 600\ndel sys"
)


@pytest.mark.parametrize("end", ["stop", "restart", "unload"])
def test_receipts_that_wait_to_be_written_are_in_the_sidecar_when_the_session_ends(loaded, end):
    loaded.run("%%register step one\nx = 1")
    await_stored(loaded.folder, ["one"])
    loaded.tell(HOLD_BACK)
    receipts = [loaded.run(f"%%register step {name}\n{name} = 1").receipts[0] for name in ("two", "three", "four")]
    assert [receipt["stored"] for receipt in receipts] == [True, True, True]
    assert stored_names(loaded.folder) == [["one"]]
    if end == "restart":
        loaded.restart()
    elif end == "unload":
        loaded.tell("%unload_ext pressrun")
    else:
        loaded.manager.shutdown_kernel(now=False)
    assert stored_names(loaded.folder) == [["one", "two", "three", "four"]]


def test_receipts_that_wait_to_be_written_are_in_the_sidecar_when_status_has_answered(loaded):
    loaded.run("%%register step one\nx = 1")
    await_stored(loaded.folder, ["one"])
    loaded.tell(HOLD_BACK)
    loaded.run("%%register step two\ny = 1")
    assert stored_names(loaded.folder) == [["one"]]
    loaded.run("%register status")
    assert stored_names(loaded.folder) == [["one", "two"]]


def test_a_receipt_is_written_within_a_moment_though_nothing_else_happens(loaded):
    loaded.run("%%register step one\nx = 1")
    loaded.run("%%register step two\ny = 1")
    await_stored(loaded.folder, ["one", "two"])


def test_a_kernel_that_is_killed_keeps_what_was_written_before(loaded):
    loaded.run("%%register step one\nx = 1")
    await_stored(loaded.folder, ["one"])
    loaded.tell(HOLD_BACK)
    loaded.run("%%register step two\ny = 1")
    loaded.manager.shutdown_kernel(now=True)
    assert stored_names(loaded.folder) == [["one"]]


def test_a_receipt_that_could_not_be_written_later_is_told_with_the_next_one_and_by_status(loaded):
    loaded.run("%%register step one\nx = 1")
    live = loaded.folder / ".pressrun" / "live"
    live.rename(loaded.folder / "kept")
    live.write_text("in the way")
    assert loaded.run("%%register step two\ny = 1").receipts[0]["stored"] is True
    assert "Not stored: " in loaded.run("%register status").text
    (receipt,) = loaded.run("%%register step three\nz = 1").receipts
    assert (receipt["stored"], receipt["outcome"]) == (False, "partial")
    assert receipt["notes"][0].startswith("Not stored: ")
    assert receipt["notes"][1] == "Not stored either: step two."
    live.unlink()
    (loaded.folder / "kept").rename(live)
    assert loaded.run("%%register step four\nw = 1").receipts[0]["stored"] is True
    assert stored_names(loaded.folder) == [["one", "two", "three", "four"]]


def test_folders_of_killed_kernels_are_removed_and_those_of_living_ones_stay(new_kernel, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    kernels = [new_kernel(TMPDIR=str(temporary)) for _ in range(2)]
    for kernel in kernels:
        kernel.tell(LOAD)
        kernel.run("%%register step one\nx = 1")
    killed, living = kernels
    left = {path.name for path in temporary.glob("pressrun-live-*")}
    killed.manager.shutdown_kernel(now=True)
    (elsewhere := temporary / "pressrun-live-999999999-held").mkdir()  # of a process that is not to be seen from here
    with (elsewhere / "cell").open("wb") as marker:
        fcntl.flock(marker, fcntl.LOCK_SH)
        third = new_kernel(TMPDIR=str(temporary))
        third.tell(LOAD)
        third.run("%%register step one\nx = 1")
        now = {path.name for path in temporary.glob("pressrun-live-*")}
    assert len(left) == 2
    assert elsewhere.name in now
    assert len(now & left) == 1
    assert living.run("%%register step one\nopen('data.csv', 'w').close()").receipts[0]["files"][0]["mode"] == "write"


def test_a_file_that_an_earlier_cell_read_is_told_when_a_program_reads_it_later(loaded):
    loaded.run("%%register step idle\nx = 1")
    loaded.tell(
        "import sys; sys.modules['pressrun.notebook.statcache'].RACY_NS = -10**12; del sys"
    )  # digested only once
    loaded.tell("get_ipython().history_manager.enabled = False")
    for _ in range(3):
        loaded.run(f"%%register data load\n{READ}")
    loaded.run("%%register step idle\nx = 1")
    (receipt,) = loaded.run(
        "%%register step sub\nimport subprocess\ndone = subprocess.run(['cat', 'data.csv'], capture_output=True)"
    ).receipts
    assert [unseen["path"].rpartition("/")[2] for unseen in receipt["coverage"]["unseen"]] == ["data.csv"]
