"""Which of the opened files are the notebook's data, and what they are called.

What counts, in this order:

1. A file of the project is data, except version control, caches, environments, byte code, and code that was imported.
2. A file that an installed distribution brought (its RECORD says so) is package data, pinned by name and version;
   except code, fonts, time zones, certificates, and the files of the kernel's own machinery.
3. Another file inside the interpreter's folders is data only when it stands where nothing is installed to (a data set
   that a library downloaded there).
4. System folders, settings and credentials in the home folder, and runtime files of Jupyter, IPython, matplotlib,
   fontconfig and installers are none. Other caches in the home folder are: libraries keep downloaded data sets there.
5. A temporary file is data only when it was there before the notebook (read first) and still is.
6. Everything else is data from outside the project.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from pressrun.notebook.environment.distributions import PackageFile, owners_of
from pressrun.records.capture import Environment, FileAccess, InputRole, Observation

LISTINGS = frozenset({"os.listdir", "os.scandir", "readdir"})
CODE_SUFFIXES = (".pyc", ".pyo", ".so", ".pyd", ".dylib", ".dll")
SKIPPED_PARTS = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".pressrun",
        "__pycache__",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
    }
)
"""Folder names that hold no data wherever they stand."""

SYSTEM_FOLDERS = (
    "/proc/", "/sys/", "/dev/", "/run/", "/etc/", "/usr/", "/lib/", "/lib64/", "/bin/", "/sbin/", "/var/run/",
    "/var/lib/", "/System/", "/Library/", "/private/etc/", "C:/Windows/",
)  # fmt: skip
MOUNTED = re.compile(r"/run/(media|mount|user/\d+/(gvfs|doc))/")
"""Where desktops mount drives and shares, in a system folder."""

HOME_SKIPPED = re.compile(
    r"^(\.config|\.ipython|\.jupyter|\.ssh|\.aws|\.netrc$|\.gnupg|\.kaggle|\.local/(share|state)/jupyter|\.fonts"
    r"|\.local/share/fonts|\.cache/(matplotlib|fontconfig|pip|uv|ipython|pypoetry|conda|numba|mesa_shader_cache|pressrun)"
    r"|\.matplotlib|\.python_history$|Library/(Jupyter|Fonts|Preferences|Caches/(pip|uv|pressrun|matplotlib)))(/|$)"
)
TEMPORARY_SKIPPED = re.compile(
    r"(^|/)(ipykernel_\d+|matplotlib-[^/]*|pymp-[^/]*|joblib_memmapping_folder_[^/]*|pressrun-[^/]*)/"
)
RUNTIME_FILE = re.compile(r"(^|/)(kernel-[\w-]+\.json|fontlist-v[\d.]+\.json|history\.sqlite[\w-]*)$")
PACKAGE_NOISE = re.compile(
    r"\.(py|pyi|pyx|pxd|h|hpp|c|cpp|pth|ttf|otf|afm|pfb|woff2?|mplstyle|css|js|typed|egg-link)$|(^|/)[^/]+\.(dist|egg)-info(/|$)"
    r"|^matplotlib/mpl-data/(?!sample_data/)|(^|/)zoneinfo(/|$)|^\.\./"
)
MACHINERY = frozenset(
    {
        "certifi", "debugpy", "fonttools", "ipykernel", "ipython", "ipywidgets", "jedi", "jsonschema",
        "jsonschema-specifications", "jupyter-client", "jupyter-core", "nbclient", "nbformat", "papermill", "parso",
        "pip", "pressrun", "pygments", "python-dateutil", "pytz", "setuptools", "traitlets", "tzdata", "wheel",
    }
)  # fmt: skip
"""Distributions whose files are read by the kernel itself and never are a notebook's data."""

INTERPRETER_SKIPPED = re.compile(
    r"^(bin|Scripts|include|etc|ssl|conda-meta|DLLs|lib(32|64)?/[^/]*\.(so|dylib)|lib(64)?/python[\d.]+t?/(?!(site|dist)-packages/)"
    r"|Lib/(?!site-packages/)|share/(jupyter|zoneinfo|fonts|fontconfig|mime|locale|terminfo)|pyvenv\.cfg$)"
)


class Place(msgspec.Struct, frozen=True):
    """A file that counts: where it is, and what it is called in a record."""

    path: Path
    role: InputRole
    name: str


class InputRules:
    """Decides for one run. See the module for the rules.

    Args:
        project: the folder that project paths are relative to.
        environment: the kernel's.
        observation: what was opened; its imported modules are code, not data.
        environ: environment variables that name folders of tools.
    """

    def __init__(
        self,
        project: Path,
        environment: Environment,
        observation: Observation,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        environ = os.environ if environ is None else environ
        self._real_folders: dict[str, str] = {}
        self._environments: dict[str, bool] = {}
        self._project = _prefixes(project)
        self._home = _prefixes(Path.home())
        interpreter = [environment.prefix, environment.base_prefix, *environment.site_paths]
        self._interpreter = _prefixes(*(top for top in interpreter if top))
        self._code = {form for module in observation.modules for form in self._forms(module.file)}
        tools = ("MPLCONFIGDIR", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
        self._tools = _prefixes(*(environ[name] for name in tools if environ.get(name)))
        folders = (tempfile.gettempdir(), environ.get("TMPDIR") or "/tmp", "/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - to recognise
        self._temporary = _prefixes(*folders)
        installed = [a.path for a in observation.files if _inside(self._forms(a.path), self._interpreter) is not None]
        self._owners = owners_of(installed, environment.distributions)

    def place(self, access: FileAccess) -> Place | None:
        """Return what the opened file is called, or None when it is no data of the notebook."""
        forms = self._forms(access.path)
        text = forms[0].replace(os.sep, "/")
        if text.endswith(CODE_SUFFIXES) or RUNTIME_FILE.search(text) or not self._code.isdisjoint(forms):
            return None
        if access.path in self._owners:
            return _package_data(forms[0], self._owners[access.path])
        inside = _inside(forms, self._project)
        container = _inside(forms, self._interpreter)
        if inside is not None and (container is None or len(inside) <= len(container)):
            skipped = not SKIPPED_PARTS.isdisjoint(inside.split("/")[:-1]) or self._in_environment(forms[0])
            return None if skipped else Place(Path(forms[0]), "project", inside)
        if not SKIPPED_PARTS.isdisjoint(text.split("/")[:-1]):
            return None
        return Place(Path(forms[0]), "outside", text) if self._is_outside_data(text, forms, access) else None

    def is_whole(self, folder: Path) -> bool:
        """Tell whether a listed folder may count as one data set: not the project, home, or anything above them."""
        prefix = str(folder).rstrip(os.sep) + os.sep
        return not any(top.startswith(prefix) for top in (*self._project, *self._home, *self._temporary))

    def _forms(self, path: str) -> tuple[str, str]:
        """Return `path` as written and with the links of its folder resolved; its last part may be a link."""
        folder, name = os.path.split(os.path.normpath(path))
        if folder not in self._real_folders:
            self._real_folders[folder] = os.path.realpath(folder).rstrip(os.sep)
        return f"{folder.rstrip(os.sep)}{os.sep}{name}", f"{self._real_folders[folder]}{os.sep}{name}"

    def _in_environment(self, path: str) -> bool:
        """Tell whether a file or folder of the project lies in a virtual or conda environment."""
        folder = path.rpartition(os.sep)[0]
        if folder not in self._environments:
            if f"{folder}{os.sep}" in self._project or not folder:
                self._environments[folder] = False
            else:
                marked = Path(folder, "pyvenv.cfg").exists() or Path(folder, "conda-meta").is_dir()
                self._environments[folder] = marked or self._in_environment(folder)
        return self._environments[folder]

    def _is_outside_data(self, text: str, forms: tuple[str, str], access: FileAccess) -> bool:
        if _inside(forms, self._tools) is not None:
            return False
        relative = _inside(forms, self._interpreter)
        if relative is not None:
            top = text.removesuffix(relative)
            return not (INTERPRETER_SKIPPED.search(relative) or PACKAGE_NOISE.search(relative) or top in {"/usr/", "/"})
        home = _inside(forms, self._home)
        if home is not None and HOME_SKIPPED.search(home):
            return False
        temporary = _inside(forms, self._temporary)
        if temporary is not None:
            return access.first != "write" and Path(text).exists() and not TEMPORARY_SKIPPED.search(temporary)
        return home is not None or not text.startswith(SYSTEM_FOLDERS) or MOUNTED.match(text) is not None


def _package_data(path: str, owner: PackageFile) -> Place | None:
    if owner.name in MACHINERY or PACKAGE_NOISE.search(owner.path):
        return None
    return Place(Path(path), "package-data", f"{owner.name}=={owner.version}/{owner.path}")


def _inside(forms: Iterable[str], prefixes: tuple[str, ...]) -> str | None:
    """Return the shortest posix path of any of `forms` below any of `prefixes`; None when it is below none."""
    found = [form[len(prefix) :] for form in forms for prefix in prefixes if form.startswith(prefix)]
    return min(found, key=len).replace(os.sep, "/") if found else None


def _prefixes(*folders: Path | str) -> tuple[str, ...]:
    """Return folders as written and with links resolved, each ended by a separator."""
    both = [form for folder in folders for form in (os.path.normpath(folder), os.path.realpath(folder))]
    return tuple(dict.fromkeys(form.rstrip(os.sep) + os.sep for form in both))
