"""The gate that no secret passes on its way into a bundle, unless it was allowed by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from pressrun.errors import RefusedError, UsageError
from pressrun.notebook.environment import toml
from pressrun.notebook.read import read_notebook
from pressrun.notebook.secret_scan import find_in_folder
from pressrun.notebook.secrets import live_secrets
from pressrun.records.cells import Notebook
from pressrun.records.findings import SecretFinding
from pressrun.rules.secrets.scan import find_secrets

SHOWN_PLACES = 4
_REMEDY = (
    "Take it out: give the notebook a reference, secret://NAME, and keep the secret in the environment, a file or the "
    "keyring; clear saved outputs that show it. One that is none can be allowed by its name: {options}"
)


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of looking.

    Attributes:
        allowed: names of the findings that are there and were allowed.
        notes: sentences for the reader: guesses, files that were not looked into, names that were allowed in vain.
    """

    allowed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class SecretGate:
    """Looks for secrets in a notebook before it runs, and in a whole bundle before it is kept.

    Args:
        notebook: the notebook.
        project: its project; its ``.env`` and ``pyproject.toml`` count.
        allowed: names of findings that are allowed.
        references: to the secrets that the notebook is given.

    Raises:
        UsageError: what ``pyproject.toml`` allows is no list of names.
        ParameterError: a reference names no secret.
    """

    def __init__(
        self, notebook: Notebook, project: Path, allowed: Sequence[str] = (), references: Iterable[str] = ()
    ) -> None:
        self._notebook = notebook
        self._asked = tuple(allowed)
        self._allowed = {*allowed, *allowed_in(project)}
        self._live = live_secrets(project, references)

    def check_notebook(self) -> None:
        """Raise at once where the notebook itself holds a secret, before it runs for long.

        Raises:
            RefusedError: naming every finding, never a secret.
        """
        self._refuse(find_secrets(self._notebook.cells, self._notebook.metadata, live=self._live))

    def check_folder(self, folder: Path) -> Passed:
        """Look at everything that would get into a bundle.

        Args:
            folder: the bundle, not kept anywhere yet.

        Raises:
            RefusedError: naming every finding, never a secret.
        """
        found, large = find_in_folder(folder, self._live)
        self._refuse(found)
        names = {finding.name for finding in found}
        guesses = _grouped(finding for finding in found if not finding.certain and finding.name not in self._allowed)
        return Passed(
            allowed=tuple(sorted(names & self._allowed)),
            notes=(
                *(f"possibly a secret: {text}" for text in guesses),
                *(f"{name} is too large to be searched for secrets" for name in large),
                *(
                    f"no finding is called {name!r}: nothing had to be allowed"
                    for name in self._asked
                    if name not in names
                ),
            ),
        )

    def _refuse(self, found: Iterable[SecretFinding]) -> None:
        blocking = [finding for finding in found if finding.certain and finding.name not in self._allowed]
        if not blocking:
            return
        listed = _grouped(blocking)
        names = dict.fromkeys(finding.name for finding in blocking)
        count = "a secret" if len(listed) == 1 else f"{len(listed)} secrets"
        raise RefusedError(
            "\n  ".join([f"{count} would get into the bundle, so none is written:", *listed]),
            where=self._notebook.path,
            remedy=_REMEDY.format(options=" ".join(f"--allow-secret {name}" for name in names)),
        )


def secrets_in_run(notebook: Path, executed: Path, project: Path) -> tuple[SecretFinding, ...]:
    """Return what looks like a secret in a notebook and in what a run of it showed.

    Args:
        notebook: the source.
        executed: the executed notebook; need not be there.
        project: its ``.env`` counts.
    """
    live = live_secrets(project)
    files = [path for path in (notebook, executed) if path.is_file()]
    read = [read_notebook(path) for path in files]
    found = [finding for one in read for finding in find_secrets(one.cells, one.metadata, live=live)]
    return tuple({(finding.name, finding.where): finding for finding in found}.values())


def told(found: Iterable[SecretFinding]) -> tuple[str, ...]:
    """Return one line for each certain finding: its name, its masked value, where it is."""
    return tuple(_grouped(finding for finding in found if finding.certain))


def allowed_in(project: Path) -> tuple[str, ...]:
    """Return the names of findings that a project allows: ``allow-secrets`` in ``[tool.pressrun]``.

    Raises:
        UsageError: it is no list of names.
    """
    path = project / "pyproject.toml"
    if not path.is_file():
        return ()
    try:
        table = toml.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("pressrun", {})
    except (ValueError, AttributeError) as error:
        raise UsageError(f"it is no TOML that pressrun understands: {error}", where=str(path)) from error
    names = table.get("allow-secrets", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UsageError("[tool.pressrun] allow-secrets must be a list of names", where=str(path))
    return tuple(names)


def _grouped(found: Iterable[SecretFinding]) -> list[str]:
    places: dict[tuple[str, str], list[str]] = {}
    for finding in found:
        line = "" if finding.line is None else f", line {finding.line}"
        kind = "" if finding.place == "source" else f" ({finding.place})"
        places.setdefault((finding.name, finding.masked), []).append(f"{finding.where}{line}{kind}")
    listed = []
    for (name, masked), where in places.items():
        distinct = list(dict.fromkeys(where))
        rest = f"; and {len(distinct) - SHOWN_PLACES} more places" if len(distinct) > SHOWN_PLACES else ""
        listed.append(f"{name}  {masked}  in {'; '.join(distinct[:SHOWN_PLACES])}{rest}")
    return listed
