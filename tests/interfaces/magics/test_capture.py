"""What a receipt and the sidecar say of cells that ran in a real kernel."""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

LOAD = "%load_ext pressrun"
READ = "with open('data.csv') as file:\n    text = file.read()"


def sha256(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def sidecars(folder: Path):
    return [json.loads(path.read_text()) for path in sorted((folder / ".pressrun" / "live").glob("*.json"))]


def test_a_receipt_tells_what_the_cell_read_and_defined_and_which_parameters_it_used(loaded):
    loaded.run("%%register parameters\nlimit = 3\nkind = 'all'\nunused = None", "p")
    told = loaded.run(f"%%register data load\n{READ}\nrows = len(text) * limit\nx = kind", "c")
    (receipt,) = told.receipts
    assert (receipt["kind"], receipt["name"], receipt["cell_id"], receipt["execution_count"]) == (
        "data",
        "load",
        "c",
        2,
    )
    assert receipt["files"] == [
        {"path": "data.csv", "mode": "read", "size": 4, "digest": sha256("a\n1\n"), "state": "digested"}
    ]
    assert receipt["defined"] == ["file", "rows", "text", "x"]
    assert receipt["parameters"] == {"kind": "'all'", "limit": "3"}
    assert (receipt["first"], receipt["outcome"], receipt["stored"], receipt["notes"]) == (True, "captured", True, [])
    assert receipt["coverage"]["level"] == "python-only"
    assert receipt["coverage"]["sources"] == ["python-audit", "inotify"]


def test_a_receipt_tells_what_changed_since_last_time(loaded):
    loaded.run("%%register parameters\nlimit = 3")
    cell = f"%%register data load\n{READ}\nlimit"
    assert loaded.run(cell).receipts[0]["first"] is True
    same = loaded.run(cell).receipts[0]
    assert (same["first"], same["changed"]) == (False, [])
    (loaded.folder / "data.csv").write_text("b\n1\n")
    loaded.run("%%register parameters\nlimit = 4")
    changed = loaded.run(cell + "\nmore = 1").receipts[0]["changed"]
    assert changed == [
        "The code changed.",
        "data.csv has other content than last time.",
        "Parameter limit is 4, it was 3.",
        "Defines more for the first time.",
    ]


def test_the_receipt_comes_after_the_outputs_and_its_bundle_serves_every_front_end(loaded):
    request = loaded.send("%%register step s\nprint('own')\n5")
    kinds = []
    while "idle" not in kinds:
        for message in loaded.heard(request):
            kinds.append(message["content"].get("execution_state") or message["msg_type"])
            if message["msg_type"] == "display_data":
                types = set(message["content"]["data"])
        time.sleep(0.01)
    assert [kind for kind in kinds if kind in {"stream", "execute_result", "display_data"}] == [
        "stream",
        "execute_result",
        "display_data",
    ]
    assert {"text/html", "text/plain"} < types


def test_what_a_value_says_of_itself_is_not_asked_and_secrets_are_hidden(loaded):
    told = loaded.run(
        "%%register parameters\nclass Rude:\n    def __repr__(self):\n        raise SystemExit\n"
        "rude = Rude()\napi_key = 'k3jh45k3jh45kjh345'\n"
        "url = 'https://me:s3cr3tpassw0rd@host/x'\nlong = list(range(99))"
    )
    shown = told.receipts[0]["parameters"]
    assert shown["rude"] == "<__main__.Rude>"
    assert shown["long"] == "[0, 1, 2, 3, 4, 5, … 99 items]"
    assert "k3jh" not in str(told.receipts)
    assert "s3cr3t" not in str(told.receipts)
    assert "s3cr3t" not in str(sidecars(loaded.folder))


def test_a_file_that_is_too_large_is_told_and_not_read(loaded):
    loaded.run("%%register step warm\n1")
    with (loaded.folder / "large.bin").open("wb") as file:
        file.truncate(10 * 2**30)
    told = loaded.run("%%register step peek\nwith open('large.bin', 'rb') as file:\n    head = file.read(1)")
    (receipt,) = told.receipts
    assert [(file["state"], file["digest"], file["size"]) for file in receipt["files"]] == [
        ("too-large", "", 10 * 2**30)
    ]
    assert (receipt["outcome"], receipt["notes"]) == ("partial", ["Too large to be digested in passing: large.bin."])


def test_digests_that_take_too_long_are_pending_and_come_later(loaded):
    loaded.run("%%register step warm\n1")
    loaded.tell(
        "import sys, time, threading\n_s = sys.modules['pressrun.interfaces.magics'].session_of(get_ipython())\n"
        "_go = threading.Event(); _digest = _s.guard.work['digest']\n"
        "def _slow(accesses):\n    _go.wait()\n    return _digest(accesses)\n_s.guard.work['digest'] = _slow"
    )
    receipt = loaded.run(f"%%register data load\n{READ}").receipts[0]
    assert [(file["state"], file["digest"]) for file in receipt["files"]] == [("pending", "")]
    assert receipt["outcome"] == "partial"
    loaded.tell("_go.set()")
    deadline = time.monotonic() + 20
    stored = []
    while time.monotonic() < deadline and not any(file["digest"] for file in stored):
        stored = [
            file for cell in sidecars(loaded.folder)[0]["cells"] if cell["name"] == "load" for file in cell["files"]
        ]
    assert stored[0]["digest"] == sha256("a\n1\n")
    (late,) = [cell for cell in sidecars(loaded.folder)[0]["cells"] if cell["name"] == "load"]
    assert (late["outcome"], late["notes"]) == ("captured", [])


def test_a_name_that_no_registered_cell_defined_is_told_with_where_it_came_from(loaded):
    loaded.run("import json\ndef helper():\n    return 1\nraw = 5")
    receipt = loaded.run("%%register step use\nvalue = json.dumps(raw + helper())").receipts[0]
    assert receipt["borrowed"] == {"helper": "the unregistered cell [1]", "raw": "the unregistered cell [1]"}
    told = loaded.run("%register status").text
    assert "step use uses raw, which no registered cell defined: the unregistered cell [1]." in told


def test_a_capture_survives_a_restart_and_says_that_it_is_of_two_sessions(loaded):
    loaded.run(f"%%register data load\n{READ}")
    loaded.run("%%register step other\nx = 1")
    loaded.restart()
    loaded.tell(LOAD)
    receipt = loaded.run(f"%%register data load\n{READ}").receipts[0]
    assert (receipt["first"], receipt["changed"]) == (False, [])
    (sidecar,) = sidecars(loaded.folder)
    assert len(sidecar["sessions"]) == 2
    assert sidecar["partial"] == ["Captured in 2 kernel sessions; in an earlier one: step other."]


def test_status_tells_what_is_out_of_date_and_undo_forgets(loaded):
    loaded.run(f"%%register data load\n{READ}")
    loaded.run("%%register step train\nmodel = len(text)")
    loaded.run(f"%%register data load\n{READ}")
    (loaded.folder / "data.csv").write_text("b\n")
    told = loaded.run("%register status").text
    assert "data load   [3] 1 file   out of date: data.csv has changed" in told
    assert "step train  [2] 0 files  out of date: a cell that it builds on has run again" in told
    assert "did you mean 'train'?" in loaded.run("%register undo trian").text
    assert loaded.run("%register undo train").text == "Forgot step train.\n"
    assert [cell["name"] for cell in sidecars(loaded.folder)[0]["cells"]] == ["load"]
    assert "step train" not in loaded.run("%register status").text


def test_the_notebook_is_known_from_the_server_and_its_order_and_deletions_are_told(new_kernel, tmp_path):
    cells = [{"id": name, "cell_type": "code", "source": ""} for name in ("one", "two")]
    notebook = tmp_path / "work" / "churn.ipynb"
    notebook.parent.mkdir()
    (tmp_path / "pyproject.toml").touch()
    notebook.write_text(json.dumps({"cells": cells}))
    before = notebook.read_bytes()
    kernel = new_kernel(sys.executable, notebook.parent, JPY_SESSION_NAME=str(notebook))
    kernel.tell(LOAD)
    kernel.run("%%register step lost\nx = 1", "gone")
    kernel.run("%%register step low\nx = 1", "two")
    later = time.time() + 60
    os.utime(notebook, (later, later))
    kernel.run("%%register step high\ny = 1", "one")
    kernel.run("%register status")
    (sidecar,) = sidecars(tmp_path)
    assert sidecar["notebook"] == "work/churn.ipynb"
    assert sidecar["partial"] == [
        "step low ran before step high, which is above it in the notebook.",
        "step lost is not in the notebook any more.",
    ]
    assert notebook.read_bytes() == before


def test_a_cell_that_runs_again_without_its_declaration_makes_the_capture_partial(loaded):
    loaded.run("%%register step one\nx = 1", "a")
    loaded.run("x = 2", "a")
    assert "step one ran again without its declaration." in loaded.run("%register status").text


def test_what_comes_with_python_is_told_as_no_library_and_others_are(loaded):
    (receipt,) = loaded.run("%%register step use\nimport csv, json, msgspec\nx = csv, json, msgspec").receipts
    assert list(receipt["packages"]) == ["msgspec"]


def test_what_ipython_keeps_for_itself_inside_the_project_is_no_input(new_kernel, tmp_path):
    kernel = new_kernel(IPYTHONDIR=str(tmp_path / "settings"))
    kernel.tell(LOAD)
    (tmp_path / "settings" / "data.csv").write_text("a")
    kernel.run("%%register step one\nx = 1")
    (receipt,) = kernel.run(
        "%%register step two\nimport glob, subprocess\n"
        "found = glob.glob('settings/profile_default/history.sqlite') + ['settings/data.csv']\n"
        "done = subprocess.run(['cat', *found], capture_output=True)"
    ).receipts
    assert [unseen["path"].rpartition("/")[2] for unseen in receipt["coverage"]["unseen"]] == ["data.csv"]


def test_a_declaration_with_nothing_below_is_told_and_a_near_match_named(loaded):
    told = loaded.run("%register stauts")
    assert told.receipts == []
    assert told.text == ("pressrun: there is nothing below this line to register. Did you mean 'status'?\n")
    assert "only as its first line" in loaded.run("x = 1\n%register step one").text


def test_in_a_replay_nothing_is_captured_live(tmp_path):
    notebook = {
        "cells": [
            {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
            for source in (
                "import IPython\nIPython.get_ipython().extension_manager.load_extension('pressrun')",
                "%load_ext pressrun",
                "%%register step one\nx = 1\nprint('ran')",
                "import threading\nprint([t.name for t in threading.enumerate() if 'pressrun' in t.name])",
                "%register status",
            )
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"c{number}"
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(notebook))
    output = tmp_path / "out.ipynb"
    done = subprocess.run(
        [sys.executable, "-m", "pressrun", "replay", str(path), "-o", str(output)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cells = json.loads(output.read_text())["cells"]
    texts = ["".join("".join(out.get("text", "")) for out in cell["outputs"]) for cell in cells]
    assert texts[2:] == ["ran\n", "[]\n", ""]
    assert not (tmp_path / ".pressrun" / "live").exists()


def test_a_plain_ipython_terminal_shows_the_receipt_as_text(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--colors=NoColor", "-c",
         "get_ipython().run_line_magic('load_ext', 'pressrun')\n"
         "get_ipython().run_cell('%%register step one\\nx = 6 * 7\\nx')"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "IPYTHONDIR": str(tmp_path / ".ipython")},
    )  # fmt: skip
    assert "42" in done.stdout
    assert "pressrun: step one captured for the first time" in done.stdout


def test_a_terminal_goes_on_reading_below_a_declaration():
    program = (
        "from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'pressrun')\n"
        "print(shell.input_transformer_manager.check_complete('%%register step one\\n')[0])\n"
        "print(shell.input_transformer_manager.check_complete('%%register step one\\nx = 1\\n\\n')[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "incomplete\ncomplete\n"


def test_a_recursion_to_the_limit_is_no_fault_and_interrupts_still_arrive(loaded):
    told = loaded.run(
        "%%register step deep\nimport signal\ndef down():\n    with open('data.csv'):\n        pass\n    down()\n"
        "try:\n    down()\nexcept RecursionError:\n    print('limit')\n"
        "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    )
    assert told.text == "limit\nTrue\n"
    assert [file["path"] for file in told.receipts[0]["files"]] == ["data.csv"]
    assert "fault in" not in loaded.run("%register status").text
    request = loaded.send("import time\nprint('on', flush=True)\ntime.sleep(30)")
    loaded.await_text(request, "on")
    loaded.manager.interrupt_kernel()
    assert loaded.take(request).status == "error"


def test_values_however_large_are_shown_in_a_line(loaded):
    told = loaded.run("%%register parameters\nbig = 10 ** 9999\nmany = {n: n for n in range(9)}\nraw = bytes(10 ** 7)")
    shown = told.receipts[0]["parameters"]
    assert shown["big"] == "<int of 33216 bits>"
    assert shown["many"] == "{0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, … 9 items}"
    assert len(shown["raw"]) == 80


def test_thousands_of_files_are_captured_within_the_time_that_a_cell_waits(loaded):
    folder = loaded.folder / "many"
    folder.mkdir()
    for number in range(5000):
        (folder / f"{number}.txt").write_text(str(number))
    told = loaded.run(
        "%%register step many\nfor n in range(5000):\n    with open(f'many/{n}.txt') as file:\n        file.read()"
    )
    assert len(told.receipts) == 1
    assert "fault in" not in loaded.run("%register status").text
    (sidecar,) = sidecars(loaded.folder)
    assert len(sidecar["cells"][0]["files"]) == 5000
