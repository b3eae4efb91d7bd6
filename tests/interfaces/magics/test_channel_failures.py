"""Whatever goes wrong in the live channel, cells and captures are as they would be without it.

The cells of `test_failures` run while a panel is connected and asks between them; faults are planted in the channel's
own work. That each of these tests can fail is a test of its own: without the guard the fault is felt.
"""

import itertools
import sys

import pytest
from tests.interfaces.magics.test_failures import CELLS, FAILURES, GUARD_AGAIN, NO_GUARD, SETUP, Sessions

CHANNEL = ("connect", "question", "started", "tell", "disconnect", "earlier")
AT_THE_START = {"connect", "earlier"}  # planted in a table that is asked, not one that is filled later


class WithPanel(Sessions):
    """Sessions that a panel listens to.

    Attributes:
        noise: what the kernel said that no cell asked for.
        answers: to the panel's questions; None where there was none.
        receipts: of the registered cells.
    """

    before_the_first = AT_THE_START

    def plant(self, hook, failure, times=1000):
        super().plant(hook, failure, times)
        self.kernel().comms()

    def with_panel(self, timeout=30):
        """Run the cells with a panel; return each one's outputs and status."""
        kernel = self.kernel()
        self.answers, self.receipts = [], []
        events, ask = kernel.open_comm("pressrun"), kernel.open_comm("pressrun.ask")
        ask.next_message(timeout)
        outcome = []
        for number, cell in enumerate(CELLS):
            if not ask.closed:
                ask.send({"id": str(number), "ask": "snapshot"})
            told = kernel.run(cell, f"c{number}", timeout=timeout)
            outcome.append((told.outputs, told.status))
            self.receipts += [receipt["name"] for receipt in told.receipts]
            self.answers += [one for one in ask.now() if one.get("id") == str(number)]
        self.events = events.now()
        if not events.closed:
            events.close()
        kernel.run("1", silent=True, timeout=timeout)  # the kernel has heard of that
        self.noise = [one["content"] for one in kernel.heard_if(lambda one: one["msg_type"] in {"stream", "error"})]
        return outcome


@pytest.fixture(scope="module", params=[pytest.param("ipykernel6", marks=pytest.mark.network), "ipykernel7"])
def sessions(request, kernel_python, live_kernel, tmp_path_factory):
    python = kernel_python(request.param)
    sessions = WithPanel(lambda: live_kernel(python, tmp_path_factory.mktemp("session")))
    yield sessions
    sessions.drop()


@pytest.fixture(scope="module")
def unguarded(live_kernel, tmp_path_factory):
    sessions = WithPanel(lambda: live_kernel(sys.executable, tmp_path_factory.mktemp("session")))
    yield sessions
    sessions.drop()


def test_a_panel_changes_nothing_when_nothing_fails(sessions):
    sessions.plant("nothing", "Exception")
    assert sessions.with_panel() == sessions.control()
    assert sessions.noise == []
    assert sessions.receipts == ["load", "bad", "later", "caught", "line"]
    assert [answer["error"] for answer in sessions.answers] == [""] * len(CELLS)
    assert [one["type"] for one in sessions.events] == ["snapshot", *["started", "captured"] * 5]


@pytest.mark.slow
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("hook", CHANNEL)
def test_a_failing_channel_changes_neither_cells_nor_captures_nor_the_kernel(sessions, hook, failure):
    sessions.plant(hook, failure)
    assert sessions.with_panel() == sessions.control()
    assert sessions.noise == []
    assert sessions.receipts == ["load", "bad", "later", "caught", "line"]
    assert len(sessions.answers) == (0 if hook == "connect" else len(CELLS))
    sessions.kernel().tell("assert _fault.__kwdefaults__['_left'][0] < 1000")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hook", "failure"),
    [case for case in itertools.product(CHANNEL, FAILURES) if case != ("disconnect", "KeyboardInterrupt")],
)  # ipykernel itself catches that one
def test_without_the_guard_the_same_fault_of_the_channel_is_felt(unguarded, live_dead, hook, failure):
    times = 1 if hook == "earlier" else 1000
    try:
        unguarded.plant(hook, failure, times)
    except AssertionError:  # what the case before did to the kernel is felt only now
        unguarded.drop()
        unguarded.plant(hook, failure, times)
    unguarded.kernel().tell(NO_GUARD)
    try:
        felt = unguarded.with_panel(timeout=3) != unguarded.control()
        felt = felt or bool(unguarded.noise) or len(unguarded.answers) < len(CELLS)
        felt = felt or [one["type"] for one in unguarded.events][:3] != ["snapshot", "started", "captured"]
        if unguarded.kernel().run(GUARD_AGAIN, silent=True, timeout=3).status != "ok":
            unguarded.drop()
    except live_dead:
        felt = True
        unguarded.drop()
    assert felt


@pytest.mark.parametrize("failure", FAILURES)
def test_a_kernel_whose_comms_fail_when_the_extension_is_loaded_captures_all_the_same(sessions, failure):
    sessions.control()
    kernel = sessions.kernel()
    kernel.tell(SETUP)
    kernel.tell(
        "import comm as _comm\n_create = _comm.create_comm\ndef _fault(*args, **named):\n"
        f"    if '{failure}' == 'hang':\n        import time\n        time.sleep(600)\n"
        f"    raise getattr(__import__('builtins'), '{failure}', None)('planted')\n_comm.create_comm = _fault"
    )
    try:
        assert kernel.run("%load_ext pressrun").outputs == []
        assert [one["name"] for one in kernel.run("%%register step one\nx = 1").receipts] == ["one"]
    finally:
        kernel.tell("_comm.create_comm = _create")
