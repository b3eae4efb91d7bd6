"""From an error to an answer: the status, and a body that says what, where and what to do."""

from __future__ import annotations

from http import HTTPStatus

from pressrun.actions.panel_orders import PolicyRefusesError
from pressrun.errors import (
    AccessDeniedError,
    ContentMovedError,
    HeadMovedError,
    PressrunError,
    RefusedError,
    ResultsDifferError,
    UnknownError,
    UsageError,
)
from pressrun.records.panel.orders import PanelError

_STATUS: tuple[tuple[type[PressrunError], HTTPStatus], ...] = (
    (AccessDeniedError, HTTPStatus.FORBIDDEN),
    (RefusedError, HTTPStatus.CONFLICT),
    (ContentMovedError, HTTPStatus.CONFLICT),
    (HeadMovedError, HTTPStatus.CONFLICT),
    (ResultsDifferError, HTTPStatus.CONFLICT),
    (UnknownError, HTTPStatus.NOT_FOUND),
    (UsageError, HTTPStatus.BAD_REQUEST),
)
"""The first that fits; everything else of ours is the server's own trouble."""
BY_STATUS = {
    400: "The request cannot be read.",
    403: "You are not allowed to do this on this server.",
    404: "There is nothing here.",
    405: "This can't be done here.",
    413: "The request is too large.",
    415: "The body has to be JSON, and to say so.",
}
UNEXPECTED = "pressrun itself failed; the server's log has more."


def status_of(error: PressrunError) -> HTTPStatus:
    """Return the status of an answer that tells of an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def failure(error: PressrunError) -> PanelError:
    """Return the body of an answer that tells of an error."""
    return PanelError(
        message=f"{error.what[:1].upper()}{error.what[1:]}.",
        where=error.where,
        remedy=error.remedy,
        code=error.exit_code,
        findings=error.findings if isinstance(error, PolicyRefusesError) else (),
    )


def failure_of(status: int, message: str = "") -> PanelError:
    """Return the body of an answer that the server itself gives."""
    return PanelError(message=message or BY_STATUS.get(status, UNEXPECTED), code=2 if status < 500 else 1)
