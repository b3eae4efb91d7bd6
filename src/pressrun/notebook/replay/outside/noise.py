"""Which of the opened paths are none of the notebook's data, seen from outside.

The rules of `pressrun.observer.classify`, which the recorder inside the kernel goes by, and what only the outside sees:
shared libraries, the system's own files, settings in the home folder that programs read when they start, and what an
installer writes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from pressrun.observer.classify import PREFIX_PARTS, is_noise

_LIBRARY = re.compile(r"\.so(\.\d+)*$|\.pyc(\.\d+)?$|\.py[od]$")
_STANDARD_LIBRARY = re.compile(r"lib(64)?/python\d[\d.]*t?(\.zip$|/)")
_SHARED = "/dev/shm/"  # noqa: S108  memory that can hold files, unlike the rest of /dev
_OBJECTS = re.compile(r"/dev/shm/(sem\.|psm_|pym|loky-|joblib|torch_|cuda|\.?com\.|pulse)")  # noqa: S108
_MOUNTED = re.compile(r"/run/(media|mount|user/\d+/(gvfs|doc))/")
_SYSTEM = re.compile(
    r"/(usr|bin|sbin|lib|lib32|lib64|libx32|proc|sys|dev|etc|run|boot|var/(run|lib|log|cache/(fontconfig|ldconfig|man)))/"
)
_SETTINGS = re.compile(
    r"\.(bash\w*|profile|zsh\w*|inputrc|gitconfig|config|ssh|gnupg|aws|azure|docker|netrc|curlrc|wgetrc|condarc"
    r"|conda/environments\.txt|pip|pypirc|nv|terminfo|Xauthority|local/share/(fonts|jupyter|mime|locale)|local/state"
    r"|cache/(fontconfig|matplotlib|pip|uv|mesa_shader_cache\w*|ipython|numba|pressrun)|ipython|jupyter|pyenv)(/|$)"
)
_INSTALLED = re.compile(r"/(site|dist)-packages/")
_SCRATCH = re.compile(r"/(joblib_memmapping_folder_|pymp-|ipykernel_\d)")
_BYTE_CODE = re.compile(r"(.*)/__pycache__/([^/]+?)\.(?:cpython|pypy)-?\d+(?:\.opt-\d)?\.pyc")


class Noise:
    """Decides for one trace.

    Args:
        programs: paths of the programs that ran; the folders of the Pythons among them hold no data.
        folders: absolute paths of our own folders.
    """

    def __init__(self, programs: Iterable[str], folders: Iterable[str]) -> None:
        tops = set()
        for program in programs:
            if os.path.basename(program).startswith("python"):  # noqa: PTH119  no path is needed
                tops |= {Path(program).parent.parent, Path(os.path.realpath(program)).parent.parent}
        self._tops = tuple(f"{top}/" for top in sorted(tops - {Path("/")}))
        self._roots = tuple(f"{top}/{part}/" for top in sorted(tops - {Path("/")}) for part in PREFIX_PARTS)
        self._own = tuple(f"{folder.rstrip('/')}/" for folder in folders if folder)
        self._home = f"{Path.home()}/"

    def is_ours(self, path: str) -> bool:
        """Tell whether `path` lies in a folder of ours."""
        return f"{path}/".startswith(self._own)

    def hides(self, path: str, *, written: bool = False) -> bool:
        """Tell whether `path` is none of the notebook's data.

        Args:
            path: absolute.
            written: it was written and never read; what an installer leaves is no product of a notebook.
        """
        if path.startswith(_SHARED):
            return _OBJECTS.match(path) is not None or self.is_ours(path)
        if _MOUNTED.match(path):
            return False
        if self.is_ours(path) or is_noise(path, self._roots):
            return True
        if _INSTALLED.search(path):
            return written or _LIBRARY.search(path) is not None
        if any(path.startswith(top) and _STANDARD_LIBRARY.match(path, len(top)) for top in self._tops):
            return True
        if _LIBRARY.search(path) or _SCRATCH.search(path):
            return True
        if path.startswith(self._home):
            return _SETTINGS.match(path, len(self._home)) is not None
        return _SYSTEM.match(path) is not None

    def hides_lookup(self, path: str) -> bool:
        """Tell whether a file that was looked for at `path` and not found would have been none of the data."""
        return self.hides(path) or _INSTALLED.search(path) is not None


def source_of(path: str) -> str:
    """Return the source that byte code in a cache was made of, which is not opened itself; else `path`."""
    found = _BYTE_CODE.fullmatch(path)
    if found is None or _INSTALLED.search(path):
        return path
    source = f"{found[1]}/{found[2]}.py"
    return source if os.path.exists(source) else path  # noqa: PTH110  thousands of them
