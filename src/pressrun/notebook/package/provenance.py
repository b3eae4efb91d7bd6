"""Where a bundle came from: an in-toto Statement v1 with a SLSA Provenance v1 predicate.

The level that is claimed is the level that holds. A press on somebody's machine that nobody signed is SLSA Build L1:
the provenance exists and says how the bundle was made, and whoever can write the file can change it. This statement
never claims more; signing belongs elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from pressrun.notebook.secrets import is_reference
from pressrun.records.bundle import Content
from pressrun.records.digest import Digest, pretty_json

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:pressrun:notebook-replay:v1"
BUILDER = "urn:pressrun:local"
LEVEL_TEXT = (
    "SLSA Build L1: made on the machine of whoever pressed it and not signed. It documents how the bundle was made; "
    "it does not prevent tampering by who can write this file."
)
WITHHELD = "(withheld)"

_SECRET_NAME = re.compile(
    r"passw|secret|token|credential|api_?key|private_?key|access_?key|auth|connection_?string|dsn$", re.IGNORECASE
)
_SECRET_VALUE = re.compile(
    r"gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|AKIA[0-9A-Z]{16}|sk-[\w-]{20,}|hf_\w{20,}|xox[abprs]-[\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|eyJ[\w-]{10,}\.eyJ[\w-]{10,}|://[^/\s:@]+:[^/\s@]+@"
)


class Press(msgspec.Struct, frozen=True, kw_only=True):
    """What the statement tells of one press.

    Attributes:
        started: ISO 8601, UTC; `finished` likewise.
        tool_version: of pressrun.
    """

    name: str
    content: Content
    notebook: Digest
    parameters: Mapping[str, Any] = {}
    python: str = ""
    platform: str = ""
    commit: str = ""
    remote: str = ""
    dirty: bool = False
    started: str = ""
    finished: str = ""
    tool_version: str = ""


def provenance_json(press: Press) -> bytes:
    """Return the statement, unsigned."""
    dependencies: list[dict[str, Any]] = [_descriptor("source.ipynb", press.notebook)]
    dependencies += [
        _descriptor(file.path, file.digest) for file in press.content.files if file.role in {"lock", "wheel", "module"}
    ]
    dependencies += [_descriptor(f"{entry.role}/{entry.path}", entry.digest) for entry in press.content.inputs]
    if press.commit:
        source = {"name": "repository", "digest": {"gitCommit": press.commit}}
        dependencies.append(source | ({"uri": f"git+{press.remote}@{press.commit}"} if press.remote else {}))
    times = {"startedOn": press.started, "finishedOn": press.finished}
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": press.name, "digest": {"sha256": press.content.digest().removeprefix("sha256:")}}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "notebook": {"name": "source.ipynb", "digest": {"sha256": press.notebook.removeprefix("sha256:")}},
                    "parameters": without_secrets(press.parameters),
                },
                "internalParameters": {
                    "python": press.python,
                    "platform": press.platform,
                    "dirtyTree": press.dirty,
                    "slsaBuildLevel": 1,
                    "slsaBuildLevelMeans": LEVEL_TEXT,
                },
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": {"id": BUILDER, "version": {"pressrun": press.tool_version}},
                "metadata": {key: value for key, value in times.items() if value},
            },
        },
    }
    return pretty_json(statement)


def without_secrets(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters with the values withheld that are secrets by their name or by their form; references are none.

    >>> without_secrets({"n": 3, "api_key": "x"})
    {'n': 3, 'api_key': '(withheld)'}
    """
    return {
        name: WITHHELD if not is_reference(value) and _is_secret(name, value) else _plain(value)
        for name, value in parameters.items()
    }


def _is_secret(name: str, value: Any) -> bool:
    return _SECRET_NAME.search(name) is not None or _SECRET_VALUE.search(str(value)) is not None


def _plain(value: Any) -> Any:
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError):
        return repr(value)
    return value


def _descriptor(name: str, digest: Digest) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}
