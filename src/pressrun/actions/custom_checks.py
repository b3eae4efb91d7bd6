"""An organisation's own checks: found by entry point, run in a process of their own, within a time limit.

    [project.entry-points."pressrun.rules"]
    model-risk = "acme_rules:model_risk"

    def model_risk(request: dict) -> dict:      # request: {"question": {...}, "facts": {name: value}}
        return {"outcome": "pass", "observed": "reviewed by model risk"}

``outcome`` is ``pass``, ``fail`` or ``unknown``. A check that is not installed, crashes, takes too long or answers
anything else is unknown. It gets facts and answers; it gets no secret of the caller's environment and cannot change a
decision otherwise.

It is the organisation's own program, as trusted as pressrun itself: the process keeps its mistakes away, and is no
sandbox.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import msgspec

from pressrun.errors import near_match
from pressrun.notebook.replay.processes import kill_group
from pressrun.records.decision import Question
from pressrun.records.digest import canonical_json
from pressrun.records.facts import Fact, Facts
from pressrun.records.policy import Check, Merged
from pressrun.rules.policy.kinds import CUSTOM

GROUP = "pressrun.rules"
TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 64 << 10
MAX_WRITTEN_BYTES = 1 << 20  # by the check into any one file, what it prints to stderr included
_PASSED_ON = ("LANG", "LC_ALL", "PATH", "TMPDIR", "TZ")
_SHOWN_CHARACTERS = 300
# the answer goes through a file of its own, so that what the check prints is not taken for it
_DRIVER = """\
import importlib, json, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
except ImportError:
    pass
module, _, name = sys.argv[1].partition(":")
check = importlib.import_module(module)
for part in name.split("."):
    check = getattr(check, part)
answer = json.dumps(check(json.load(sys.stdin)))
with open(sys.argv[2], "w", encoding="utf-8") as file:
    file.write(answer)
"""


class _Answer(msgspec.Struct):
    outcome: str
    observed: str = ""


def with_custom_checks(merged: Merged, facts: Facts, question: Question, *, timeout_s: float = TIMEOUT_S) -> Facts:
    """Return the facts with what the organisation's own checks say, of those that apply.

    Args:
        merged: the policy in force.
        facts: what is known; each check gets all of it.
        question: about which version, and where to.
        timeout_s: for each check, seconds.
    """
    asked = [c for c in merged.checks if c.kind == "custom" and c.applies(question.tier, question.environment)]
    if not asked:
        return facts
    values, gaps = dict(facts.values), dict(facts.gaps)
    for check in asked:
        answer = _ask(check, facts, question, timeout_s)
        # whatever the evidence calls itself, only the check's own answer counts
        values.pop(check.fact, None)
        if answer.outcome in {"pass", "fail"}:
            values[check.fact] = Fact(value=answer.outcome == "pass", note=answer.observed)
        else:
            gaps[check.fact] = answer.observed or "the check could not tell"
    return msgspec.structs.replace(facts, values=values, gaps=gaps)


def _ask(check: Check, facts: Facts, question: Question, timeout_s: float) -> _Answer:
    name = check.fact.removeprefix(CUSTOM)
    installed = {point.name: point.value for point in metadata.entry_points(group=GROUP)}
    if name not in installed:
        hint = f"; {near}" if (near := near_match(name, installed)) else ""
        return _Answer("unknown", f"no package here has {name!r} as an entry point of the group {GROUP!r}" + hint)
    target = installed[name]
    request = {"question": question, "facts": {name: fact.value for name, fact in facts.values.items()}}
    with tempfile.TemporaryDirectory(prefix="pressrun-check-") as folder:
        place = Path(folder)
        (place / "request.json").write_bytes(canonical_json(request))
        if problem := _run(target, place, timeout_s):
            return _Answer("unknown", f"{target} {problem}"[:_SHOWN_CHARACTERS])
        return _read(place / "answer.json", target)


def _run(target: str, place: Path, timeout_s: float) -> str:
    """Run a check in `place`; return what went wrong, empty when it came to its end."""
    # files and no pipes: a program that the check left behind could hold a pipe open for ever
    with open(place / "request.json", "rb") as request, open(place / "stderr", "wb") as said:  # noqa: PTH123 - handles
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", _DRIVER, target, str(place / "answer.json"), str(MAX_WRITTEN_BYTES)],
                stdin=request,
                stdout=subprocess.DEVNULL,
                stderr=said,
                cwd=place,
                env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
                start_new_session=True,
            )
        except OSError as error:
            return f"could not be started: {error.strerror}"
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return f"did not answer within {timeout_s:g} s"
        finally:
            kill_group(process.pid)  # with whatever it started
            process.wait()
    if code == 0:
        return ""
    lines = (place / "stderr").read_bytes()[-4000:].decode("utf-8", "replace").strip().splitlines()
    return f"failed: {lines[-1] if lines else code}"


def _read(path: Path, target: str) -> _Answer:
    try:
        if path.stat().st_size > MAX_ANSWER_BYTES:
            return _Answer("unknown", f"{target} answered with more than {MAX_ANSWER_BYTES:,} bytes")
        found = msgspec.json.decode(path.read_bytes(), type=_Answer)
    except (OSError, msgspec.MsgspecError) as error:
        return _Answer("unknown", f"{target} gave no answer that can be read: {error}"[:_SHOWN_CHARACTERS])
    if found.outcome not in {"pass", "fail", "unknown"}:
        return _Answer("unknown", f"{target} answered {found.outcome[:40]!r}, which is no outcome")
    return _Answer(found.outcome, found.observed[:_SHOWN_CHARACTERS])
