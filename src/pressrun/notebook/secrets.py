"""Secrets on this machine: references to them, their values, and texts in which the values are blotted out.

A reference is written ``secret://NAME``. It is resolved in the kernel; the process that drives the kernel resolves it
too, so that a reference without a secret is refused before anything runs, and so that it knows which texts to blot out
of what the kernel says. Values are held in memory and written nowhere.
"""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pressrun.errors import ParameterError
from pressrun.notebook.package.runtime_secrets import find_secret
from pressrun.rules.secrets.labels import MIN_LENGTH, is_secret_name, may_be_secret
from pressrun.rules.secrets.live import live_forms

SCHEME = "secret://"
RESOLVER = "_find_secret"
"""Name of the function in an injected cell that resolves references; gone when the cell has run."""
_LOOK_UP = re.compile(rf"""^(\w+) = {RESOLVER}\(["'](secret://[^"'\n]{{1,400}})["']\)$""", re.MULTILINE)
SECRETS_FOLDER = "PRESSRUN_SECRETS"
_CALL = re.compile(rf"""\b{RESOLVER}\((["'])(secret://[^"'\n]{{1,400}})\1\)""")
_VARIABLE = re.compile(r"(?:env/)?([A-Za-z_][A-Za-z0-9_]*)\Z")
_KEYRING_VARIABLES = ("DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND")
_DOTENV = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)")


def is_reference(value: object) -> bool:
    """Return whether a parameter's value is a reference to a secret."""
    return isinstance(value, str) and value.startswith(SCHEME)


def references_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the references that source resolves with the injected function, each once, in order."""
    return tuple(dict.fromkeys(call[1] for text in texts for call in _CALL.findall(text)))


def without_given(injection: str, names: Iterable[str]) -> str:
    """Return an injected cell's source without the look-up of secrets for parameters that another cell gives anew.

    A secret that is not needed need not be there.

    Args:
        injection: what the bundle was pressed with.
        names: of the parameters that are given.
    """
    for name in names:
        injection = re.sub(rf"^{name} = {RESOLVER}\(.*\)\n", "", injection, flags=re.MULTILINE)
    return injection


def look_ups_in(injection: str) -> dict[str, str]:
    """Return parameter -> reference of what an injected cell looks up."""
    return dict(_LOOK_UP.findall(injection))


def with_literals(injection: str) -> str:
    """Return an injected cell's source with the references themselves in the place of the secrets."""
    if RESOLVER not in injection:
        return injection
    lines = injection.replace(resolver_source(), "").replace(f"del {RESOLVER}\n", "")
    return _LOOK_UP.sub(lambda match: f'{match[1]} = "{match[2]}"', lines)


def as_program(injection: str, function: str) -> str:
    """Return an injected cell's source with `function` in the place of the function that it brings along.

    Args:
        injection: source that `injection_source` gave.
        function: name of one that takes the parameter's name and the reference.
    """
    lines = injection.replace(resolver_source(), "").replace(f"del {RESOLVER}\n", "")
    return _LOOK_UP.sub(lambda match: f'{match[1]} = {function}("{match[1]}", "{match[2]}")', lines)


def resolver_source() -> str:
    """Return the source of a function `RESOLVER` that needs the standard library alone."""
    source = inspect.getsource(find_secret).replace(
        "def find_secret(reference: Any) -> Any", f"def {RESOLVER}(reference)"
    )
    return re.sub(r"  # (?:noqa|type: ignore|fmt:)[^\n]*$", "", source, flags=re.MULTILINE)


def resolve(references: Iterable[str]) -> dict[str, str]:
    """Return label -> value for references.

    Raises:
        ParameterError: one that names no secret, telling where it was looked for, or one that cannot be blotted out.
    """
    found: dict[str, str] = {}
    for reference in references:
        try:
            value = find_secret(reference)
        except (LookupError, UnicodeDecodeError) as error:
            raise ParameterError(
                str(error.args[0]) if isinstance(error, LookupError) else "the secret is no UTF-8 text",
                where=reference,
                remedy="Set the variable, put the file there, or name another secret with -p NAME=secret://...",
            ) from error
        if len(value) < MIN_LENGTH:
            what = f"the secret has fewer than {MIN_LENGTH} characters, so that it could not be told from other text"
            raise ParameterError(what, where=reference, remedy="Use a longer secret.")
        found[reference.removeprefix(SCHEME)] = value
    return found


def variables_for(references: Iterable[str]) -> tuple[str, ...]:
    """Return the environment variables that a kernel needs to resolve references."""
    names: list[str] = []
    for reference in references:
        rest = reference.removeprefix(SCHEME)
        match = _VARIABLE.match(rest)
        names += [match.group(1)] if match else []
        if not rest.startswith("env/"):
            names += [SECRETS_FOLDER, *_KEYRING_VARIABLES]
    return tuple(dict.fromkeys(names))


def files_of(references: Iterable[str]) -> tuple[Path, ...]:
    """Return the files that references may be read from: no inputs of a notebook, whatever was seen of them."""
    folders = [Path(folder) for folder in (os.environ.get(SECRETS_FOLDER), "/run/secrets") if folder]
    names = [reference.removeprefix(SCHEME).removeprefix("file/") for reference in references]
    return tuple((folder / name).absolute() for name in names if "/" not in name for folder in folders)


def live_secrets(project: Path | None = None, references: Iterable[str] = ()) -> dict[str, str]:
    """Return name -> value of what is known to be secret here.

    Variables of a secret-looking name, those in the project's ``.env``, and what references stand for.

    Args:
        project: folder whose ``.env`` is read.
        references: that were resolved before.
    """
    found = dict(os.environ) | _dotenv(project)
    chosen = {name: value for name, value in found.items() if is_secret_name(name) and may_be_secret(value)}
    return chosen | resolve(references)


def _dotenv(project: Path | None) -> dict[str, str]:
    path = None if project is None else project / ".env"
    if path is None or not path.is_file():
        return {}
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        match = _DOTENV.fullmatch(line.strip())
        if match:
            found[match.group(1)] = match.group(2).strip().strip("\"'")
    return found


class Blotter:
    """Replaces values by ``[secret NAME]``, however they are written.

    Args:
        secrets: label -> value.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._marks: dict[bytes, bytes] = {}
        for label, value in secrets.items():
            mark = f"[secret {label.removeprefix('env/')}]".encode()
            for text in {form.text for form in live_forms({label: value})}:
                for written in (text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
                    self._marks.setdefault(written.encode("utf-8", "surrogatepass"), mark)
        longest_first = sorted(self._marks, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, longest_first))) if self._marks else None

    def __bool__(self) -> bool:
        return self._pattern is not None

    def blot(self, content: bytes) -> bytes:
        """Return bytes, plain or JSON, without the values."""
        if self._pattern is None or not any(form in content for form in self._marks):
            return content
        return self._pattern.sub(lambda match: self._marks[match.group()], content)

    def blot_text(self, text: str) -> str:
        """Return a text without the values."""
        return self.blot(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def blotter_for(references: Sequence[str], asked: Iterable[str] = ()) -> Blotter:
    """Return what blots out the secrets of one run.

    Args:
        references: of the run.
        asked: variables that the caller lets through to the kernel; those of a secret-looking name count.

    Raises:
        ParameterError: a reference names no secret.
    """
    let_through: dict[str, Any] = {name: os.environ[name] for name in asked if name in os.environ}
    hidden = {name: value for name, value in let_through.items() if is_secret_name(name) and may_be_secret(value)}
    return Blotter(hidden | resolve(references))
