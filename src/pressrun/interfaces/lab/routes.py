"""Every route, as data: what it takes, what it answers, what it needs. There is no route beside this table.

Each says what the server's own authorizer is asked (`needs`), and which action our own roles have to allow (`role`). A
route that says neither is refused when the server starts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple, get_args

import msgspec

from pressrun.interfaces.lab import answers
from pressrun.interfaces.lab.decoding import Nothing
from pressrun.interfaces.lab.desk import Asked
from pressrun.records.panel.comparison import PanelComparison
from pressrun.records.panel.jobs import Job
from pressrun.records.panel.notebooks import About, NotebookState, PanelCheck, PanelTemplate
from pressrun.records.panel.orders import (
    ApprovalOrder,
    JobOrder,
    Made,
    MoveOrder,
    RegisterOrder,
    TemplateOrder,
    VoteOrder,
)
from pressrun.records.panel.versions import PanelDecision, PanelHealth, PanelHistory, PanelVersions
from pressrun.rules.access import ACTIONS, Action

Method = Literal["GET", "POST"]
Needs = Literal["read", "write", "execute"]
FILES: Final = "files"
"""In the place of a role: it tells or makes what whoever reads and writes files through Jupyter can have anyway."""
JOB = r"(?P<job>[0-9a-f]{32})"


class Route(NamedTuple):
    """One method of one path.

    Attributes:
        path: below ``<base_url>pressrun/``; ``{job}`` stands for 32 hex digits.
        needs: what is asked of the server's authorizer, of the resource ``pressrun``. ``execute`` runs code, or moves
            what others rely on.
        role: the action that one of our roles has to allow; `FILES` where none is concerned.
        answers: the record that is answered, or a tuple of it. `act` makes it, in a thread of its own.
        order: the record that the body has to be.
        query: names in the URL's query -> whether they have to be there.
        about: what it is for, for the reference page.
    """

    method: Method
    path: str
    needs: Needs
    role: Action | Literal["files"]
    answers: Any
    act: Callable[[Asked], Any]
    about: str
    order: type[msgspec.Struct] | None = None
    query: dict[str, bool] = {}  # noqa: RUF012 - never changed
    status: int = 200


_PATH = {"path": True}
_OPTIONAL = {"path": False}

ROUTES: tuple[Route, ...] = (
    Route("GET", "about", "read", FILES, About, answers.about,
          "What the server is, and on whose behalf it acts in the project of a notebook.", query=_OPTIONAL),
    Route("GET", "notebook", "read", FILES, NotebookState, answers.notebook,
          "All that the disk and the registry know of a notebook.", query=_PATH),
    Route("GET", "doctor", "read", FILES, tuple[PanelCheck, ...], answers.checks,
          "What will break in production.", query=_PATH),
    Route("GET", "templates", "read", FILES, tuple[PanelTemplate, ...], answers.all_templates,
          "Notebooks to begin with."),
    Route("POST", "templates", "write", FILES, Made, answers.new_notebook,
          "A new notebook from a template; nothing is replaced.", order=TemplateOrder, status=201),
    Route("GET", "jobs", "read", FILES, tuple[Job, ...], answers.jobs,
          "The notebook's jobs, the newest first, with their cells.", query=_PATH),
    Route("POST", "jobs", "execute", "replay", Job, answers.new_job,
          "Begin a replay, packaging or verification.", order=JobOrder, status=201),
    Route("GET", "jobs/{job}", "read", FILES, Job, answers.job, "One job.", query=_OPTIONAL),
    Route("POST", "jobs/{job}/stop", "execute", "replay", Job, answers.stopped_job,
          "Stop a job; asked twice, its kernel is killed.", order=Nothing, query=_OPTIONAL),
    Route("GET", "jobs/{job}/comparison", "read", FILES, PanelComparison, answers.comparison,
          "What the job compared, ready to be shown.", query=_OPTIONAL),
    Route("GET", "jobs/{job}/command", "read", FILES, Made, answers.command,
          "The command line that does the same.", query=_OPTIONAL),
    Route("GET", "versions", "read", "view", PanelVersions, answers.versions,
          "The versions of a name, and what the actor may do with it.", query={"path": True, "name": False}),
    Route("POST", "versions", "write", "register", Made, answers.new_version,
          "Make a packaged bundle a version.", order=RegisterOrder, status=201),
    Route("GET", "decision", "read", "view", PanelDecision, answers.decision,
          "What the policy says of a version going to an environment.",
          query={"path": True, "reference": True, "environment": True}),
    Route("GET", "health", "read", FILES, PanelHealth, answers.health,
          "What is live and what waits, of the names that the actor may look at.", query=_PATH),
    Route("GET", "history", "read", "view", PanelHistory, answers.past,
          "What was live in an environment, the newest first.",
          query={"path": True, "name": True, "environment": True, "as_of": False}),
    Route("POST", "requests", "write", "request", Made, answers.new_request,
          "Ask that a version may go to an environment.", order=ApprovalOrder, status=201),
    Route("POST", "requests/approve", "execute", "approve", Made, answers.approved,
          "Approve a request, with the person's own key.", order=VoteOrder),
    Route("POST", "requests/reject", "write", "reject", Made, answers.rejected,
          "Reject a request for good.", order=VoteOrder),
    Route("POST", "requests/withdraw", "write", "withdraw", Made, answers.withdrawn,
          "Take back one's own request or approval.", order=VoteOrder),
    Route("POST", "deployments", "execute", "deploy", Made, answers.deployed,
          "Deploy a version that the policy allows.", order=MoveOrder),
    Route("POST", "rollbacks", "execute", "rollback", Made, answers.rolled_back,
          "Go back to a version that was live before.", order=MoveOrder),
)  # fmt: skip


def check_table(routes: Sequence[Route]) -> None:
    """See that every route says what it needs, and that none stands twice; asked when a server starts.

    Raises:
        ValueError: one does not.
    """
    seen: set[tuple[str, str]] = set()
    for route in routes:
        where = f"{route.method} {route.path}"
        if route.method not in get_args(Method):
            raise ValueError(f"{where}: the method is unknown")
        if route.needs not in get_args(Needs):
            raise ValueError(f"{where}: it does not say what the server's authorizer is asked")
        if route.role != FILES and route.role not in ACTIONS:
            raise ValueError(f"{where}: it does not say which role's action it is")
        if (route.method == "GET") != (route.order is None):
            raise ValueError(f"{where}: a GET has no order, a POST has one")
        if route.method == "GET" and route.needs != "read":
            raise ValueError(f"{where}: a GET changes nothing")
        if route.method == "POST" and route.needs == "read":
            raise ValueError(f"{where}: what changes something needs more than to read")
        if (route.method, route.path) in seen:
            raise ValueError(f"{where}: it stands twice")
        seen.add((route.method, route.path))


def by_path(routes: Iterable[Route]) -> dict[str, dict[Method, Route]]:
    """Return the routes of each path."""
    found: dict[str, dict[Method, Route]] = {}
    for route in routes:
        found.setdefault(route.path, {})[route.method] = route
    return found


def pattern_of(path: str) -> str:
    """Return the regular expression of a path, to be put behind the base URL."""
    return re.escape(path).replace(re.escape("{job}"), JOB)
