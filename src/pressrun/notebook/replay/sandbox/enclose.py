"""Makes the sandbox of one replay: its folders, and the command that starts a kernel in it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from pressrun.errors import UsageError
from pressrun.notebook.replay.folder import ReplayFolder
from pressrun.notebook.replay.request import Enclosure, KernelChoice, Sandbox
from pressrun.notebook.replay.sandbox import supervisor
from pressrun.notebook.replay.sandbox.interpreter import Interpreter, ask_interpreter, environment_places
from pressrun.notebook.replay.sandbox.private import Private
from pressrun.notebook.replay.sandbox.probe import require_sandbox
from pressrun.notebook.replay.sandbox.system import system_words
from pressrun.notebook.replay.variables import kernel_environment

FOLDERS_OF_THE_USER = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "IPYTHONDIR")
TEMPORARY_FOLDERS = ("TMPDIR", "TEMP", "TMP")


class Enclosed(msgspec.Struct, frozen=True, kw_only=True):
    """A sandbox that is ready.

    Attributes:
        sandbox: what was asked for; `environment`: what the interpreter needs besides.
        private: what stands in for folders of the system.
        initial: paths, as the kernel knows them, of all files in folders of ours when it started.
    """

    choice: KernelChoice
    enclosure: Enclosure
    sandbox: Sandbox
    interpreter: Interpreter
    environment: tuple[str, ...]
    private: Private
    initial: frozenset[str]


def enclose(
    sandbox: Sandbox, choice: KernelChoice, folder: ReplayFolder, working_directory: str, tasks: Path | None
) -> Enclosed:
    """Make a sandbox.

    Args:
        sandbox: what may be seen of the project and the inputs.
        choice: the kernel to run in it.
        folder: of the replay.
        working_directory: where the kernel runs.
        tasks: folder that tasks write to.

    Raises:
        UsageError: no sandbox can be made here, or the kernel is none of Python.
    """
    start = require_sandbox()
    choice = _for_sandbox(choice)
    variables = kernel_environment(os.environ, choice.variables or (), choice.fixed)
    interpreter = ask_interpreter(choice.python or _python_of(choice.name), variables)
    environment, links = environment_places(interpreter, variables)
    home = os.path.normpath(variables.get("HOME", ""))
    private = Private(folder.sandbox, home if home.startswith(os.sep) and home != os.sep else "")
    private.make()
    writable = [folder.kernel, folder.told, folder.ipython, folder.recorders, *([tasks] if tasks else [])]
    mounts = _Mounts()
    for place, source in private.folders.items():
        mounts.add("--bind", str(source), place)
    for place, source in private.files.items():
        mounts.add("--ro-bind", str(source), place)
    for path in environment:
        mounts.add("--ro-bind", path, path)
    for shown in sandbox.shown:
        mounts.add("--bind", shown.source, shown.place)
    for path in sandbox.readable:
        mounts.add("--ro-bind", path, path)
    for path in (*map(str, writable), *sandbox.writable):
        mounts.add("--bind", path, path)
    for path, target in (*links, *sandbox.links):
        mounts.add("--symlink", target, path)
    words = (*start, *system_words(), *mounts.words(), "--remount-ro", os.sep, "--chdir", working_directory)
    told = str(folder.told / "kernel")
    return Enclosed(
        choice=choice,
        enclosure=Enclosure(words=words, python=interpreter.executable, told=told),
        sandbox=sandbox,
        interpreter=interpreter,
        environment=tuple(environment),
        private=private,
        initial=frozenset(files_shown(sandbox)),
    )


def kernel_prefix(enclosure: Enclosure, tracer: Sequence[str]) -> list[str]:
    """Return the words to put before a kernel's own.

    Args:
        enclosure: the sandbox.
        tracer: words that run what is behind them traced: the tracer runs inside the sandbox, where paths are the
            kernel's and what bubblewrap does is not traced. None when there is no tracer.
    """
    source = Path(supervisor.__file__).read_text(encoding="utf-8")
    program = tracer[0] if tracer else ""
    return [*enclosure.words, enclosure.python, "-I", "-S", "-c", source, enclosure.told, program, *tracer]


def files_shown(sandbox: Sandbox) -> list[str]:
    """Return the paths, as the kernel knows them, of the files that now lie in the folders shown to it; no links."""
    found = []
    for shown in sandbox.shown:
        for here, _, names in os.walk(shown.source):
            place = os.path.normpath(os.path.join(shown.place, os.path.relpath(here, shown.source)))  # noqa: PTH118
            found += [f"{place}{os.sep}{name}" for name in names if not os.path.islink(f"{here}{os.sep}{name}")]  # noqa: PTH114
    return found


class _Mounts:
    """What is mounted where; a folder comes before what lies in it, and of two at one place the later is seen."""

    def __init__(self) -> None:
        self._found: list[tuple[int, list[str]]] = []

    def add(self, how: str, source: str, place: str) -> None:
        place = os.path.normpath(place)
        self._found.append((len(Path(place).parts), [how, source, place]))

    def words(self) -> list[str]:
        return [word for _, words in sorted(self._found, key=lambda one: one[0]) for word in words]


def _for_sandbox(choice: KernelChoice) -> KernelChoice:
    """Return the choice without variables that name folders which are not there."""
    names = [name for name in choice.variables or () if name not in FOLDERS_OF_THE_USER]
    temporary = {name: "/tmp" for name in names if name in TEMPORARY_FOLDERS}  # noqa: S108  the sandbox's own
    return msgspec.structs.replace(choice, variables=tuple(names), fixed={**choice.fixed, **temporary})


def _python_of(name: str) -> str:
    from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415  0.1 s that most replays do not need

    spec: Mapping[str, list[str]] = KernelSpecManager().get_kernel_spec(name).to_dict()
    argv = spec["argv"]
    if not any("ipykernel" in word for word in argv) or not os.path.isabs(argv[0]):  # noqa: PTH117
        raise UsageError(
            f"the kernel {name!r} can't run in a sandbox: which Python it starts is not known",
            where="--sandbox",
            remedy="Name the interpreter with --python.",
        )
    return argv[0]
