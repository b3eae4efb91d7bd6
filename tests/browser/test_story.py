"""From an untouched example to production in the panel, by two people with a server each."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "example_notebooks"
PASSPHRASE = "long enough for nobody to guess"
PURPOSE = "It ranks clients for a call. It is not for prices and not for refusals."
NOTEBOOK = "pilots/credit_default.ipynb"


@pytest.fixture(scope="module")
def people(lab_python, new_server, tmp_path_factory):
    """Give Ana's server and Ben's, on one folder with the examples, who may do what, and a policy."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("OpenSSH's client is not installed")
    base = tmp_path_factory.mktemp("story")
    project = base / "root" / "pilots"
    shutil.copytree(EXAMPLES, project, ignore=shutil.ignore_patterns(".pressrun", ".ipynb_checkpoints"))
    (project / "pyproject.toml").write_text("[project]\nname = 'pilots'\nversion = '1'\n")
    keys = base / "keys"
    program = lab_python.parent / "pressrun"

    def pressrun(*words, person="cleo"):
        done = subprocess.run(
            [str(program), *words], cwd=project, capture_output=True, text=True, check=False,
            env={**os.environ, **acting(person)},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def acting(person):
        return {"PRESSRUN_ACTOR": person, "PRESSRUN_SIGNING_KEY": str(keys / person)}

    for person in ("ana", "ben"):
        pressrun("key", "new", "--file", str(keys / person))
        change = ["ssh-keygen", "-q", "-p", "-P", "", "-N", PASSPHRASE, "-f", str(keys / person)]
        subprocess.run(change, check=True, capture_output=True)
    roles = ("ana:author+approver+release-manager", "ben:approver+operator+auditor", "cleo:policy-admin")
    (base / "members.yaml").write_text(pressrun("members", "draft", *roles, "--keys", str(keys)))
    (base / "policy.yaml").write_text(pressrun("policy", "template", "startup"))
    pressrun("policy", "publish", str(base / "policy.yaml"))
    pressrun("members", "publish", str(base / "members.yaml"))
    ana, ben = (new_server(lab_python, root=base / "root", **acting(person)) for person in ("ana", "ben"))
    return ana, ben, pressrun


def test_from_an_untouched_example_to_live(people, open_lab):
    ana, ben, pressrun = people
    lab = open_lab(ana, NOTEBOOK)
    lab.show_panel()
    lab.await_state("no-extension")
    lab.primary.click()
    lab.await_state("not-captured")

    lab.select_cell(2)
    lab.order("register-cell", kind="step", name="libraries")
    lab.await_row("steps", "libraries")
    lab.primary.click()
    lab.await_state("busy")
    lab.await_state("ready", timeout=120)
    assert "Captured, ready to package" in lab.line
    assert "libraries" in lab.section("steps").inner_text()

    lab.order("replay")
    lab.await_state("replaying")
    lab.section("replays").get_by_role("progressbar").wait_for()
    lab.await_state("ready", timeout=120)
    assert "Replayed, ready to package" in lab.line

    lab.order("package", **{".name": "credit-default"})
    lab.await_state("replaying")
    lab.await_state("packaged", timeout=180)
    lab.order("register-version", owner="ana", use_case="calls before the bill is due")
    lab.await_state("registered")
    assert "Version 1" in lab.line
    pressrun("state", "credit-default@1", "ID-5", "--text", PURPOSE, person="ana")
    lab.order("request-approval", {"environment": "production"}, comment="first version")
    lab.await_state("awaiting")
    assert "waits for approval (0 of 1)" in lab.line
    lab.command("pressrun:approve", wait=False)
    lab.dialog.wait_for()
    assert "is the author and the requester and cannot approve it" in lab.dialog.inner_text()
    lab.dialog.get_by_role("button", name="Close").click()
    lab.dialog.wait_for(state="detached")

    hers = open_lab(ben, NOTEBOOK)
    hers.show_panel()
    hers.await_state("awaiting")
    hers.primary.click()
    hers.dialog.wait_for()
    assert "first version" in hers.dialog.inner_text()
    accept = hers.dialog.locator("button.jp-mod-accept")
    hers.fill(reason="as discussed", typed="credit-default@2", passphrase=PASSPHRASE)
    assert accept.is_disabled()
    hers.fill(typed="credit-default@1", passphrase="a wrong one entirely")
    hers.accept()
    hers.dialog.get_by_role("alert").wait_for()
    hers.fill(passphrase=PASSPHRASE)
    hers.accept()
    hers.await_state("approved")

    lab.command("pressrun:refresh")
    lab.await_state("approved")
    lab.order("deploy", {"environment": "production"}, reason="approved by Ben")
    lab.await_state("live")
    assert "Version 1 is live in production" in lab.line
    assert "live in production" in lab.section("versions").inner_text()
    lab.section("health").get_by_text("credit-default@1").first.wait_for()
    lab.primary.click()
    lab.page.get_by_text("approved by Ben").first.wait_for()
    assert "ana" in pressrun("history", "credit-default", "--in", "production", person="ben")
    assert lab.errors == hers.errors == []
