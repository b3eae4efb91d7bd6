"""A notebook in a sandbox tries to get out. Every attempt is also made without the sandbox, where it succeeds."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pressrun.actions.replay import ReplaySettings, replay
from pressrun.errors import UsageError
from pressrun.notebook.replay.sandbox.probe import require_sandbox
from pressrun.notebook.replay.sandbox.system import system_words

try:
    require_sandbox()
except UsageError as error:
    pytest.skip(str(error), allow_module_level=True)

CANARY = "canary-value"
ROOT = os.getuid() == 0

ATTEMPTS = {
    "a TCP connection to this machine": "import socket\nsocket.create_connection(('127.0.0.1', {port}), 3)",
    "a UDP packet to this machine": (
        "import socket, time\nwith socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:\n"
        "    s.sendto(b'{canary}', ('127.0.0.1', {udp}))\n    s.settimeout(3)\n    assert s.recv(9) == b'heard'"
    ),
    "an abstract unix socket": (
        "import socket\nwith socket.socket(socket.AF_UNIX) as s:\n    s.connect('\\0' + {abstract!r})"
    ),
    "a unix socket in the file system": (
        "import socket\nwith socket.socket(socket.AF_UNIX) as s:\n    s.connect({unix!r})"
    ),
    "an undeclared file": "result = open(outside + '/secret.txt').read()",
    "a child that reads it": "import subprocess\nresult = subprocess.check_output(['cat', outside + '/secret.txt'])",
    "a key in the home folder": "import os\nresult = open(os.path.expanduser('~/.ssh/id_rsa')).read()",
    "the names in the home folder": (
        "import os\nresult = {canary!r} if '.ssh' in os.listdir(os.path.expanduser('~')) else ''"
    ),
    "a declared link to an undeclared file": "result = open(''.join(['link', '.txt'])).read()",
    "a link out of a declared folder": "result = open('declared/out/' + str('secret.txt')).read()",
    "a link made by the notebook": "import os\nos.symlink(outside, 'made')\nresult = open('made/secret.txt').read()",
    "a hard link": "import os\nos.link(outside + '/secret.txt', 'hard')\nresult = open('hard').read()",
    "the root folder of another process": "result = open(proc + '/root' + outside + '/secret.txt').read()",
    "the environment of another process": "result = open(proc + '/environ').read()",
    "the working folder of another process": "result = open(proc + '/cwd/secret.txt').read()",
    "a signal to another process": "import os\nos.kill({pid}, 18)",
    "the memory of another process": (
        "import ctypes\nc = ctypes.CDLL(None, use_errno=True)\nassert c.ptrace(16, {pid}, 0, 0) == 0\n"
        "import os\nos.waitpid({pid}, 0x40000000)\nassert c.ptrace(17, {pid}, 0, 0) == 0"
    ),
    "shared memory of another process": (
        "import mmap, os\nfd = os.open(''.join(['/dev/shm/', {shared!r}]), os.O_RDONLY)\n"
        "result = mmap.mmap(fd, 12, prot=1)[:].decode()"
    ),
    "a new file outside": "open(outside + '/new.txt', 'w').write('x')",
    "a change of an undeclared file": "open(outside + '/changed.txt', 'a').write('x')",
    "a change of a declared file outside the project": "open(above + '/elsewhere.txt', 'a').write('x')",
    "a new file in the environment": (
        "import sys, os\np = sys.prefix + '/escaped.txt'\nopen(p, 'w').close()\nos.unlink(p)"
    ),
    "what the replay notes": "import os\nos.stat(os.path.dirname(os.environ['IPYTHONDIR']) + '/journal.jsonl')",
}
AS_ROOT = {
    "settings of the system": "import os\nos.close(os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY))",
    "a new file beside what is shown": "import os\nopen('/escaped', 'x').close()\nos.unlink('/escaped')",
    "a device": "import os, stat\nos.mknod('device', stat.S_IFBLK | 0o600, os.makedev(8, 0))",
    "passwords": "result = open('/etc/' + str('shadow')).read() and {canary!r}",
    "a namespace": "import subprocess\nsubprocess.run(['unshare', '-U', 'true'], check=True, capture_output=True)",
    "privileges": (
        "import re\nmask = re.search('CapEff:\\\\s*(\\\\w+)', open('/proc/self/status').read())[1]\n"
        "result = {canary!r} if int(mask, 16) else ''"
    ),
}
READS = {name for name, source in ATTEMPTS.items() if "result = " in source} | {"passwords", "privileges"}
EVERY = {**ATTEMPTS, **(AS_ROOT if ROOT else {})}


class World:
    """What is there to get at: files, sockets, a process, shared memory."""

    def __init__(self, folder: Path) -> None:
        self.hits: list[str] = []
        self.project = folder / "project"
        outside = folder / "outside"
        home = folder / "home"
        for made in (self.project / "declared", outside, home / ".ssh"):
            made.mkdir(parents=True)
        (self.project / "pyproject.toml").touch()
        for file in (
            outside / "secret.txt",
            outside / "changed.txt",
            home / ".ssh" / "id_rsa",
            folder / "elsewhere.txt",
        ):
            file.write_text(CANARY)
        (self.project / "link.txt").symlink_to(outside / "secret.txt")
        (self.project / "declared" / "out").symlink_to(outside)
        (self.project / "declared" / "in.txt").write_text("fine")
        self.outside, self.home, self.elsewhere = outside, home, folder / "elsewhere.txt"
        self.victim = self._bystander()
        self.shared = Path("/dev/shm", f"pressrun-{uuid.uuid4()}")
        self.shared.write_text(CANARY)
        self.abstract = f"pressrun-{uuid.uuid4()}"
        self.unix = str(folder / "s")
        self._sockets = [
            socket.create_server(("127.0.0.1", 0)),
            socket.socket(socket.AF_UNIX),
            socket.socket(socket.AF_UNIX),
        ]
        self._sockets[1].bind("\0" + self.abstract)
        self._sockets[2].bind(self.unix)
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        for listener in self._sockets:
            listener.listen()
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        threading.Thread(target=self._hear, daemon=True).start()

    def _bystander(self) -> subprocess.Popen[bytes]:
        """Start a process whose id no process in a sandbox is likely to have, too."""
        environment = {"CANARY": CANARY, "PATH": os.environ["PATH"]}
        while True:
            process = subprocess.Popen(["sleep", "600"], cwd=self.outside, env=environment)
            if process.pid > 500:
                return process
            process.kill()
            process.wait()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.hits.append("connection")
            connection.close()

    def _hear(self) -> None:
        while True:
            try:
                _, sender = self._udp.recvfrom(100)
            except OSError:
                return
            self.hits.append("packet")
            self._udp.sendto(b"heard", sender)

    def facts(self) -> dict[str, Any]:
        return {
            "port": self._sockets[0].getsockname()[1],
            "udp": self._udp.getsockname()[1],
            "abstract": self.abstract,
            "unix": self.unix,
            "outside": str(self.outside),
            "elsewhere": str(self.elsewhere),
            "pid": self.victim.pid,
            "shared": self.shared.name,
            "canary": CANARY,
        }

    def close(self) -> None:
        for one in (*self._sockets, self._udp):
            one.close()
        self.victim.kill()
        self.victim.wait()
        self.shared.unlink()


def tried(world: World, *, sandbox: bool) -> dict[str, str]:
    """Make every attempt in one notebook; return attempt -> what came of it."""
    outside = str(world.outside).encode().hex()  # not as text: a file that the source names is declared
    cells = [
        f"import os\noutside = bytes.fromhex('{outside}').decode()\nabove = os.path.dirname(outside)\n"
        f"proc = '/proc/' + str({world.victim.pid})\n"
        "print('start', 'done', sep=' | ')"
    ]
    for name, source in EVERY.items():
        body = "\n".join("    " + line for line in source.format(**world.facts()).splitlines())
        cells.append(
            f"result = ''\ntry:\n{body}\n    told = 'done: ' + str(result)\n"
            f"except BaseException as error:\n    told = 'failed: ' + repr(error)\n"
            f"print({name!r}, told, sep=' | ', end='')"
        )
    made = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for n, source in enumerate(cells)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "P"}, "language_info": {"name": "python"}}
    path = world.project / "nb.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": made}))
    inputs = (world.project / "link.txt", world.project / "declared", world.elsewhere) if sandbox else ()
    output = world.project.parent / f"out-{sandbox}.ipynb"
    result = replay(path, output, settings=ReplaySettings(sandbox=sandbox, inputs=inputs, track=False))
    assert result.ok, result.failure
    found = {}
    for cell in json.loads(output.read_text())["cells"]:
        name, _, told = "".join(cell["outputs"][0]["text"]).partition(" | ")
        found[name] = told
    return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, tuple[World, dict[str, str]]]]:
    """Every attempt in a sandbox, and in a world of its own without."""
    found = {}
    with contextlib.ExitStack() as stack:
        for sandbox in (True, False):
            world = stack.enter_context(contextlib.closing(World(tmp_path_factory.mktemp("world"))))
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("HOME", str(world.home))
                found[sandbox] = (world, tried(world, sandbox=sandbox))
        yield found


@pytest.mark.parametrize("name", EVERY)
def test_the_attempt_fails_in_a_sandbox_and_succeeds_without(name: str, told: dict[bool, Any]) -> None:
    inside, without = told[True][1][name], told[False][1][name]
    if name in READS:
        assert CANARY in without, "the attempt shows nothing"
        assert CANARY not in inside
    else:
        assert without.startswith("done"), "the attempt shows nothing"
        assert inside.startswith("failed")


def test_nothing_outside_was_touched_or_reached(told: dict[bool, Any]) -> None:
    world, free = told[True][0], told[False][0]
    assert world.hits == []
    assert len(free.hits) == 4, "the listeners hear nothing"
    assert {path.name for path in world.outside.iterdir()} == {"secret.txt", "changed.txt"}
    assert (world.outside / "changed.txt").read_text() == world.elsewhere.read_text() == CANARY
    assert {path.name for path in world.project.iterdir()} == {"declared", "link.txt", "nb.ipynb", "pyproject.toml"}
    assert (free.outside / "new.txt").exists()
    assert world.victim.poll() is None


SPEAK = "import os; os.close(os.open('/dev/tty', os.O_RDWR)); print('has a terminal')"


@pytest.mark.parametrize(("flag", "reached"), [(True, False), (False, True)])
def test_no_terminal_can_be_typed_into(flag: bool, reached: bool) -> None:
    words = require_sandbox()
    if not flag:
        words.remove("--new-session")
    prefixes = [word for place in {sys.prefix, sys.base_prefix} for word in ("--ro-bind", place, place)]
    words += [*system_words(), *prefixes, sys.executable, "-c", SPEAK]
    process, terminal = pty.fork()
    if process == 0:
        os.execv(words[0], words)
    told = b""
    while True:
        try:
            read = os.read(terminal, 1000)
        except OSError:
            break
        if not read:
            break
        told += read
    os.waitpid(process, 0)
    os.close(terminal)
    assert (b"has a terminal" in told) is reached, told
