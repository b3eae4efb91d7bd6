"""A decision as JUnit XML, for CI systems that show such reports."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from pressrun.records.decision import Decision, Finding

_ALLOWED_CONTROLS = "\t\n\r"


def decision_junit(decision: Decision) -> str:
    """Return one test suite, a test case for each check.

    Fail is a ``failure``; unknown an ``error``: the check could not be made; waived is ``skipped``.
    """
    question = decision.question
    counted = {outcome: len(decision.having(outcome)) for outcome in ("fail", "unknown", "waived")}
    attributes = {
        "name": f"pressrun check {question.name}@{question.number} to {question.environment}",
        "tests": str(len(decision.findings)),
        "failures": str(counted["fail"]),
        "errors": str(counted["unknown"]),
        "skipped": str(counted["waived"]),
        "timestamp": question.now[:19],
    }
    cases = "\n".join(_case(decision, finding) for finding in decision.findings)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuite{_written(attributes)}>\n{cases}\n</testsuite>\n'


def _case(decision: Decision, finding: Finding) -> str:
    names = _written({"classname": f"policy.{decision.policy_name}", "name": f"{finding.check} {finding.title}"})
    if finding.outcome == "pass":
        return f"  <testcase{names}/>"
    kind = {"fail": "failure", "unknown": "error", "waived": "skipped"}[finding.outcome]
    text = f"{finding.observed}; required: {finding.required}; set by {finding.set_by}"
    if finding.fix:
        text += f"; fix: {finding.fix}"
    return f"  <testcase{names}><{kind}{_written({'message': text})}/></testcase>"


def _written(attributes: dict[str, str]) -> str:
    return "".join(f" {name}={quoteattr(_plain(value))}" for name, value in attributes.items())


def _plain(text: str) -> str:
    # XML 1.0 cannot hold these at all, not even escaped
    return "".join(c if c >= " " or c in _ALLOWED_CONTROLS else "\ufffd" for c in text if not 0xD800 <= ord(c) < 0xE000)
