"""An approval is of exactly this content, under exactly this policy, with exactly these findings."""

import pytest

from pressrun.actions.approve import approve, find_request, request_approval
from pressrun.actions.decide import check
from pressrun.actions.documents import publish_policy
from pressrun.actions.register import RegisterRequest, register
from pressrun.actions.state import Statement, state
from pressrun.errors import PressrunError
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle
from pressrun.testing.worlds import POLICY, RegistryWorld

ASKED = (
    POLICY
    + """\
  - id: PURPOSE
    title: Is it written down what it is for?
    kind: statement
    who: [author]
"""
)
TEXT = "It ranks customers for a call; it is not for prices."


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Give a registry in which churn@1 is approved for production."""
    made = RegistryWorld(tmp_path_factory.mktemp("world")).build(ASKED)
    made.register("one")
    with made.acting("ana") as registry:
        state(registry, "churn@1", Statement(check="PURPOSE", answer=True, text=TEXT))
        request_approval(registry, "churn@1", "production")
    with made.acting("ben") as registry:
        assert approve(registry, find_request(registry, "churn@1")).enough
    return made


def _flipped(content, at):
    return content[:at] + bytes([content[at] ^ 0x01]) + content[at + 1 :]


def _approval(registry, reference="churn@1"):
    decision = check(registry, reference, "production")
    (finding,) = [finding for finding in decision.findings if finding.check == "APPROVED"]
    return decision.allowed, finding.observed


def test_flipping_any_region_of_any_file_of_the_bundle_leaves_the_approval_behind(world, tmp_path):
    tried = 0
    for path, content in SAMPLE_FILES.items():
        for at in range(0, len(content), max(1, len(content) // 4)):
            files = {**SAMPLE_FILES, "README.md": b"# one\n", path: _flipped(content, at)}
            folder = tmp_path / f"{path}-{at}"
            write_sample_bundle(folder, files, name="churn")
            with world.acting("ana") as registry:
                changed = register(registry, RegisterRequest(bundle=str(folder), name="churn"))
                allowed, observed = _approval(registry, changed.reference)
            assert (allowed, observed) == (False, "0 of 1: nobody"), (path, at)
            tried += 1
    with world.acting("ana") as registry:
        assert _approval(registry)[0]
    assert tried >= 20


def test_flipping_any_byte_of_the_policy_makes_the_approval_stale_and_says_so(world, tmp_path):
    original = ASKED.encode()
    file = tmp_path / "policy.yaml"
    published = refused = gone = 0
    with world.acting("cleo") as registry:
        for at in range(len(original)):
            file.write_bytes(_flipped(original, at))
            try:
                publish_policy(registry, file)
            except PressrunError:
                refused += 1  # it is no policy any more, and nothing changed
                continue
            published += 1
            decision = check(registry, "churn@1", "production")
            rows = [finding for finding in decision.findings if finding.approvals]
            if not rows:
                gone += 1  # the flip is in where approvals are asked for: production asks for none now
                continue
            assert rows[0].observed.startswith("0 of "), (at, rows[0].observed)
            assert "does not count: ben: the policy changed" in rows[0].observed, (at, rows[0].observed)
        file.write_bytes(original)
        publish_policy(registry, file)
        assert _approval(registry)[0]
    assert published > 100
    assert refused > 50
    assert gone <= len("environments: [production]")


def test_flipping_any_byte_of_a_statement_makes_the_approval_stale_and_says_so(world):
    with world.acting("ana") as registry:
        for at in range(len(TEXT)):
            text = _flipped(TEXT.encode(), at).decode()
            state(registry, "churn@1", Statement(check="PURPOSE", answer=True, text=text))
            allowed, observed = _approval(registry)
            assert not allowed, f"byte {at}"
            assert "what the checks say changed" in observed, observed
