"""What each route answers: one action called, its result handed on. No rule is in here. All of it runs in threads."""

from __future__ import annotations

from importlib import metadata

from pressrun.actions.job_view import command_of, comparison_of, job_of, jobs_of
from pressrun.actions.jobs import begin_job, stop_job
from pressrun.actions.panel import notebook_checks, notebook_state
from pressrun.actions.panel_orders import (
    order_approval,
    order_deployment,
    order_rollback,
    order_version,
    order_vote,
)
from pressrun.actions.panel_place import Place
from pressrun.actions.panel_versions import (
    environments_of,
    panel_decision,
    panel_health,
    panel_history,
    panel_versions,
)
from pressrun.actions.registry import open_registry
from pressrun.actions.templates import make_from_template, templates
from pressrun.errors import PressrunError
from pressrun.interfaces.lab.desk import Asked
from pressrun.notebook.project import find_project
from pressrun.records.panel.comparison import PanelComparison
from pressrun.records.panel.jobs import Job
from pressrun.records.panel.notebooks import About, NotebookState, PanelCheck, PanelTemplate
from pressrun.records.panel.orders import JobOrder, Made, TemplateOrder, VoteOrder
from pressrun.records.panel.versions import PanelDecision, PanelHealth, PanelHistory, PanelVersions
from pressrun.rules.access import Thing
from pressrun.rules.paths import name_from


def about(asked: Asked) -> About:
    """Return what the server is."""
    version = metadata.version("pressrun")
    if not asked.desk.has_files:
        return About(version=version, root=False, write=asked.write)
    actor, problem, environments = "", "", tuple[str, ...]()
    project = asked.place.project if asked.query["path"] else find_project(asked.desk.shown.root)
    try:
        with open_registry(project, reading=True) as registry:
            environments = environments_of(registry)
            actor = registry.actor.id
    except PressrunError as error:
        problem = str(error)
    return About(version=version, actor=actor, actor_problem=problem, write=asked.write, environments=environments)


def notebook(asked: Asked) -> NotebookState:
    """Return all that is known of a notebook."""
    place = asked.place
    asked.desk.watch_running(place)
    return notebook_state(place)


def checks(asked: Asked) -> tuple[PanelCheck, ...]:
    """Return what the doctor finds."""
    return notebook_checks(asked.place)


def all_templates(asked: Asked) -> tuple[PanelTemplate, ...]:
    """Return the templates."""
    del asked
    return templates()


def new_notebook(asked: Asked) -> Made:
    """Make a notebook of a template."""
    order: TemplateOrder = asked.order
    shown = asked.desk.shown
    made = make_from_template(order.template, shown.folder(order.folder), order.name)
    path = made.relative_to(shown.root).as_posix()
    return Made(message=f"Made {path}.", path=path)


def jobs(asked: Asked) -> tuple[Job, ...]:
    """Return a notebook's jobs."""
    place = asked.place
    asked.desk.watch_running(place)
    return jobs_of(place)


def new_job(asked: Asked) -> Job:
    """Begin a job."""
    order: JobOrder = asked.order
    place = asked.place
    folder = begin_job(place, order, _who_may_replay(asked, place, order.name))
    asked.desk.watch(folder, place)
    return job_of(folder, place)


def _who_may_replay(asked: Asked, place: Place, name: str) -> str:
    """Return who asks; raise where members are published and no role of theirs lets this one replay."""
    with asked.registry(place, reading=True) as registry:
        registry.require("replay", Thing(kind="version", name=name or name_from(place.notebook.stem)))
        return registry.actor.id


def job(asked: Asked) -> Job:
    """Return one job."""
    folder, place = asked.desk.job(asked.job, asked.query["path"])
    return job_of(folder, place)


def stopped_job(asked: Asked) -> Job:
    """Stop a job."""
    folder, place = asked.desk.job(asked.job, asked.query["path"])
    _who_may_replay(asked, place, folder.order().name)
    stop_job(folder)
    asked.desk.watch(folder, place)
    return job_of(folder, place)


def comparison(asked: Asked) -> PanelComparison:
    """Return what a job compared."""
    return comparison_of(asked.desk.job(asked.job, asked.query["path"])[0])


def command(asked: Asked) -> Made:
    """Return the command line that does what a job did."""
    return Made(message=command_of(asked.desk.job(asked.job, asked.query["path"])[0]))


def versions(asked: Asked) -> PanelVersions:
    """Return the versions of a name."""
    place = asked.place
    with asked.registry(place, reading=True) as registry:
        return panel_versions(registry, asked.query["name"] or name_from(place.notebook.stem))


def decision(asked: Asked) -> PanelDecision:
    """Return what the policy says."""
    with asked.registry(asked.place, reading=True) as registry:
        return panel_decision(registry, asked.query["reference"], asked.query["environment"])


def health(asked: Asked) -> PanelHealth:
    """Return what is live and what waits."""
    with asked.registry(asked.place, reading=True) as registry:
        return panel_health(registry)


def past(asked: Asked) -> PanelHistory:
    """Return what was live."""
    query = asked.query
    with asked.registry(asked.place, reading=True) as registry:
        return panel_history(registry, query["name"], query["environment"], query["as_of"])


def new_version(asked: Asked) -> Made:
    """Register a bundle."""
    with asked.registry(asked.place) as registry:
        return order_version(registry, asked.order)


def new_request(asked: Asked) -> Made:
    """Ask for approval."""
    with asked.registry(asked.place) as registry:
        return order_approval(registry, asked.order)


def approved(asked: Asked) -> Made:
    """Approve a request."""
    order: VoteOrder = asked.order
    with asked.desk.guesses.one(counts=bool(order.passphrase)), asked.registry(asked.place) as registry:
        return order_vote(registry, "approve", asked.order)


def rejected(asked: Asked) -> Made:
    """Reject a request."""
    with asked.registry(asked.place) as registry:
        return order_vote(registry, "reject", asked.order)


def withdrawn(asked: Asked) -> Made:
    """Withdraw a request or an approval."""
    with asked.registry(asked.place) as registry:
        return order_vote(registry, "withdraw", asked.order)


def deployed(asked: Asked) -> Made:
    """Deploy a version."""
    with asked.registry(asked.place) as registry:
        return order_deployment(registry, asked.order)


def rolled_back(asked: Asked) -> Made:
    """Roll back."""
    with asked.registry(asked.place) as registry:
        return order_rollback(registry, asked.order)
