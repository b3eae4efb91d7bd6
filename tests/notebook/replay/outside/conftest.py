"""Traces: written by hand, and made by really tracing a Python that is no kernel."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pressrun.notebook.replay.outside.command import find_tracer
from pressrun.notebook.replay.outside.recorder import StraceRecorder
from pressrun.notebook.replay.outside.trace import Trace, read_trace

KERNEL = '10 execve("/usr/bin/python3", [...], 0x7ffd /* 3 vars */) = 0'
HELLO = '10 openat(AT_FDCWD</w>, "/own/hello", O_RDONLY|O_CLOEXEC) = 3</own/hello>'
PROCESS = re.compile(r"^((?:\x02-?\d+\x03)*)(\d+) +", re.MULTILINE)
END = "10 +++ exited with 0 +++"


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Trace]:
    """Read a trace of these lines: between those of a kernel that starts, shows up, and ends."""

    def read(*lines: str, whole: bool = True, limit: int = 10**6) -> Trace:
        begin = {"at": 0.0, "folders": ["/own"], "hello": "/own/hello"}
        (tmp_path / "start.json").write_text(json.dumps(begin))
        text = "\n".join([KERNEL, HELLO, "\x020\x03", *lines, *([END] if whole else []), ""])
        text = PROCESS.sub(lambda found: f"{found[1]}{found[2]:<5} ", text)  # as strace pads it
        (tmp_path / "trace").write_bytes(text.encode())
        trace = read_trace(tmp_path, limit)
        assert trace is not None
        return trace

    return read


@pytest.fixture
def traced(tmp_path: Path) -> Callable[..., Trace]:
    """Run Python code under the tracer in ``tmp_path/project`` as a kernel would be, all of it as cell 0."""
    tracer = find_tracer()
    if not tracer.works:
        pytest.skip(f"nothing can be traced here: {tracer.reason}")
    project = tmp_path / "project"
    project.mkdir()

    def run(code: str, *, python: str = sys.executable, limit: int = 10**8) -> Trace:
        folder = tmp_path / "recorder"
        folder.mkdir()
        recorder = StraceRecorder(tracer.program, (str(folder),), limit)
        words = recorder.prefix(folder)
        program = "import sys; exec(sys.stdin.readline()); exec(sys.stdin.read())"
        process = subprocess.Popen([*words, python, "-c", program], cwd=project, stdin=subprocess.PIPE, text=True)
        assert process.stdin is not None
        said = process.stdin

        def ask(source: str) -> bool:
            said.write(f"{source}\n")
            said.flush()
            return True

        while b"execve" not in (folder / "trace").read_bytes():  # a kernel answers before anything begins
            time.sleep(0.005)
        recorder.enter(0)
        recorder.begin(folder, process.pid, ask)
        said.write(code)
        said.close()
        assert process.wait(60) == 0
        recorder.close()
        trace = read_trace(folder, limit)
        assert trace is not None
        return trace

    return run
