"""Checks of an organisation's own, installed in a real environment: what they answer counts, and nothing else."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import time
import venv
from pathlib import Path

import pytest

import pressrun

RULES = """\
import os, subprocess, sys, time

def passes(request):
    return {"outcome": "pass", "observed": f"{request['question']['name']} has {request['facts']['metrics.auc']}"}

def fails(request):
    return {"outcome": "fail", "observed": "not reviewed"}

def cannot_tell(request):
    return {"outcome": "unknown", "observed": "the service is away"}

def crashes(request):
    raise RuntimeError("no such model")

def sleeps(request):
    time.sleep(60)

def leaves_a_child_behind(request):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    return {"outcome": "pass"}

def prints(request):
    print('{"outcome": "pass"}')

def answers_true(request):
    return True

def answers_a_word(request):
    return {"outcome": "yes"}

def answers_too_much(request):
    return {"outcome": "pass", "observed": "x" * 100_000}

def writes_too_much(request):
    with open("large", "wb") as file:
        file.write(b"x" * (4 << 20))
    return {"outcome": "pass"}

def exits_well_without_an_answer(request):
    sys.exit(0)

def sees_a_secret(request):
    seen = sorted(name for name in os.environ if "SECRET" in name or name.startswith("PRESSRUN"))
    return {"outcome": "fail" if seen else "pass", "observed": ", ".join(seen)}
"""
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "policy.md").read_text(encoding="utf-8")
SHOWN = "".join(re.findall(r"^```python\n(def .*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
RULES = f"{RULES}\n{SHOWN}"
ASK = """\
import json, sys
from pressrun.actions.custom_checks import with_custom_checks
from pressrun.records.decision import Question
from pressrun.records.facts import Fact, Facts
from pressrun.rules.policy.decide import decide
from pressrun.rules.policy.merge import merge
from pressrun.rules.policy.read import read_policy

text = 'policy: acme\\nversion: "1"\\nchecks:\\n  - {id: A, title: t, kind: custom, fact: custom.%s}\\n' % sys.argv[1]
merged = merge([read_policy(text, "acme.yaml")])
question = Question(name="churn", number=3, environment="production", tier="strategic",
                    bundle="sha256:" + 64 * "a", now="2026-06-01T12:00:00+00:00")
facts = Facts(values={"metrics.auc": Fact(value=0.9), "custom." + sys.argv[1]: Fact(value=True)})
facts = with_custom_checks(merged, facts, question, timeout_s=float(sys.argv[2]))
finding = decide(merged, facts, question).findings[0]
print(json.dumps([finding.outcome, finding.observed]))
"""


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Give a function that asks one check, in an environment that has the organisation's package installed."""
    folder = tmp_path_factory.mktemp("custom")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    packages = next((folder / "env" / "lib").glob("python*/site-packages"))
    (packages / "acme_rules.py").write_text(RULES, encoding="utf-8")
    names = [line.split("(")[0][4:] for line in RULES.splitlines() if line.startswith("def ")]
    points = "".join(f"{name} = acme_rules:{name}\n" for name in [*names, "absent"])
    info = packages / "acme_rules-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[pressrun.rules]\n{points}", encoding="utf-8")
    borrowed = [str(Path(pressrun.__file__).parents[1]), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    (packages / "borrowed.pth").write_text("\n".join(dict.fromkeys(borrowed)) + "\n", encoding="utf-8")

    def run(name, timeout_s=10.0):
        done = subprocess.run(
            [folder / "env" / "bin" / "python", "-c", ASK, name, str(timeout_s)],
            capture_output=True, text=True, check=True, timeout=60,
            env={**os.environ, "ACME_SECRET": "hunter2", "PRESSRUN_SIGNING_KEY": "/key"},
        )  # fmt: skip
        return tuple(json.loads(done.stdout))

    return run


ANSWERS = [
    ("passes", "pass", "yes: churn has 0.9"),
    ("fails", "fail", "no: not reviewed"),
    ("cannot_tell", "unknown", "the service is away"),
    ("crashes", "unknown", "RuntimeError: no such model"),
    ("absent", "unknown", "has no attribute 'absent'"),
    ("prints", "unknown", "gave no answer that can be read"),
    ("answers_true", "unknown", "gave no answer that can be read"),
    ("answers_a_word", "unknown", "answered 'yes', which is no outcome"),
    ("answers_too_much", "unknown", "answered with more than 65,536 bytes"),
    ("exits_well_without_an_answer", "unknown", "gave no answer that can be read"),
    ("sees_a_secret", "pass", "yes"),
    ("tests", "pass", "version 3: 212 tests"),  # as the reference shows it
    ("pases", "unknown", "did you mean 'passes'?"),
]


@pytest.mark.parametrize(("name", "outcome", "said"), ANSWERS)
def test_a_check_of_ones_own_gives_its_answer_or_is_unknown(ask, name, outcome, said):
    found = ask(name)
    assert found[0] == outcome
    assert said in found[1]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit to set")
def test_a_check_that_writes_too_much_is_unknown(ask):
    assert ask("writes_too_much")[0] == "unknown"


def test_a_check_that_takes_too_long_is_unknown_and_ended(ask):
    begun = time.monotonic()
    assert ask("sleeps", 0.5) == ("unknown", "acme_rules:sleeps did not answer within 0.5 s")
    assert time.monotonic() - begun < 20


def test_what_a_check_leaves_behind_keeps_nobody_waiting(ask):
    begun = time.monotonic()
    assert ask("leaves_a_child_behind")[0] == "pass"
    assert time.monotonic() - begun < 20
