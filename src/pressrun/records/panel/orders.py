"""What a panel asks the server to do, and what comes of it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from pressrun.records.panel.jobs import JobKind
from pressrun.records.panel.versions import PanelFinding


class JobOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to run.

    Attributes:
        parameters: name -> JSON value; checked strictly against what the notebook declares.
        source: sha256 of the notebook file's bytes that the caller saw; a job for another content is refused. Empty
            for whatever is saved.
        name: of the bundle, for ``package``; the notebook's own where it is empty.
        bundle: name or digest, for ``verify``.
        rebuild: for ``verify``: in an environment rebuilt from the lock.
    """

    kind: JobKind
    notebook: str
    parameters: dict[str, Any] = {}
    sandbox: bool = False
    kernel: str = ""
    source: str = ""
    name: str = ""
    bundle: str = ""
    rebuild: bool = False


class RegisterOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Make a packaged bundle a version. `notebook` says whose project; `bundle` is a digest."""

    notebook: str
    bundle: str
    name: str = ""
    owner: str = ""
    use_case: str = ""
    tier: Literal["", "experiment", "strategic"] = ""
    note: str = ""


class ApprovalOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask that a version may go to an environment."""

    notebook: str
    reference: str
    environment: str
    comment: str = ""


class VoteOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Approve, reject or withdraw a request; `reason` goes into the audit log and may not be empty.

    Attributes:
        verdict: digest of the verdict that the person saw; another one by now is refused. Empty for withdrawing.
        typed: the reference as the person typed it, to be sure that it is this one.
        passphrase: of the person's key, for approving where `PanelRequest.signs_with` asks for it; kept nowhere.
    """

    notebook: str
    request: str
    reason: str
    verdict: str = ""
    typed: str = ""
    passphrase: str = ""


class MoveOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Deploy a version, or roll back to one; `to` is 0 for the one before, `reason` may not be empty."""

    notebook: str
    name: str
    environment: str
    to: int = 0
    reason: str


class TemplateOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Make a new notebook of a template in a folder; `name` without a path, empty for the template's own."""

    template: str
    folder: str = ""
    name: str = ""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an order, in one sentence; `reference` of the version, `id` of the request or deployment."""

    message: str
    reference: str = ""
    id: str = ""
    path: str = ""


class PanelError(msgspec.Struct, frozen=True, kw_only=True):
    """Why something was not done.

    Attributes:
        code: exit code that the command line would have.
        findings: of the policy, where it refused.
    """

    message: str
    where: str = ""
    remedy: str = ""
    code: int = 1
    findings: tuple[PanelFinding, ...] = ()
