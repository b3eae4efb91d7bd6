"""What people said: statements and approvals.

Who had a part in a version cannot approve it, and nothing outlives its time. Where it is not known who wrote a version,
nobody is known to be somebody else, and no approval counts.
"""

from __future__ import annotations

from pressrun.records.decision import Question
from pressrun.records.facts import ApprovalFact, Facts, StatementFact
from pressrun.records.policy import Check
from pressrun.rules.policy.answers import DAY_S, Judged, shown
from pressrun.rules.timestamps import seconds_of

_AUTHOR = "author"


def judge_statement(check: Check, facts: Facts, question: Question) -> Judged:
    """Return what the newest statement about a check says, of those by a fitting person.

    An older yes does not come back when a newer no expires: then nobody knows.
    """
    said = [statement for statement in facts.statements if statement.check == check.id]
    # of two at the same time, the one that was recorded later is the newer one
    oldest_first = sorted(said, key=lambda one: seconds_of(one.made) or 0.0)
    reasons = []
    for statement in reversed(oldest_first):
        if problem := _unfit(check, statement):
            reasons.append(problem)
            continue
        if problem := _outdated(check, statement, question):
            reasons.append(problem)
            if statement.answer:
                continue
            break
        seen = (statement.statement, statement.text)
        basis = [statement.statement, statement.answer]
        if not statement.answer:
            return Judged("fail", f"{statement.person} stated that it does not hold", basis, seen)
        return Judged("pass", f"{statement.person} stated it, until {statement.expires[:10]}", basis, seen)
    return Judged("unknown", "not assessed: " + ("; ".join(reasons) or "nobody stated it"))


def _unfit(check: Check, statement: StatementFact) -> str:
    # where no members are published nobody has a role, and nobody can be asked to have one
    if statement.role and not set(statement.role.split(",")) & set(check.who):
        return f"{statement.person} is {statement.role}, and {' or '.join(check.who)} has to state it"
    return ""


def _outdated(check: Check, statement: StatementFact, question: Question) -> str:
    made, expires, now = seconds_of(statement.made), seconds_of(statement.expires), seconds_of(question.now)
    if made is None or expires is None or now is None:
        return f"{statement.person}'s statement bears no time"
    if now >= expires:
        return f"{statement.person}'s statement expired on {statement.expires[:10]}"
    if (now - made) / DAY_S > check.params["max_age_days"]:
        return f"{statement.person}'s statement is older than {shown(check.params['max_age_days'])} days"
    return ""


def judge_approvals(check: Check, facts: Facts, question: Question) -> Judged:
    """Return whether enough people approved, each counted once, and enough of them from another team."""
    asked, others = check.params["count"], check.params["other_team"]
    if (asked or others) and not facts.involved.get(_AUTHOR):
        return Judged("unknown", "it is not known who wrote it, so that nobody is known to be another person", [])
    counted: dict[str, ApprovalFact] = {}
    problems = []
    for approval in facts.approvals:
        if problem := _approval_problem(check, approval, facts, question):
            problems.append(f"{approval.person}: {problem}")
        else:
            counted.setdefault(approval.person, approval)
    from_others, of_no_team = _from_other_teams(counted, facts)
    names = ", ".join(sorted(counted)) or "nobody"
    unsigned = " (unsigned)" if any(a.unsigned for a in counted.values()) else ""
    observed = f"{len(counted)} of {asked}: {names}{unsigned}"
    if len(counted) >= asked and from_others < others:
        observed += f"; {from_others} of {others} from another team"
        if of_no_team:
            observed += f" (the team of {', '.join(of_no_team)} is not known)"
    if problems:
        observed += "; does not count: " + "; ".join(problems)
    enough = len(counted) >= asked and from_others >= others
    return Judged("pass" if enough else "fail", observed, sorted(counted))


def _from_other_teams(counted: dict[str, ApprovalFact], facts: Facts) -> tuple[int, list[str]]:
    """Return how many approved from a team that had no part in it, and who had a part and is of no known team."""
    of_no_team = sorted({person for person in facts.involved.values() if not facts.teams.get(person)})
    if of_no_team:
        return 0, of_no_team
    teams = {facts.teams[person] for person in facts.involved.values()}
    return sum(1 for approval in counted.values() if approval.team and approval.team not in teams), []


def _approval_problem(check: Check, approval: ApprovalFact, facts: Facts, question: Question) -> str:
    if approval.problem or approval.problem_kind:
        return approval.problem or approval.problem_kind
    if not approval.person:
        return "nobody is named"
    parts = sorted(role for role, person in facts.involved.items() if person == approval.person)
    if parts:
        return f"is the {' and the '.join(parts)}"
    roles = check.params["roles"]
    if roles and approval.role not in roles:
        return f"approved as {approval.role or 'nobody'}, and {' or '.join(roles)} is asked for"
    made, expires, now = seconds_of(approval.made), seconds_of(approval.expires), seconds_of(question.now)
    if made is None or expires is None or now is None or now >= expires:
        return "it has expired"
    if (now - made) / DAY_S > check.params["max_age_days"]:
        return f"it is older than {shown(check.params['max_age_days'])} days"
    return ""
