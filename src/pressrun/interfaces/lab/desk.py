"""What answers are made from: the folder that the server shows, and the jobs that were asked about."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pressrun.actions.job_view import is_running
from pressrun.actions.panel_place import Place
from pressrun.actions.registry import Registry, open_registry
from pressrun.errors import CannotRestoreError, UnknownError, UsageError
from pressrun.interfaces.lab.guesses import Guesses
from pressrun.interfaces.lab.paths import Shown
from pressrun.store.jobs import JobFolder, find_job, job_folders

MAX_PROJECTS = 1_000


class Desk:
    """One server's.

    Args:
        shown: the folder that the server shows, None where notebooks do not lie on this disk.
        follow: told of a job that runs, so that its changes are told.
    """

    def __init__(self, shown: Shown | None, follow: Callable[[JobFolder, Place], None]) -> None:
        self._shown = shown
        self._follow = follow
        self.guesses = Guesses()
        self._projects: dict[Path, None] = {}
        self._lock = threading.Lock()

    @property
    def has_files(self) -> bool:
        """Whether notebooks lie on this disk."""
        return self._shown is not None

    @property
    def shown(self) -> Shown:
        """The folder that the server shows.

        Raises:
            UsageError: notebooks do not lie on this disk.
        """
        if self._shown is None:
            raise UsageError(
                "notebooks do not lie on this server's disk",
                remedy="Ask where they do: the kernel, or the command line beside the files.",
            )
        return self._shown

    def notebook(self, path: str) -> Place:
        """Return the place of a notebook; its project is looked through for jobs from now on.

        Raises:
            UsageError: the path leaves the folder that the server shows, or names no notebook.
        """
        place = self.shown.notebook(path)
        with self._lock:
            if len(self._projects) < MAX_PROJECTS:
                self._projects[place.project] = None
        return place

    def watch(self, folder: JobFolder, place: Place) -> None:
        """Let the changes of a job be told."""
        self._follow(folder, place)

    def watch_running(self, place: Place) -> None:
        """Let the changes of the notebook's running jobs be told: a server before this one may have begun them."""
        for folder in job_folders(place.project):
            with contextlib.suppress(CannotRestoreError):
                if is_running(folder) and folder.order().notebook == place.in_project:
                    self._follow(folder, place)

    def job(self, job: str, path: str = "") -> tuple[JobFolder, Place]:
        """Return a job, and the place of its notebook.

        Args:
            job: its id.
            path: its notebook; without it the projects are looked through whose notebooks were asked about before.

        Raises:
            UnknownError: there is no such job.
        """
        if path:
            projects = [self.notebook(path).project]
        else:
            with self._lock:
                projects = list(self._projects)
        root = self.shown.root
        for project in projects:
            folder = find_job(project, job)
            if folder is not None:
                place = Place(root=root, notebook=project / folder.order().notebook, project=project)
                if place.shown(place.notebook):
                    return folder, place
        remedy = "Only a notebook's newest jobs are kept. After a restart of the server, name the notebook: ?path="
        raise UnknownError(f"there is no job {job}", remedy=remedy)


class Asked(NamedTuple):
    """One request, taken apart.

    Attributes:
        order: what the body was, None for a GET.
        query: what the URL's query says; empty texts for what it does not say.
        job: the job in the path, empty where there is none.
        write: whether the server's authorizer lets this user change anything here.
    """

    desk: Desk
    order: Any
    query: Mapping[str, str]
    job: str = ""
    write: bool = False

    @property
    def place(self) -> Place:
        """The notebook that the query or the order names."""
        return self.desk.notebook(self.query["path"] if self.order is None else self.order.notebook)

    @contextlib.contextmanager
    def registry(self, place: Place, *, reading: bool = False) -> Iterator[Registry]:
        """Give the registry of a notebook's project."""
        with open_registry(place.project, reading=reading) as registry:
            yield registry
