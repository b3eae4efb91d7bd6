"""What a channel is not meant for: nonsense, faults, lost messages, more than fits, texts that are none."""

import json

import pytest
from tests.interfaces.magics.comms import GUARD, asking, connected

from pressrun.interfaces.magics.sendable import data_of
from pressrun.records.live import CellReceipt
from pressrun.records.panel.kernel import KernelCaptured

NONSENSE = {
    "nothing": {},
    "no-id": {"ask": "snapshot"},
    "unknown-question": {"id": "x", "ask": "run"},
    "wrong-types": {"id": 5, "ask": ["snapshot"]},
    "more": {"id": "x", "ask": "snapshot", "code": "import os"},
    "huge-field": {"id": "x", "ask": "snapshot", "n" * 10_000_000: 1},
    "huge-id": {"id": "x" * 10_000_000, "ask": "snapshot"},
    "huge-value": {"id": "x", "ask": "snapshot", "cell_id": "y" * 10_000_000},
    "too-many": {"id": "x", "ask": "declare", "declared": {str(n): "step s" for n in range(6000)}},
    "too-long": {"id": "x", "ask": "declare", "declared": {"c": "step " + "s" * 10_000}},
    "a-list": ["snapshot"],
    "a-text": "snapshot",
    "a-number": 5,
    "null": None,
    "deep": json.loads("[" * 400 + "]" * 400),
    "surrogates": {"id": "\ud800", "ask": "\udfff"},
}


@pytest.mark.parametrize("target", ["pressrun", "pressrun.ask"])
@pytest.mark.parametrize("name", NONSENSE)
def test_whatever_is_sent_gets_a_short_error_and_the_kernel_goes_on(kernel, target, name):
    comm = kernel.open_comm(target)
    comm.next()
    comm.send(NONSENSE[name])
    answer = comm.next()
    assert answer["type"] == "answer"
    assert answer["error"]
    assert len(json.dumps(answer)) < 2000
    assert kernel.run("%%register step still\n6 * 7").value == "42"
    kernel.tell(GUARD + "assert not _session.guard.faults, _session.guard.faults")


@pytest.mark.parametrize("target", ["pressrun", "pressrun.ask"])
@pytest.mark.parametrize(
    "data", [{}, {"protocol": 2}, {"protocol": "1"}, {"protocol": True}, {"protocol": "p" * 10**6}, [], None, "text"]
)
def test_another_protocol_is_refused_with_a_word_why(kernel, target, data):
    comm = kernel.open_comm(target, data if data is not None else {"protocol": None})
    message = comm.next_message()
    assert message["msg_type"] == "comm_close"
    told = message["content"]["data"]
    assert (told["protocol"], bool(told["extension"])) == (1, True)
    assert "Install the same version" in told["error"]
    assert len(told["error"]) < 300
    kernel.tell(GUARD + "assert not _session.guard.faults, _session.guard.faults")


def test_a_stop_of_the_capture_is_told_once_and_in_snapshots(kernel):
    comm, _ = connected(kernel)
    kernel.run("%%register step warm\n1")
    kernel.tell(GUARD + "def _fault(*args):\n    raise RuntimeError('planted')\n_session.guard.work['audit'] = _fault")
    for number in range(3):
        kernel.run(f"%%register step s{number}\nopen('data.csv').close()\nopen('data.csv').close()")
    stops = [one for one in comm.now() if one["type"] == "stopped" and one["problem"]]
    assert ["capturing has stopped" in one["problem"] for one in stops] == [True]
    told = asking(kernel).ask(id="x", ask="snapshot")["snapshot"]
    assert (told["capture"], told["problem"], told["running"]) == (False, stops[0]["problem"], "")


def test_a_channel_that_fails_closes_itself_and_capturing_goes_on(kernel):
    comm, _ = connected(kernel)
    kernel.tell(GUARD + "def _fault(*args):\n    raise RuntimeError('planted')\n_session.guard.work['tell'] = _fault")
    receipts = [kernel.run(f"%%register step s{number}\n{number}").receipts for number in range(5)]
    assert [[receipt["outcome"] for receipt in one] for one in receipts] == [["captured"]] * 5
    while (message := comm.next_message())["msg_type"] != "comm_close":
        pass
    assert "live channel has stopped" in message["content"]["data"]["error"]
    assert "fault in tell: RuntimeError: planted" in kernel.run("%register status").text
    assert kernel.open_comm("pressrun").next_message()["msg_type"] == "comm_close"


def test_a_message_that_was_lost_leaves_a_gap_in_the_numbers(kernel):
    comm, snapshot = connected(kernel)
    kernel.tell(
        "import sys\n_messages = sys.modules['pressrun.interfaces.magics.messages']\n_kept = _messages.captured\n"
        "def _fault(*args):\n    _messages.captured = _kept\n    raise RuntimeError('planted')\n"
        "_messages.captured = _fault"
    )
    kernel.run("%%register step one\nx = 1")
    kernel.run("%%register step two\nx = 1")
    assert [one["seq"] - snapshot["seq"] for one in comm.now()] == [1, 3, 4]


def test_many_files_are_told_up_to_a_limit_with_a_note(kernel):
    comm, _ = connected(kernel)
    folder = kernel.folder / "many"
    folder.mkdir(exist_ok=True)
    for number in range(300):
        (folder / f"{number}.txt").write_text("x")
    kernel.run("%%register step many\nfor n in range(300):\n    open(f'many/{n}.txt').close()")
    receipt = [one for one in comm.now() if one["type"] == "captured"][-1]["receipt"]
    assert (len(receipt["files"]), receipt["notes"][-1]) == (200, "100 more files are not shown here.")


def test_a_file_name_that_is_no_text_reaches_the_panel(kernel):
    comm, _ = connected(kernel)
    (kernel.folder / "odd").mkdir(exist_ok=True)
    told = kernel.run("%%register step odd\nopen(b'odd/\\xff.csv', 'w').close()\nopen(b'odd/\\xff.csv').close()")
    assert told.status == "ok"
    receipt = [one for one in comm.now() if one["type"] == "captured"][-1]["receipt"]
    assert [file["path"] for file in receipt["files"]] == ["odd/?.csv"]


@pytest.mark.parametrize("name", ["step \udcff", "\ud8000"])
def test_texts_that_are_no_unicode_can_be_sent(name):
    told = data_of(KernelCaptured(seq=1, receipt=CellReceipt(kind="step", name=name)))
    assert json.loads(json.dumps(told).encode()) == told
    assert told["receipt"]["name"].isascii()
