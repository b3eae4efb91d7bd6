"""A look at policies before they are published: what is wrong, what cases say, and what would come out otherwise."""

import pytest

from pressrun.actions.approve import approve, find_request, request_approval
from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.documents import policy_in_force
from pressrun.actions.policies import diff_policies, find_check, lint, merged_files, run_policy_cases
from pressrun.errors import UsageError
from pressrun.testing.worlds import POLICY, RegistryWorld

ORG = """\
policy: acme
version: "1"
level: organisation
checks:
  - id: AUC
    title: Is it good enough?
    kind: at_least
    fact: metrics.auc
    value: 0.78
    team_may: {value: [0.78, null]}
  - {id: PURPOSE, title: Is it written down?, kind: statement, who: [author], environments: [production]}
  - {id: PEOPLE, title: Did somebody approve?, kind: approvals, count: 1, environments: [production]}
"""
TEAM = 'policy: team\nversion: "1"\nlevel: team\nchecks:\n'


@pytest.fixture
def write(tmp_path):
    """Give a function that writes a file and returns its path."""

    def made(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return made


LINTED = [
    (ORG.replace("[0.78, null]", "[0.8, null]"), ":9: AUC.value=0.78 lies outside of its own range [0.8, -]"),
    (ORG.replace("metrics.auc", "metric.auc"), ":5: AUC looks at the fact 'metric.auc', which nothing produces"),
    (ORG.replace("metrics.auc", "metrics.cuont"), ""),
    (ORG.replace("metrics.auc", "replay.latest.grde"), "did you mean 'replay.latest.grade'?"),
    (ORG.replace("count: 1", "count: 1, other_team: 2"), ":12: PEOPLE asks for more people of another team"),
    (ORG.replace("count: 1", "count: 0"), ":12: PEOPLE asks for no approval"),
    (ORG, ""),
]


@pytest.mark.parametrize(("text", "said"), LINTED)
def test_lint_tells_what_cannot_work_with_its_line(write, text, said):
    problems = lint([write("policy.yaml", text)]).problems
    assert len(problems) == (1 if said else 0)
    assert said in "".join(problems)


def test_lint_merges_levels_and_tells_what_would_be_refused(write):
    org, team = write("org.yaml", ORG), write("team.yaml", TEAM + "  - {id: AUC, value: 0.7}\n")
    (problem,) = lint([team, org]).problems
    assert problem == (f"{team}:5: AUC.value=0.7 outside [0.78, -] allowed by acme 1 ({org}:9); 0.78 stays in force")


def test_a_lower_level_alone_is_held_against_the_default_policy(write):
    found = lint([write("team.yaml", TEAM + "  - {id: MO-4, value: 0.8}\n")])
    assert (found.problems, found.checks > 70) == ((), True)


def test_two_files_of_one_level_are_refused_with_both_names(write):
    with pytest.raises(UsageError, match="two policies of the level 'organisation'") as caught:
        merged_files([write("a.yaml", ORG), write("b.yaml", ORG)])
    assert "a.yaml" in caught.value.where
    assert "b.yaml" in caught.value.where


def test_a_check_is_found_in_any_spelling_of_its_case_and_a_near_miss_is_told(write):
    merged = merged_files([write("org.yaml", ORG)])
    assert find_check(merged, "auc").id == "AUC"
    with pytest.raises(UsageError, match="did you mean 'PURPOSE'"):
        find_check(merged, "PURPOS")


CASES = """\
cases:
  - name: a floor is a floor
    facts: {metrics.auc: 0.77}
    expect: {AUC: fail, PURPOSE: unknown}
    allowed: false
  - name: good enough, written down and approved
    facts: {metrics.auc: 0.78}
    statements: [PURPOSE]
    approvals: [ben]
    expect: {AUC: pass}
    allowed: true
"""
WRONG_CASES = [
    ("allowed: true", "allowed: false", "expected refused, found allowed"),
    ("{AUC: fail, ", "{AUC: pass, ", "AUC: expected pass, found fail (0.77)"),
    ("{AUC: pass}", "{AUC: pass, GONE: pass}", "GONE: expected pass, and it is not asked here"),
    ("approvals: [ben]", "approvals: [the author]", "expected allowed, found refused"),
]


def test_a_policy_says_what_its_cases_expect(write):
    results = run_policy_cases(write("policy.yaml", ORG + CASES))
    assert [(result.name, result.problems) for result in results] == [
        ("a floor is a floor", ()), ("good enough, written down and approved", ()),
    ]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), WRONG_CASES)
def test_a_case_that_comes_out_otherwise_says_how(write, old, new, said):
    results = run_policy_cases(write("policy.yaml", ORG + CASES.replace(old, new)))
    assert [problem for result in results for problem in result.problems] == [said]


BAD_CASES = [
    ("cases: []\n", "it holds no cases"),
    ("", "it holds no cases"),
    (CASES.replace("facts:", "fact:", 1), "unknown field `fact`"),
    (CASES.replace("AUC: fail", "AUC: 3"), "Expected `str`"),
    (CASES.replace("AUC: fail", "AUC: fails"), "Invalid enum value 'fails'"),
    (CASES.replace("allowed: false\n", "tier: strategc\n"), "Invalid enum value 'strategc'"),
]


@pytest.mark.parametrize(("cases", "said"), BAD_CASES)
def test_cases_that_cannot_be_read_are_refused_with_their_line(write, cases, said):
    with pytest.raises(UsageError, match=said) as caught:
        run_policy_cases(write("policy.yaml", ORG + cases))
    assert "policy.yaml" in caught.value.where


def test_a_diff_names_every_check_that_asks_something_else(write):
    old = merged_files([write("a.yaml", ORG)])
    new = merged_files([write("b.yaml", ORG.replace("0.78\n", "0.8\n").replace("PURPOSE", "USE"))])
    found = diff_policies(old, new)
    assert [(change.check, bool(change.before), bool(change.after)) for change in found.checks] == [
        ("AUC", True, True), ("PURPOSE", True, False), ("USE", False, True),
    ]  # fmt: skip
    assert diff_policies(old, old).checks == ()


def test_a_policy_is_held_against_what_is_live_and_changes_nothing(tmp_path, write):
    world = RegistryWorld(tmp_path / "world").build()
    world.register("one")
    with world.acting("ana") as registry:
        deploy(registry, DeployOrder(reference="churn@1", environment="staging"))
        head = registry.journal.head()
        stricter = POLICY + "  - {id: AUC, title: Good?, kind: at_least, fact: metrics.nothing, value: 0.7}\n"
        found = diff_policies(policy_in_force(registry), merged_files([write("new.yaml", stricter)]), registry)
        same = diff_policies(policy_in_force(registry), merged_files([write("same.yaml", POLICY)]), registry)
        assert registry.journal.head() == head
    assert (same.affected, same.asked, found.asked) == ((), 1, 1)
    (affected,) = found.affected
    assert (affected.reference, affected.environment) == ("churn@1", "staging")
    assert (affected.allowed_before, affected.allowed_after) == (True, False)
    assert affected.reasons == ("AUC: it was never recorded",)


def test_approvals_given_under_the_old_policy_are_taken_as_given_under_the_new_one(tmp_path, write):
    world = RegistryWorld(tmp_path / "world").build()
    world.register("one")
    with world.acting("ana") as registry:
        request_approval(registry, "churn@1", "production")
    with world.acting("ben") as registry:
        approve(registry, find_request(registry, "churn@1"))
    with world.acting("ana") as registry:
        deploy(registry, DeployOrder(reference="churn@1", environment="production"))
        in_force = policy_in_force(registry)
        easy = POLICY + "  - {id: NUMBER, title: Has it one?, kind: required, fact: version.number}\n"
        found = diff_policies(in_force, merged_files([write("easy.yaml", easy)]), registry)
        two = diff_policies(
            in_force, merged_files([write("two.yaml", POLICY.replace("count: 1", "count: 2"))]), registry
        )
    assert (found.affected, [change.check for change in found.checks]) == ((), ["NUMBER"])
    assert [(one.allowed_after, one.reasons) for one in two.affected] == [(False, ("APPROVED: 1 of 2: ben",))]
