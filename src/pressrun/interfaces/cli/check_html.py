"""A decision as one self-contained page: no script, no font, nothing from elsewhere; for light and dark."""

from __future__ import annotations

from html import escape

from pressrun.interfaces.cli.check_view import SIGNS, WORDS, counts, headline, plain
from pressrun.records.decision import Decision, Finding, Outcome

_HEADINGS: dict[Outcome, str] = {
    "fail": "Fails",
    "unknown": "Not assessed",
    "waived": "Waived",
    "pass": "Passes",
}
_NOTES: dict[Outcome, str] = {
    "unknown": "Nobody has seen that these hold, so they do not pass.",
    "waived": "These do not pass; somebody answers for them for a while.",
}
_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1f2328; --quiet: #59636e; --line: #d1d9e0;
  --pass: #1a7f37; --fail: #d1242f; --unknown: #9a6700; --waived: #0550ae; --raised: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --ground: #0d1117; --text: #e6edf3; --quiet: #9198a1; --line: #3d444d;
  --pass: #3fb950; --fail: #f85149; --unknown: #d29922; --waived: #79c0ff; --raised: #151b23; } }
body { background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto;
  max-width: 68rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .25rem; }
p { margin: .25rem 0; } .quiet { color: var(--quiet); }
.answer { border-left: .4rem solid var(--fail); background: var(--raised); padding: .8rem 1rem; }
.answer.allowed { border-color: var(--pass); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; min-width: 44rem; table-layout: fixed; }
th:nth-child(1) { width: 1.2rem; } th:nth-child(2) { width: 29%; } th:nth-child(4) { width: 17%; }
th:nth-child(5) { width: 20%; } td { overflow-wrap: anywhere; }
th { text-align: left; font-weight: 600; color: var(--quiet); font-size: .85rem; }
th, td { border-bottom: 1px solid var(--line); padding: .45rem .8rem .45rem 0; vertical-align: top; }
td.sign { font-weight: 700; }
.pass { color: var(--pass); } .fail { color: var(--fail); } .unknown { color: var(--unknown); }
.waived { color: var(--waived); }
.fix span { display: inline-block; max-width: 100%; }
details { color: var(--quiet); font-size: .85rem; } ul { margin: .25rem 0; padding-left: 1.2rem; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
"""


def decision_page(decision: Decision) -> str:
    """Return the page. Whatever comes from people or evidence is escaped; a policy forbids scripts besides."""
    question = decision.question
    title = f"{question.name}@{question.number} to {question.environment}"
    order: tuple[Outcome, ...] = ("fail", "unknown", "waived", "pass")
    sections = "".join(_section(outcome, decision.having(outcome)) for outcome in order)
    allowed = " allowed" if decision.allowed else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_safe(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<div class="answer{allowed}">
<h1>{_safe(headline(decision))}</h1>
<p>{_safe(counts(decision))}. Policy {_safe(decision.policy_name)}.</p>
<p class="quiet">Asked {_safe(question.now[:19])} UTC</p>
</div>
{sections}
<h2>What approvals bind</h2>
<p>bundle <code>{_safe(question.bundle)}</code></p>
<p>policy <code>{_safe(decision.policy)}</code></p>
<p>verdict <code>{_safe(decision.verdict)}</code></p>
</main>
</body>
</html>
"""


def _section(outcome: Outcome, findings: tuple[Finding, ...]) -> str:
    if not findings:
        return ""
    rows = "".join(_row(finding) for finding in findings)
    note = f'<p class="quiet">{_NOTES[outcome]}</p>' if outcome in _NOTES else ""
    return f"""<section>
<h2>{_HEADINGS[outcome]} ({len(findings)})</h2>
{note}<div class="scroll"><table>
<thead><tr><th></th><th>Check</th><th>Observed</th><th>Required</th><th>Set by</th></tr></thead>
<tbody>{rows}</tbody>
</table></div>
</section>
"""


def _row(finding: Finding) -> str:
    extra = ""
    if finding.who:
        extra += f'<p class="quiet">To be stated by {_safe(finding.who)}</p>'
    if finding.fix:
        # an option is not broken at its hyphens
        words = " ".join(f"<span>{_safe(word)}</span>" for word in finding.fix.split())
        extra += f'<p class="fix"><code>{words}</code></p>'
    if finding.evidence:
        pieces = "".join(f"<li><code>{_safe(piece)}</code></li>" for piece in finding.evidence)
        extra += f"<details><summary>Evidence ({len(finding.evidence)})</summary><ul>{pieces}</ul></details>"
    return (
        f'<tr><td class="sign {finding.outcome}"><span role="img" aria-label="{WORDS[finding.outcome]}">'
        f"{SIGNS[finding.outcome]}</span></td>"
        f"<td><strong>{_safe(finding.check)}</strong><br>{_safe(finding.title)}</td>"
        f"<td>{_safe(finding.observed)}{extra}</td><td>{_safe(finding.required)}</td>"
        f'<td class="quiet">{_safe(finding.set_by)}</td></tr>'
    )


def _safe(text: str) -> str:
    return escape(plain(text))
