"""Two people take each example to production under the policy for a small team; the messy one gets nowhere."""

import json
import subprocess
import sys
import time
from importlib import resources

import pytest
from pressing import saved_outputs_hold

from pressrun.actions.approve import approve, find_request, request_approval
from pressrun.actions.decide import check
from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.documents import publish_policy
from pressrun.actions.history import history
from pressrun.actions.register import RegisterRequest, register
from pressrun.actions.rollback import RollbackOrder, roll_back
from pressrun.actions.state import Statement, Waiver, state, waive
from pressrun.errors import BundleCorruptError, NotAllowedError, RefusedError
from pressrun.store.layout import object_path
from pressrun.testing.worlds import RegistryWorld

MEASURED = ["credit_default", "flight_delay"]
NOT_MEASURED = ["demand_forecast", "text_classification"]
SEGMENTS = """\
policy: credit
version: "{value}"
level: project
checks:
  - id: SEGMENTS
    title: Is the ranking good enough for men and for women?
    kind: each_at_least
    fact: segments.*.auc
    value: {value}
    min_n: 1000
    min_segments: 2
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.timeout(290),
    # with another release a clean run gives other outputs than the saved ones, which the policy refuses, and rightly
    pytest.mark.skipif(not saved_outputs_hold(), reason="the examples were saved with another release of scikit-learn"),
]


@pytest.fixture
def world(tmp_path):
    startup = resources.files("pressrun") / "templates" / "policy" / "startup.yaml"
    return RegistryWorld(tmp_path).build(startup.read_text(encoding="utf-8"))


@pytest.fixture
def registered(world, press_example):
    """Give a function that registers an example as Ana."""

    def register_example(name):
        with world.acting("ana") as registry:
            return register(registry, RegisterRequest(bundle=str(press_example(name).bundle), name=name))

    return register_example


def outcomes(world, reference):
    """Return what does not pass for production: check -> outcome."""
    with world.acting("ana") as registry:
        findings = check(registry, reference, "production").findings
    return {finding.check: finding.outcome for finding in findings if finding.outcome != "pass"}


def take_to_production(world, reference, waiving=()):
    """State as Ana, waive and approve as Ben, deploy as Ana."""
    with world.acting("ana") as registry:
        said = "It ranks and forecasts for planning. It is not for decisions about a single person."
        state(registry, reference, Statement(check="ID-5", answer=True, text=said))
    with world.acting("ben") as registry:
        for name in waiving:
            reason, control = "its numbers are printed and not declared", "its report is read every week"
            waive(registry, reference, Waiver(check=name, reason=reason, control=control, owner="ben", days=30))
    with world.acting("ana") as registry:
        request = request_approval(registry, reference, "production").event.request
        with pytest.raises(RefusedError, match="ana is the author"):
            approve(registry, find_request(registry, request), key=world.key("ana"))
    with world.acting("ben") as registry:
        approve(registry, find_request(registry, request), key=world.key("ben"))
    with world.acting("ana") as registry:
        return deploy(registry, DeployOrder(reference=reference, environment="production"))


def now():
    """Return a moment in which what was just done holds, and what comes next does not."""
    time.sleep(0.01)
    moment = time.time()
    time.sleep(0.01)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1e6):06d}Z"


def printed(cells):
    """Return number of the cell -> what it printed; cells that printed nothing are left out."""
    return {cell: text for cell, text in cells if text}


def stdout_of(cell):
    return "".join("".join(o["text"]) for o in cell.get("outputs", ()) if o.get("name") == "stdout")


def assert_runs_as_pressed(live, results):
    """Run the live pipeline; its metrics and what it prints are those of the run that was packaged."""
    subprocess.run([sys.executable, "pipeline.py", "--results", results], cwd=live, check=True, capture_output=True)
    found = json.loads(results.read_text())
    executed = json.loads((live / "evidence" / "executed.ipynb").read_text())["cells"]
    cells = [(cell["cell"], cell["stdout"]) for cell in found["cells"]]
    shown = {number for number, _ in cells}
    assert printed((i, stdout_of(cell)) for i, cell in enumerate(executed) if i in shown) == printed(cells)
    return found["metrics"]


def assert_taken_down(world, name, before):
    """Take it down as Ben; what was live before, and who had approved that, is still told."""
    with world.acting("ben") as registry:
        down = roll_back(registry, RollbackOrder(name=name, environment="production", to=0, reason="enough"))
        (reign,) = history(registry, name, "production", as_of=before)
    assert (down.number, down.previous) == (0, 1)
    assert not (world.live / name / "current").exists()
    assert (reign.number, reign.how, reign.by) == (1, "deploy", "ana")
    assert [(one.person, one.role, one.signed) for one in reign.approvals] == [("ben", "approver", True)]


@pytest.mark.parametrize("name", MEASURED)
def test_an_example_that_declares_its_metrics_goes_to_production_and_is_taken_down(name, world, registered, tmp_path):
    version = registered(name)
    assert outcomes(world, version.reference) == {"ID-5": "unknown", "GV-1": "fail"}
    done = take_to_production(world, version.reference)
    assert (done.reference, done.previous) == (f"{name}@1", 0)
    moment = now()
    metrics = assert_runs_as_pressed(world.live / name / "current", tmp_path / "results.json")
    expected = {key: pytest.approx(metric.value) for key, metric in version.version.metrics.items()}
    assert expected == {key: value for key, value in metrics.items() if key in expected}
    assert_taken_down(world, name, moment)


@pytest.mark.parametrize("name", NOT_MEASURED)
def test_an_example_without_metrics_goes_to_production_only_when_somebody_else_waives_that(
    name, world, registered, tmp_path
):
    version = registered(name)
    assert outcomes(world, version.reference) == {"ID-2": "fail", "ID-5": "unknown", "GV-1": "fail"}
    with pytest.raises(NotAllowedError, match="ID-2"):
        take_to_production(world, version.reference)
    take_to_production(world, version.reference, waiving=["ID-2"])
    assert outcomes(world, version.reference) == {"ID-2": "waived"}
    moment = now()
    assert assert_runs_as_pressed(world.live / name / "current", tmp_path / "results.json") == {}
    assert_taken_down(world, name, moment)


@pytest.mark.parametrize("name", MEASURED)
def test_every_metric_of_the_examples_that_declare_some_has_an_interval(name, registered):
    metrics = registered(name).version.metrics
    assert len(metrics) >= 3
    assert {key: metric.method for key, metric in metrics.items() if metric.low is None} == {}
    assert all(metric.low < metric.value < metric.high for metric in metrics.values())


def test_a_policy_can_ask_for_every_segment_of_an_example(world, registered, tmp_path):
    reference = registered("credit_default").reference
    for value, expected in ((0.75, "pass"), (0.78, "fail")):
        with world.acting("cleo") as registry:
            policy = tmp_path / "floor.yaml"
            policy.write_text(SEGMENTS.format(value=value), encoding="utf-8")
            publish_policy(registry, policy)
        with world.acting("ana") as registry:
            (finding,) = [one for one in check(registry, reference, "canary").findings if one.check == "SEGMENTS"]
        assert (value, expected) == (value, finding.outcome)
    assert "men" in finding.observed


def test_the_messy_example_is_refused_for_what_is_messy_and_is_not_deployed(world, registered):
    version = registered("messy")
    assert outcomes(world, version.reference) == {"ID-2": "fail", "RP-5": "fail", "ID-5": "unknown", "GV-1": "fail"}
    with pytest.raises(NotAllowedError, match=r"ID-2.*RP-5"):
        take_to_production(world, version.reference)
    order = DeployOrder(reference=version.reference, environment="production")
    with world.acting("ana") as registry, pytest.raises(NotAllowedError, match=r"ID-2.*RP-5"):
        deploy(registry, order)
    assert not world.live.exists()
    with world.acting("ben") as registry:
        assert history(registry, "messy", "production") == []


def replaced_in_an_emergency(world):
    """Put another version live over ``credit_default@1``, and return the registered one."""
    with world.acting("ana") as registry:
        other = register(registry, RegisterRequest(bundle=str(world.bundle("other")), name="credit_default"))
        order = DeployOrder(reference=other.reference, environment="production", break_glass="the model is wrong")
        assert deploy(registry, order).previous == 1


def go_back(world):
    with world.acting("ben") as registry:
        return roll_back(registry, RollbackOrder(name="credit_default", environment="production", reason="it was not"))


def model_file(world, version):
    """Return where the store keeps the model of a version."""
    (digest,) = [digest for path, digest in version.version.models.items() if path.endswith("model.pkl")]
    with world.acting("ben") as registry:
        return object_path(registry.bundles.root, digest)


def test_a_rollback_loads_the_model_in_its_rebuilt_environment_and_compares_what_it_predicts(world, registered):
    take_to_production(world, registered("credit_default").reference)
    replaced_in_an_emergency(world)
    started = time.monotonic()
    back = go_back(world)
    assert time.monotonic() - started < 60
    assert (back.number, back.previous, back.checked) == (1, 2, "predictions")
    assert (world.live / "credit_default" / "current").readlink().name.startswith("1-")


def test_a_model_file_that_was_changed_in_the_store_is_refused_before_the_pointer_moves(world, registered):
    version = registered("credit_default")
    take_to_production(world, version.reference)
    replaced_in_an_emergency(world)
    stored = model_file(world, version)
    whole = stored.read_bytes()
    stored.chmod(0o600)
    stored.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(BundleCorruptError):
        go_back(world)
    assert (world.live / "credit_default" / "current").readlink().name.startswith("2-")
    with world.acting("ben") as registry:
        assert [reign.number for reign in history(registry, "credit_default", "production")] == [1, 2]
    stored.write_bytes(whole)
    assert go_back(world).number == 1
