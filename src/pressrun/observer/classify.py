"""What an opened path or a started program is: the part of the recorder that only decides.

Sent into the kernel together with `pressrun.observer.recorder`: standard library only, Python 3.7 and later.
"""

# Standard library of Python 3.7, and pathlib would cost what a cell should not notice:
# ruff: noqa: PTH109, PTH117, PTH118, PTH119, PTH120, PTH206

from __future__ import annotations

import os
import re
import sys
from typing import Any

NOISE_SUFFIXES = (
    ".pyc", ".pyo", ".pyi", ".so", ".dylib", ".pyd", ".ttf", ".otf", ".afm", ".pfb", ".woff", ".woff2", ".mplstyle",
    ".pth", ".typed", ".nbi", ".nbc", ".egg-link", "/pyvenv.cfg", "/matplotlibrc",
)  # fmt: skip
NOISE_ANYWHERE = re.compile(
    r"/__pycache__/|/share/fonts/|/\.fonts/|/\.ipython/|/\.jupyter/|/fontconfig/|/matplotlib/fontlist|/\.config/matplotlib/|/\.cache/matplotlib/"
)
NOISE_IN_LIBRARIES = re.compile(
    r"\.py$|\.(dist|egg)-info/|/zoneinfo/|/mpl-data/|/tzdata/|/certifi/|/jedi/|/parso/|/IPython/|/ipykernel/|/debugpy/"
)
NOISE_ROOTS = ("/proc/", "/sys/", "/dev/", "/etc/", "/run/", "/usr/lib/ssl/",
               "/usr/share/zoneinfo/", "/usr/share/mime/", "/usr/share/locale/", "/usr/share/ca-certificates/",
               "/usr/share/fontconfig/")  # fmt: skip
PREFIX_PARTS = ("bin", "etc", "include", "conda-meta", "share/fonts", "share/jupyter", "share/zoneinfo", "share/locale")
SHELLS = ("sh", "bash", "zsh", "dash", "ksh", "fish")
THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS", "NUMBA_NUM_THREADS", "TBB_NUM_THREADS", "RAYON_NUM_THREADS",
    "POLARS_MAX_THREADS", "OMP_THREAD_LIMIT", "OMP_DYNAMIC", "MKL_DYNAMIC", "MKL_CBWR", "GOTO_NUM_THREADS",
)  # fmt: skip


def access_of(mode: Any, flags: Any) -> str:
    """Return ``r``, ``w`` or ``rw`` for the arguments of an ``open`` audit event."""
    flags = flags if isinstance(flags, int) else 0
    kind = flags & (os.O_WRONLY | os.O_RDWR)
    if isinstance(mode, str) and not kind:
        kind = os.O_RDWR if "+" in mode else os.O_WRONLY if set(mode) & set("wax") else 0
    if kind & os.O_WRONLY:
        return "w"
    if kind & os.O_RDWR:
        emptied = flags & (os.O_TRUNC | os.O_EXCL) or (isinstance(mode, str) and set(mode) & set("wx"))
        return "w" if emptied else "rw"
    return "r"


def absolute(path: str | bytes | os.PathLike[Any]) -> str:
    """Return `path` as absolute text, without resolving a symbolic link in its last part."""
    text = os.fsdecode(path)
    if not os.path.isabs(text):
        text = os.path.join(os.getcwd(), text)
    if os.pardir in text.split(os.sep):
        folder, name = os.path.split(text)
        return os.path.join(os.path.realpath(folder), name)
    return os.path.normpath(text)


def library_roots() -> tuple[str, ...]:
    """Return the folders that hold the interpreter's own files, each ended by a separator."""
    folders = {os.path.dirname(os.__file__), os.path.dirname(os.path.realpath(os.__file__))}
    for prefix in {sys.prefix, sys.base_prefix}:
        folders.update(os.path.join(prefix, part) for part in PREFIX_PARTS)
    return tuple(folder + os.sep for folder in sorted(folders))


def is_noise(path: str, roots: tuple[str, ...]) -> bool:
    """Tell whether `path` is none of the notebook's data: code, fonts, time zones, settings, devices.

    A data file inside an installed distribution is no noise: many notebooks read one.

    Args:
        path: absolute.
        roots: what `library_roots` gave.
    """
    plain = path.replace(os.sep, "/")
    if plain.startswith(NOISE_ROOTS) or plain.endswith(NOISE_SUFFIXES) or NOISE_ANYWHERE.search(plain):
        return True
    if "/site-packages/" in plain or "/dist-packages/" in plain:
        return NOISE_IN_LIBRARIES.search(plain) is not None
    return path.startswith(roots)


def program_of(arguments: Any, executable: Any = None) -> str:
    """Return the name of the program that is started, without arguments: those may hold secrets."""
    if isinstance(arguments, (str, bytes)):
        return command_word(arguments)
    if isinstance(arguments, os.PathLike):
        arguments = [arguments]
    words = [os.fsdecode(word) for word in list(arguments or ())[:3]]
    if not words and executable:
        words = [os.fsdecode(executable)]
    if len(words) == 3 and words[1] == "-c" and os.path.basename(words[0]) in SHELLS:
        return command_word(words[2])
    return os.path.basename(words[0])[:100] if words else ""


def command_word(command: str | bytes) -> str:
    """Return the first word of a shell command, without variables that are set before it."""
    plain = re.sub(r"^\s*(?:\w+=(?:\"[^\"]*\"|'[^']*'|\S*)\s+)*", "", os.fsdecode(command))
    word = re.match(r"[^\s;|&<>()\"']+", plain)
    return os.path.basename(word.group())[:100] if word and "=" not in word.group() else ""


def thread_settings() -> dict[str, str]:
    """Return thread settings of the environment, and of libraries where the notebook itself has loaded them."""
    settings = {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ}
    settings["cpu_count"] = str(os.cpu_count())
    if "threadpoolctl" in sys.modules:
        for pool in sys.modules["threadpoolctl"].threadpool_info():
            name = str(pool.get("internal_api"))
            settings[name + ".num_threads"] = str(pool.get("num_threads"))
            settings[name + ".version"] = str(pool.get("version"))
    if "torch" in sys.modules:
        settings["torch.num_threads"] = str(sys.modules["torch"].get_num_threads())
    return settings
