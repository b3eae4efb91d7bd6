"""The process that does one job, run as a script by its path: ``python job_runner.py FOLDER``.

It belongs to nobody: not to the server that started it, nor to a terminal. It says in its folder that it lives, what
happens, and how it ended. SIGINT and SIGTERM stop it, and it then says so.
"""

import sys

if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):
    del sys.path[0]  # this folder: its modules are named like others of the standard library

import contextlib
import signal
import time
import traceback
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType

import msgspec

from pressrun.actions.job_progress import Followed, JobProgress
from pressrun.actions.job_work import work
from pressrun.errors import NotebookFailedError, PressrunError, ResultsDifferError
from pressrun.records.jobs import JobResult
from pressrun.records.panel.jobs import JobState
from pressrun.store.jobs import PROCESS, RESULT, JobFolder, this_process

STOPPED = "It was stopped."
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Do the job in the folder that is named on the command line."""
    folder = JobFolder(Path(sys.argv[1]))
    # whoever started the server may have told it to ignore them
    for number in _SIGNALS:
        signal.signal(number, _stop)
    began = time.monotonic()
    with folder.held():
        folder.write(PROCESS, msgspec.json.encode(this_process()))
        progress = JobProgress(folder)
        with contextlib.closing(progress):
            outcome = _outcome(folder, progress)
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        result = _result(folder, outcome, time.monotonic() - began)
        folder.write(RESULT, msgspec.json.encode(result))


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


def _outcome(folder: JobFolder, progress: JobProgress) -> JobResult:
    try:
        progress.stage("Beginning")
        outcome = JobResult(state="stopped") if folder.wants_to_stop() else work(folder, folder.order(), progress)
    except KeyboardInterrupt:
        outcome = JobResult(state="stopped")
    except PressrunError as error:
        outcome = JobResult(state=_state(error), message=_sentence(error), remedy=error.remedy)
    except Exception as error:  # noqa: BLE001 - the outermost guard: a job always says how it ended
        traceback.print_exc()
        outcome = JobResult(
            state="failed",
            message=f"pressrun itself failed: {type(error).__name__}: {error}",
            remedy=f"The log has more: {folder.path / 'log.txt'}",
        )
    if folder.wants_to_stop() and outcome.state not in {"completed", "differs"}:
        return msgspec.structs.replace(outcome, state="stopped", message=STOPPED, remedy="")
    return outcome if outcome.message else msgspec.structs.replace(outcome, message=STOPPED)


def _state(error: PressrunError) -> JobState:
    if isinstance(error, NotebookFailedError):
        return "failed"
    return "differs" if isinstance(error, ResultsDifferError) else "refused"


def _sentence(error: PressrunError) -> str:
    text = f"{error.where}: {error.what}" if error.where else error.what
    return f"{text[:1].upper()}{text[1:]}."


def _result(folder: JobFolder, outcome: JobResult, duration_s: float) -> JobResult:
    followed = Followed(folder)
    followed.more()
    return msgspec.structs.replace(
        outcome,
        ended=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        duration_s=round(duration_s, 3),
        stage=followed.stage,
        cells=followed.settled(),
        expected=followed.expected,
        notes=(*followed.notes, *outcome.notes),
    )


if __name__ == "__main__":
    main()
