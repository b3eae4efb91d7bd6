"""The live channel as a front end meets it: real kernels, real comms, both lines of ipykernel."""

import subprocess
import sys

import pytest
from tests.interfaces.magics.comms import GUARD, asking, connected


def test_whoever_connects_is_sent_a_snapshot_and_then_each_change_with_the_next_number(kernel):
    kernel.run("%%register step one\nx = 1", "a")
    comm, snapshot = connected(kernel)
    assert (snapshot["protocol"], snapshot["capture"], snapshot["running"]) == (1, True, "")
    assert [cell["cell_id"] for cell in snapshot["captured"]["cells"] if cell["name"] == "one"] == ["a"]
    kernel.run("%%register step two\ny = x", "b")
    kernel.run("z = 3", "c")
    kernel.run("%%register step three\n1 / 0", "d")
    told = comm.now()
    assert [one["type"] for one in told] == ["started", "captured", "started", "captured"]
    assert [one["seq"] - snapshot["seq"] for one in told] == [1, 2, 3, 4]
    assert [one["cell_id"] for one in told if one["type"] == "started"] == ["b", "d"]
    assert [(one["receipt"]["name"], one["receipt"]["outcome"]) for one in told if one["type"] == "captured"] == [
        ("two", "captured"),
        ("three", "failed"),
    ]
    assert "step three failed when it last ran." in told[-1]["partial"]


def test_the_receipt_that_is_told_is_the_one_that_is_shown(kernel):
    comm, _ = connected(kernel)
    shown = kernel.run("%%register data load\nwith open('data.csv') as file:\n    text = file.read()", "a").receipts
    (told,) = [one["receipt"] for one in comm.now() if one["type"] == "captured"]
    assert [told] == shown


def test_nothing_is_built_or_sent_while_nobody_is_connected(kernel):
    kernel.tell(
        GUARD + "_calls = []\nfor _name in ('started', 'tell'):\n"
        "    _session.guard.work[_name] = lambda _work=_session.guard.work[_name]: (_calls.append(1), _work())"
    )
    kernel.run("%%register step one\nx = 1", "a")
    kernel.run("%register undo one")
    assert kernel.comms() == []
    assert kernel.run("print(_calls, 'pressrun.interfaces.magics.messages' in sys.modules)").text[:3] == "[] "
    comm = kernel.open_comm("pressrun")
    assert comm.next()["type"] == "snapshot"
    kernel.run("%%register step one\nx = 1", "a")
    assert kernel.run("print(len(_calls))").text == "2\n"
    comm.close()
    kernel.run("%%register step one\nx = 1", "a")
    assert kernel.run("print(len(_calls))").text == "2\n"


def test_loading_where_nobody_connects_imports_nothing_for_messages(new_kernel):
    kernel = new_kernel()
    told = kernel.run(
        "import sys\n%load_ext pressrun\nprint([m for m in ('msgspec', 'pressrun.interfaces.magics.messages') "
        "if m in sys.modules])"
    )
    assert told.text == "[]\n"


def test_a_hello_is_sent_where_the_extension_is_loaded_and_nothing_more(new_kernel):
    kernel = new_kernel()
    kernel.run("%load_ext pressrun")
    (hello,) = kernel.comms()
    assert (hello["msg_type"], hello["content"]["target_name"]) == ("comm_open", "pressrun.hello")
    assert hello["content"]["data"]["protocol"] == 1
    assert hello["content"]["data"]["extension"]
    kernel.run("%load_ext pressrun")
    kernel.run("1")
    assert kernel.comms() == []


def test_two_panels_are_both_served_and_one_that_comes_back_takes_its_old_place(kernel):
    first, _ = connected(kernel, client="tab1")
    second, _ = connected(kernel, client="tab2")
    kernel.run("%%register step one\nx = 1", "a")
    assert [one["type"] for one in first.now()] == [one["type"] for one in second.now()] == ["started", "captured"]
    again, snapshot = connected(kernel, client="tab1")
    assert first.next_message()["msg_type"] == "comm_close"
    assert "one" in [cell["name"] for cell in snapshot["captured"]["cells"]]
    kernel.run("%%register step one\nx = 1", "a")
    assert (len(first.now()), len(second.now()), len(again.now())) == (0, 2, 2)


def test_pages_that_never_say_goodbye_do_not_pile_up(kernel):
    comms = [connected(kernel)[0] for _ in range(20)]
    kernel.run("%%register step one\nx = 1", "a")
    heard = [comm.now() for comm in comms]
    assert [len(one) for one in heard] == [1] * 4 + [2] * 16  # the oldest were closed


def test_a_snapshot_is_asked_for_and_a_capture_forgotten(kernel):
    comm, _ = connected(kernel)
    kernel.run("%%register step one\nx = 1", "a")
    kernel.run("%%register step two\nx = 2", "b")
    seq = comm.now()[-1]["seq"]
    ask = asking(kernel)
    told = ask.ask(id="q1", ask="snapshot")
    assert (told["type"], told["id"], told["error"], told["done"]) == ("answer", "q1", "", "")
    assert told["snapshot"]["seq"] == seq
    told = ask.ask(id="q2", ask="undo", cell_id="a")
    assert (told["id"], told["done"], told["snapshot"]) == ("q2", "Forgot step one.", None)
    (again,) = comm.now()
    assert (again["type"], again["again"], again["problem"], again["seq"]) == ("stopped", True, "", seq + 1)
    names = [cell["name"] for cell in ask.ask(id="q3", ask="snapshot")["snapshot"]["captured"]["cells"]]
    assert "one" not in names
    assert "two" in names
    assert "no capture is of a cell with id 'a'" in ask.ask(id="q4", ask="undo", cell_id="a")["error"]
    kernel.run("%register undo two")
    assert [one["again"] for one in comm.now()] == [True]


def test_cells_that_only_the_notebook_declares_are_captured_once_a_panel_says_so(kernel):
    events, _ = connected(kernel)
    ask = asking(kernel)
    kernel.tell("x = 1")
    assert kernel.run("y = 2", "plain").receipts == []
    said = {"plain": "step plain", "sourced": "step other", "wrong": "modell m", "tagged": "parameters"}
    assert ask.ask(id="d", ask="declare", declared=said)["done"] == "4 cells are declared in the notebook."
    assert [one["name"] for one in kernel.run("y = 2", "plain").receipts] == ["plain"]
    assert [one["name"] for one in kernel.run("%%register step own\ny = 3", "sourced").receipts] == ["own"]
    assert [one["kind"] for one in kernel.run("limit = 3", "tagged").receipts] == ["parameters"]
    assert [one["parameters"] for one in kernel.run("y = limit", "plain").receipts] == [{"limit": "3"}]
    wrong = kernel.run("6 * 7", "wrong")
    assert (wrong.value, wrong.receipts) == ("42", [])
    assert wrong.text.startswith("pressrun: ")
    assert kernel.run("y = 2", "another").receipts == []
    assert kernel.run("get_ipython().run_cell('y = 2')\n1", "nobody").receipts == []
    assert [one["receipt"]["cell_id"] for one in events.now() if one["type"] == "captured"] == [
        "plain", "sourced", "tagged", "plain",
    ]  # fmt: skip
    assert ask.ask(id="d", ask="declare", declared={})["done"] == "0 cells are declared in the notebook."
    assert kernel.run("y = 2", "plain").receipts == []
    assert "step plain ran again without its declaration." in kernel.run("%register status").text


def test_what_earlier_sessions_captured_is_told_before_any_cell_runs(new_kernel):
    kernel = new_kernel()
    kernel.tell("%load_ext pressrun")
    kernel.run("%%register step one\nx = 1", "a")
    kernel.restart()
    kernel.tell("%load_ext pressrun")
    comm, snapshot = connected(kernel)
    assert [cell["name"] for cell in snapshot["captured"]["cells"]] == ["one"]
    assert kernel.run("import sys\nprint('pressrun.interfaces.magics.capturing' in sys.modules)").text == "False\n"
    kernel.run("%%register step two\nx = 1", "b")
    assert comm.now()[-1]["partial"] == ["Captured in 2 kernel sessions; in an earlier one: step one."]


def test_a_question_is_answered_while_a_cell_runs_where_the_kernel_has_subshells(kernel):
    """Compare the order of messages: the cell ends when a file is there that is made after the answer has come."""
    if "7." not in kernel.run("import ipykernel\nprint(ipykernel.__version__)").text[:2]:
        pytest.skip("subshells came with ipykernel 7")
    (kernel.folder / "answered").unlink(missing_ok=True)
    events = kernel.open_comm("pressrun", subshell=kernel.new_subshell())
    assert events.next()["running"] == ""
    ask = asking(kernel, kernel.new_subshell())
    request = kernel.send(
        "%%register step slow\nimport os, time\nprint('on', flush=True)\n"
        "while not os.path.exists('answered'):\n    time.sleep(0.01)\nprint('seen')", "slow"
    )  # fmt: skip
    kernel.await_text(request, "on")
    assert events.next()["type"] == "started"
    for number in range(3):
        answer = ask.ask(id=str(number), ask="snapshot")
        assert answer["snapshot"]["running"] == "slow"
        assert answer["snapshot"]["running_since"] > "20"
    (kernel.folder / "answered").touch()
    told = kernel.take(request)
    assert (told.status, told.text) == ("ok", "on\nseen\n")
    assert [file["path"] for file in told.receipts[0]["files"]] == []
    assert events.next()["receipt"]["name"] == "slow"
    assert ask.ask(id="after", ask="snapshot")["snapshot"]["running"] == ""


def test_a_question_waits_for_the_cell_where_the_kernel_has_no_subshells(kernel):
    ask = asking(kernel)
    request = kernel.send("%%register step slow\nx = 1", "slow")
    answer = ask.ask(id="late", ask="snapshot")
    assert (answer["id"], answer["snapshot"]["running"]) == ("late", "")
    assert kernel.take(request).status == "ok"


def test_questions_trigger_nothing_that_belongs_to_the_running_cell(kernel):
    """Other comms trigger IPython's events, on which matplotlib shows and closes the figures drawn so far."""
    kernel.tell(
        "calls = []\ndef hook():\n    calls.append(1)\n"
        "get_ipython().events.register('post_execute', hook)\nget_ipython().events.register('pre_execute', hook)"
    )
    ask = asking(kernel)
    for number in range(3):
        ask.ask(id=str(number), ask="snapshot")
    before = kernel.run("len(calls)").value
    ask.ask(id="more", ask="snapshot")
    after = kernel.run("len(calls)").value
    kernel.tell("for name in ('pre_execute', 'post_execute'):\n    get_ipython().events.unregister(name, hook)")
    assert int(after) - int(before) == 2  # of the two cells


def test_unloading_closes_the_channel_and_takes_the_targets_away(kernel):
    comm, _ = connected(kernel)
    kernel.tell("%unload_ext pressrun")
    closed = comm.next_message()
    assert (closed["msg_type"], closed["content"]["data"]) == ("comm_close", {})
    kernel.run("x = 1")
    assert kernel.open_comm("pressrun").next_message()["msg_type"] == "comm_close"
    targets = "print([t for t in get_ipython().kernel.comm_manager.targets if 'pressrun' in t])"
    assert kernel.run(targets).text == "[]\n"
    kernel.tell("%load_ext pressrun")
    assert kernel.run(targets).text == "['pressrun', 'pressrun.ask']\n"


def test_somebody_elses_target_of_that_name_stays(kernel):
    kernel.tell("manager = get_ipython().kernel.comm_manager\nmanager.register_target('pressrun', print)")
    kernel.tell("%unload_ext pressrun")
    assert kernel.run("manager.targets['pressrun'] is print").value == "True"


def test_a_terminal_has_no_channel_and_loads_without_one(tmp_path):
    program = (
        "import sys\nfrom IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'pressrun')\n"
        "print([m for m in ('comm', 'pressrun.interfaces.magics.channel') if m in sys.modules])\n"
        "shell.run_line_magic('unload_ext', 'pressrun')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "[]\n"


def test_a_kernel_that_a_replay_runs_opens_nothing(kernel):
    kernel.tell("%unload_ext pressrun")
    kernel.tell("import sys, types\nsys.modules['_pressrun_observer'] = types.ModuleType('_pressrun_observer')")
    try:
        kernel.comms()
        kernel.tell("%load_ext pressrun")
        assert kernel.comms() == []
        targets = "print([t for t in get_ipython().kernel.comm_manager.targets if 'pressrun' in t])"
        assert kernel.run(targets).text == "[]\n"
        kernel.tell("sys.modules.pop('_pressrun_observer')\n%reload_ext pressrun")
        kernel.comms()
        kernel.tell("import sys, types\nsys.modules['_pressrun_observer'] = types.ModuleType('_pressrun_observer')")
        assert kernel.open_comm("pressrun").next_message()["msg_type"] == "comm_close"
    finally:
        kernel.tell("import sys\nsys.modules.pop('_pressrun_observer', None)")


def test_a_restarted_kernel_is_connected_anew(new_kernel):
    kernel = new_kernel()
    kernel.tell("%load_ext pressrun")
    connected(kernel, client="tab")
    kernel.run("%%register step one\nx = 1", "a")
    kernel.restart()
    assert kernel.open_comm("pressrun").next_message()["msg_type"] == "comm_close"
    kernel.tell("%load_ext pressrun")
    comm, snapshot = connected(kernel, client="tab")
    assert [cell["name"] for cell in snapshot["captured"]["cells"]] == ["one"]
    kernel.run("%%register step one\nx = 1", "a")
    assert [one["seq"] for one in comm.now()] == [1, 2]


STORY = (
    "import sys\nprint('a')\nprint('b', file=sys.stderr)",
    "%%register data load\nwith open('data.csv') as file:\n    text = file.read()\nlen(text)",
    "%%register step show\nfrom IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))\n"
    "handle = display(1, display_id='d')",
    "%%register step bad\n1 / 0",
    "import asyncio\nawait asyncio.sleep(0, 5)",
    "%register undo show",
    "%%register step last\nhandle.update(2)\nx = 1",
)


def test_outputs_are_the_same_whether_or_not_panels_listen_and_ask(kernel):
    def anew():
        kernel.tell("get_ipython().history_manager.enabled = False")
        kernel.tell("%reload_ext pressrun")
        kernel.tell("%reset -f\nget_ipython().execution_count = 1")
        kernel.comms()

    def outputs(told):
        return [(one.outputs, one.status, one.messages, [r["name"] for r in one.receipts]) for one in told]

    anew()
    alone = outputs([kernel.run(cell, f"c{number}") for number, cell in enumerate(STORY)])
    anew()
    panels = [connected(kernel)[0] for _ in range(2)]
    ask = asking(kernel)
    heard = []
    for number, cell in enumerate(STORY):
        ask.send({"id": str(number), "ask": "snapshot"})
        heard.append(kernel.run(cell, f"c{number}"))
    assert [len(panel.now()) for panel in panels] == [9, 9]
    assert len(ask.now()) == len(STORY)
    assert outputs(heard) == alone
