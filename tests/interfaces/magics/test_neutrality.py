"""What a session is with pressrun loaded and cells registered: the same as without, on both lines of ipykernel."""

import pytest

STATE = """
import random, sys, warnings
print(random.random(), warnings.filters == FILTERS, sys.path == PATH, sorted(n for n in dir() if n[0] != "_"))
"""


@pytest.fixture(scope="module", params=[pytest.param("ipykernel6", marks=pytest.mark.network), "ipykernel7"])
def kernel(request, kernel_python, live_kernel, tmp_path_factory):
    kernel = live_kernel(kernel_python(request.param), tmp_path_factory.mktemp("session"))
    (kernel.folder / "data.csv").write_text("a\n1\n2\n")
    kernel.tell("%load_ext pressrun")
    yield kernel
    kernel.stop()


@pytest.fixture(autouse=True)
def loaded(kernel):
    kernel.tell("%reload_ext pressrun")
    kernel.tell("%reset -f")


pytestmark = pytest.mark.slow


def test_loading_imports_nothing_heavy_and_starts_no_thread(new_kernel):
    kernel = new_kernel()
    told = kernel.run(
        "import sys, threading\nbefore = set(sys.modules), threading.active_count()\n%load_ext pressrun\n"
        "print(sorted(m.partition('.')[0] for m in set(sys.modules) - before[0] if 'pressrun' not in m))\n"
        "print(threading.active_count() - before[1])"
    )
    added, threads = told.text.splitlines()
    assert threads == "0"
    heavy = {"nbformat", "papermill", "jsonschema", "sqlalchemy", "pydantic", "rich", "yaml", "msgspec", "sqlite3"}
    assert not heavy & set(eval(added))


def test_a_capture_imports_no_library_of_the_user_and_nothing_heavy(new_kernel):
    kernel = new_kernel()
    kernel.tell("%load_ext pressrun")
    told = kernel.run("%%register data load\nx = open('/etc/hostname').close()")
    assert len(told.receipts) == 1
    heavy = [
        "numpy",
        "pandas",
        "nbformat",
        "papermill",
        "jsonschema",
        "sqlalchemy",
        "pydantic",
        "rich",
        "yaml",
        "nbclient",
    ]
    assert kernel.run(f"import sys\nprint([m for m in {heavy} if m in sys.modules])").text == "[]\n"


def test_names_random_state_warnings_and_path_stay_as_they_were(kernel):
    prepare = "import random, sys, warnings\nFILTERS, PATH = list(warnings.filters), list(sys.path)\nrandom.seed(3)"
    kernel.tell("%unload_ext pressrun")
    kernel.run(prepare)
    control = kernel.run(STATE).text
    kernel.tell("%reset -f")
    kernel.tell("%load_ext pressrun")
    kernel.run("%%register step one\n" + prepare)
    kernel.run("%%register step two\nopen('data.csv').close()")
    kernel.run("%register status")
    assert kernel.run(STATE).text == control


def test_unloading_leaves_nothing_patched_and_loading_again_works(kernel):
    before = kernel.run("import sys, signal, atexit\nprint(len(sys.meta_path), signal.getsignal(signal.SIGINT))").text
    kernel.run("%%register step one\nimport urllib.request, sqlite3, subprocess")
    kernel.tell("%unload_ext pressrun")
    after = kernel.run("import sys, signal, atexit\nprint(len(sys.meta_path), signal.getsignal(signal.SIGINT))").text
    assert after == before
    kernel.run("import importlib.machinery as m, urllib.request as u")
    assert "pressrun" not in kernel.run("print(m.PathFinder.find_spec.__code__, u.urlopen.__code__)").text
    assert (
        kernel.run("print(any('pressrun' in str(t) for t in get_ipython().input_transformers_cleanup))").text
        == "False\n"
    )
    hooks = "print([e for e, c in get_ipython().events.callbacks.items() if any('pressrun' in str(f) for f in c)])"
    assert kernel.run(hooks).text == "[]\n"
    assert kernel.run("1").messages == 1
    kernel.tell("%load_ext pressrun")
    assert len(kernel.run("%%register step one\n1").receipts) == 1


def test_a_cell_that_is_not_registered_publishes_nothing(kernel):
    assert kernel.run("x = 1").messages == 0
    kernel.run("%%register step one\nx = 2")
    assert kernel.run("x = 3").messages == 0


def test_history_keeps_the_cell_as_it_was_typed(kernel):
    kernel.run("%%register step one\nx = 2")
    assert kernel.run("print(get_ipython().history_manager.input_hist_raw[-2])").text == "%%register step one\nx = 2\n"


def test_rerun_captures_the_cell_again(kernel):
    kernel.run("%%register step one\nx = 2")
    told = kernel.run("%rerun -l 1")
    assert [receipt["name"] for receipt in told.receipts] == ["one"]


@pytest.mark.parametrize(
    ("cell", "value", "text"),
    [
        ("%%register step a\n%%capture kept\nprint(1)", "", ""),
        ("%%register step a\n\n%%capture kept\nprint(1)", "", ""),
        ("\n\n%%register step a\n6 * 7", "42", ""),
        ("# %register step a\n6 * 7", "42", ""),
        ("%register step a\n6 * 7", "42", ""),
        ("%%register step a\nawait __import__('asyncio').sleep(0, 5)", "5", ""),
        ("%%register step a\nx = !echo hi\nprint(x)", "", "['hi']\n"),
        ("%%register step a\nget_ipython().run_cell('print(8)')\n9", "9", "8\n"),
        ("%%register step a\nget_ipython().run_cell('%%register step b\\nprint(8)')\n9", "9", "8\n"),
    ],
)
def test_every_spelling_and_what_may_stand_below_it_runs_as_ever_with_one_receipt(kernel, cell, value, text):
    told = kernel.run(cell)
    assert (told.status, told.value, told.text, len(told.receipts)) == ("ok", value, text, 1)


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        ("%%register modell m\n6 * 7", "Did you mean 'model'?"),
        ("%%register model\n6 * 7", "needs a NAME"),
        ("# load\n%%register step a\n6 * 7", "not the cell's first line"),
    ],
)
def test_a_wrong_declaration_is_told_in_one_line_and_the_cell_runs_unregistered(kernel, cell, word):
    told = kernel.run(cell)
    assert (told.value, told.receipts, told.status) == ("42", [], "ok")
    assert told.text.startswith("pressrun: ")
    assert told.text.count("\n") == 1
    assert word in told.text
    assert "not registered" in told.text


def test_help_and_list_of_magics_know_register(kernel):
    assert "register" in str(kernel.run("%lsmagic").outputs)
    assert kernel.run(
        "import inspect\nprint(inspect.getdoc(get_ipython().find_line_magic('register')))"
    ).text.startswith("Declare what this cell is")


def test_an_interrupt_of_the_user_reaches_the_registered_cell(kernel):
    request = kernel.send("%%register step long\nimport time\nprint('on', flush=True)\ntime.sleep(60)")
    kernel.await_text(request, "on")
    kernel.manager.interrupt_kernel()
    told = kernel.take(request)
    assert told.status == "error"
    assert [content["ename"] for kind, content in told.outputs if kind == "error"] == ["KeyboardInterrupt"]
    assert [receipt["outcome"] for receipt in told.receipts] == ["failed"]
    assert kernel.run("%%register step short\n1").receipts[0]["outcome"] == "captured"


def test_an_interrupt_while_a_hook_works_stops_the_cell_that_was_about_to_run(kernel):
    kernel.tell(
        "import sys, time, os, signal\n"
        "_guard = sys.modules['pressrun.interfaces.magics'].session_of(get_ipython()).guard\n"
        "_begin = _guard.work['pre_run_cell']\n"
        "def _interrupted(info):\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(5)\n"
        "_guard.work['pre_run_cell'] = _interrupted\n"
    )
    told = kernel.run("time.sleep(30)\nprint('not stopped')", timeout=20)
    assert (told.status, told.text) == ("error", "")
    kernel.tell("_guard.work['pre_run_cell'] = _begin; assert not _guard.faults")


def test_forked_workers_are_seen_and_leave_no_duplicate_and_no_deadlock(kernel):
    told = kernel.run(
        "%%register step fork\nimport multiprocessing, os, warnings\nwarnings.simplefilter('ignore')\n"
        "def read(n):\n    with open('data.csv') as file:\n        return len(file.read())\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n    print(pool.map(read, range(4)))"
    )
    assert told.text == "[6, 6, 6, 6]\n"
    assert [file["path"] for file in told.receipts[0]["files"]] == ["data.csv"]
    assert len(told.receipts) == 1


def test_a_fork_in_the_middle_of_a_cell_tells_nothing_twice(kernel):
    told = kernel.run(
        "%%register step fork\nimport os, warnings\nwarnings.simplefilter('ignore')\nchild = os.fork()\n"
        "if child == 0:\n"
        "    get_ipython().run_cell('%%register step inner\\nx = 1')\n    os._exit(0)\nos.waitpid(child, 0)[1]"
    )
    assert (told.value, [receipt["name"] for receipt in told.receipts]) == ("0", ["fork"])


def test_spawned_workers_and_programs_are_named_as_not_seen(kernel):
    told = kernel.run(
        "%%register step sub\nimport subprocess\nsubprocess.run(['cat', 'data.csv'], capture_output=True).returncode"
    )
    receipt = told.receipts[0]
    assert told.value == "0"
    assert any("cat" in sentence for sentence in receipt["coverage"]["blind_spots"])
    assert [unseen["path"].rpartition("/")[2] for unseen in receipt["coverage"]["unseen"]] == ["data.csv"]
    assert receipt["outcome"] == "partial"


def test_threads_and_asyncio_tasks_of_a_cell_belong_to_it(kernel):
    told = kernel.run(
        "%%register step many\nimport asyncio, threading\ndef read():\n    with open('data.csv') as file:\n"
        "        file.read()\nthread = threading.Thread(target=read)\nthread.start()\nthread.join()\n"
        "await asyncio.get_running_loop().run_in_executor(None, read)"
    )
    assert told.status == "ok"
    assert [file["path"] for file in told.receipts[0]["files"]] == ["data.csv"]


def test_reset_autoreload_and_run_work_and_reset_is_told(kernel):
    (kernel.folder / "tools.py").write_text("def size():\n    return 1\n")
    (kernel.folder / "script.py").write_text("made = 5\n")
    kernel.run("%load_ext autoreload\n%autoreload 2")
    told = kernel.run("%%register step use\nimport tools\n%run script.py\ntools.size() + made")
    assert (told.value, told.receipts[0]["defined"]) == ("6", ["made", "tools"])
    (kernel.folder / "tools.py").write_text("def size():\n    return 1000\n")
    assert kernel.run("%%register step use\ntools.size()").value == "1000"
    kernel.run("%autoreload 0")
    kernel.run("%%register step use\nkept = 1")
    kernel.run("%reset -f")
    assert "Names that step use defined are gone: kept." in kernel.run("%register status").text


def test_subshells_run_beside_a_registered_cell(kernel):
    if "7." not in kernel.run("import ipykernel\nprint(ipykernel.__version__)").text[:2]:
        pytest.skip("subshells came with ipykernel 7")
    message = kernel.client.session.msg("create_subshell_request", {})
    kernel.client.control_channel.send(message)
    subshell = kernel.client.control_channel.get_msg(timeout=30)["content"]["subshell_id"]
    slow = kernel.send(
        "%%register step slow\nimport time\ntime.sleep(1)\nwith open('data.csv') as file:\n    file.read()"
    )
    quick = kernel.send("%%register step quick\n6 * 7", subshell=subshell)
    told = {}
    for request in (quick, slow):
        told[request] = kernel.take(request)
    assert told[quick].value == "42"
    assert [receipt["name"] for receipt in told[quick].receipts] == ["quick"]
    assert [file["path"] for file in told[slow].receipts[0]["files"]] == ["data.csv"]
    assert told[quick].receipts[0]["files"] == []


def test_a_restart_in_the_middle_of_a_capture_leaves_a_kernel_that_captures(kernel, new_kernel):
    other = new_kernel(kernel.python)
    other.tell("%load_ext pressrun")
    other.run("%%register step one\nx = 1")
    other.send("%%register step long\nimport time\ntime.sleep(60)")
    other.restart()
    other.tell("%load_ext pressrun")
    told = other.run("%register status").text
    assert "step one" in told
    assert other.run("%%register step one\nx = 1").receipts[0]["first"] is False
