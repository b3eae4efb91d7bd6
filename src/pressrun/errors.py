"""Everything that pressrun raises, in one tree.

    PressrunError                      every error of ours; carries what, where and remedy
    ├── UsageError                     exit 2: wrong use, wrong parameters, not a notebook
    │   ├── NotebookFormatError        the file is no notebook we can read (empty, invalid, nbformat 3, other language)
    │   ├── DeclarationError           a ``%%register`` line is wrong, or two spellings contradict each other
    │   ├── ParameterError             unknown name, wrong type, value that cannot be parsed
    │   ├── UnknownError               nothing has that name, id or reference
    │   └── PolicyError                the file is no policy: something in it is unknown, missing or of another type
    ├── NotebookFailedError            exit 1: the notebook did not reach its end
    ├── RefusedError                   exit 3: policy, roles, secrets or doctor refuse
    │   ├── AccessDeniedError          no role lets this person do it, or not from here
    │   ├── NotAllowedError            the policy does not allow a version to go somewhere
    │   │   └── PolicyRefusesError     the same, with what each check found, for whoever shows it
    │   └── UnsafeContentError         a model format or an archive member that may not be opened
    ├── ContentMovedError              exit 2: a file is not what the caller saw any more
    ├── HeadMovedError                 others appended to the journal since: decide and offer again
    ├── SidecarError                   exit 1: the file that holds a live capture cannot be read or written
    ├── ResultsDifferError             exit 4: it ran, and the results are not the same
    └── CannotRestoreError             exit 5: an environment or an input cannot be restored
        ├── EnvironmentRestoreError    the lock cannot be made or rebuilt, or a file in it differs
        ├── InputChangedError          an input is absent or is not the one that was captured
        └── BundleCorruptError         a bundle, archive or stored object is not what its digest says

Misuse of the Python API by a programmer is ``TypeError`` or ``ValueError``, never one of these. Foreign errors are
wrapped ``from`` the cause. This module is stable.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

EXIT_OK = 0
EXIT_NOTEBOOK_FAILED = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_RESULTS_DIFFER = 4
EXIT_CANNOT_RESTORE = 5


class PressrunError(Exception):
    """An error that says what happened, where, and what to do about it.

    Args:
        what: one sentence, without a final full stop: the fact.
        where: the file, cell, line, option or member concerned; empty when `what` says it.
        remedy: what the reader can do now; empty when nothing sensible can be said.
    """

    exit_code: int = EXIT_NOTEBOOK_FAILED

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(what)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.remedy}" if self.remedy else text

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.where, self.remedy))


def _rebuild(kind: type[PressrunError], what: str, where: str, remedy: str) -> PressrunError:
    return kind(what, where=where, remedy=remedy)


class UsageError(PressrunError):
    """The command, its options or its input are wrong."""

    exit_code = EXIT_USAGE


class NotebookFormatError(UsageError):
    """The file is no notebook that pressrun can read."""


class DeclarationError(UsageError):
    """A declaration is wrong, or two of them contradict each other."""


class ParameterError(UsageError):
    """A parameter is unknown, of the wrong type, or its value cannot be parsed."""


class UnknownError(UsageError):
    """Nothing has that name, id or reference."""


class PolicyError(UsageError):
    """The file is no policy."""


class ContentMovedError(PressrunError):
    """A file is not what the caller saw any more."""

    exit_code = EXIT_USAGE


class HeadMovedError(PressrunError):
    """Others have appended to the journal since; fold what is new and offer again."""


class NotebookFailedError(PressrunError):
    """The notebook did not reach its end."""

    exit_code = EXIT_NOTEBOOK_FAILED


class RefusedError(PressrunError):
    """A rule refuses what was asked."""

    exit_code = EXIT_REFUSED


class AccessDeniedError(RefusedError):
    """No role lets this person do it, or not from where they ask."""


class NotAllowedError(RefusedError):
    """The policy does not allow a version to go somewhere."""


class UnsafeContentError(RefusedError):
    """A model format or an archive member that may not be opened."""


class ResultsDifferError(PressrunError):
    """The notebook ran, and its results are not the same."""

    exit_code = EXIT_RESULTS_DIFFER


class CannotRestoreError(PressrunError):
    """An environment, an input or a bundle cannot be restored."""

    exit_code = EXIT_CANNOT_RESTORE


class EnvironmentRestoreError(CannotRestoreError):
    """The lock cannot be made or rebuilt, or a file in the environment differs from it."""


class InputChangedError(CannotRestoreError):
    """An input is absent, or is not the one that was captured."""


class BundleCorruptError(CannotRestoreError):
    """A bundle, archive or stored object is not what its digest says."""


def near_match(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the nearest of `known`, or the empty string when none is near.

    >>> near_match("tresh", ["threshold", "thresh"])
    "did you mean 'thresh'?"
    """
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {found[0]!r}?" if found else ""
