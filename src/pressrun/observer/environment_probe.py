"""Says what the interpreter that runs it is and what is installed there.

This file is run as a script by a notebook's own interpreter, which may be any Python from 3.7 on and need not have
pressrun: it uses the standard library only. It sees the ``sys.path`` of a kernel (site-packages, user site,
``PYTHONPATH``), and neither its own folder nor the working directory. A request is read from standard input as JSON,
``{"modules": [[name, file], ...]}``; the answer is one line of JSON on standard output after `MARKER`, because a
``.pth`` file of the environment may print as well. Reading is all it does.
"""

# The imports wait until sys.path is clean, and pathlib would double the start-up time:
# ruff: noqa: E402, PLC0415, PTH110, PTH112, PTH113, PTH117, PTH118, PTH119, PTH120, PTH123, PTH208

from __future__ import annotations

import sys

STARTUP_MODULES = frozenset(sys.modules)
"""What ``.pth`` files and ``sitecustomize`` imported before any code of ours or of the notebook."""

if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):
    del sys.path[0]  # the folder of this script, which must not shadow anything

import ast
import csv
import json
import os
import platform
import re
import subprocess
import sysconfig
import urllib.parse
import urllib.request

MARKER = "pressrun-environment-probe:"

CPU_FEATURES = re.compile(r"^(avx\w*|amx\w*|fma|f16c|sse4_1|sse4_2|bmi2|neon|asimd\w*|sve\w*|bf16|i8mm)$")
THREAD_SETTINGS = re.compile(
    r"^(BLIS|GOTO|KMP|MKL|NUMBA|NUMEXPR|OMP|OPENBLAS|POLARS|RAYON|TF|VECLIB)_"
    r"(\w*THREADS|THREAD_LIMIT|DYNAMIC|PROC_BIND|AFFINITY|CBWR|CORETYPE)$"
)


def canonical_name(name: str) -> str:
    """Return the PEP 503 form of a distribution's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Metadata:
    """One ``.dist-info`` or ``.egg-info`` on disk, read without ``importlib.metadata`` (Python 3.7 has none)."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.base = os.path.dirname(path)

    def read(self, name: str) -> str:
        """Return the text of a metadata file; empty when there is none."""
        path = os.path.join(self.path, name) if os.path.isdir(self.path) else self.path
        if path == self.path and name != "PKG-INFO":
            return ""
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                return stream.read()
        except OSError:
            return ""


def discover() -> list[Metadata]:
    """Return every distribution that ``sys.path`` shows, in the order of ``sys.path``."""
    found = []
    try:
        from importlib import metadata
    except ImportError:
        return discover_by_hand()
    for distribution in metadata.distributions():
        path = getattr(distribution, "_path", None)
        if path is not None and os.path.exists(str(path)):
            found.append(Metadata(str(path)))
    return found


def discover_by_hand() -> list[Metadata]:
    """Do what `discover` does with directory listings alone."""
    found = []
    for entry in sys.path:
        try:
            names = sorted(os.listdir(entry or "."))
        except OSError:
            continue
        for name in names:
            lowered = name.lower()
            if lowered.endswith((".dist-info", ".egg-info")):
                found.append(Metadata(os.path.join(entry, name)))
            elif lowered.endswith(".egg") and os.path.isdir(os.path.join(entry, name, "EGG-INFO")):
                found.append(Metadata(os.path.join(entry, name, "EGG-INFO")))
    return found


def headers(text: str) -> list[tuple[str, str]]:
    """Return the (lower-case name, value) pairs of a metadata file's head."""
    pairs: list[tuple[str, str]] = []
    for line in text.splitlines():
        if not line:  # a line of white space continues the field above, it does not end the head
            break
        if line[0] in " \t" and pairs:
            pairs[-1] = (pairs[-1][0], pairs[-1][1] + " " + line.strip())
        elif ":" in line:
            name, _, value = line.partition(":")
            pairs.append((name.strip().lower(), value.strip()))
    return pairs


def egg_requirements(text: str) -> list[str]:
    """Translate setuptools' ``requires.txt`` (sections ``[extra:marker]``) to requirement strings."""
    requirements, extra, marker = [], "", ""
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            extra, _, marker = line[1:-1].partition(":")
            continue
        conditions = ["(" + marker + ")"] if marker else []
        if extra:
            conditions.append('extra == "' + extra + '"')
        requirements.append(line + ("; " + " and ".join(conditions) if conditions else ""))
    return requirements


def record_files(text: str) -> list[str]:
    """Return the first column of a RECORD."""
    files: list[str] = []
    for line in text.splitlines():
        if line.startswith('"'):
            files.extend(row[0] for row in csv.reader([line]) if row)
        elif line:
            files.append(line.split(",", 1)[0])
    return files


def path_of_url(url: str) -> str:
    """Return the local path of a ``file:`` URL; empty for another scheme."""
    parts = urllib.parse.urlsplit(url)
    return urllib.request.url2pathname(parts.path) if parts.scheme == "file" else ""


def origin_of(meta: Metadata, links: dict[str, str]) -> dict[str, str]:
    """Return origin, url, revision and archive digest, from ``direct_url.json`` or an egg-link."""
    origin = {"origin": "index", "url": "", "revision": "", "archive_digest": ""}
    text = meta.read("direct_url.json")
    if not text:
        if os.path.realpath(meta.base) in links:
            origin.update(origin="editable", url=meta.base)
        elif not meta.path.endswith(".dist-info"):
            origin["origin"] = "unknown"
        return origin
    try:
        direct = json.loads(text)
    except ValueError:
        return dict(origin, origin="unknown")
    origin["url"] = str(direct.get("url", ""))
    if "vcs_info" in direct:
        info = direct["vcs_info"]
        folder = "#subdirectory=" + direct["subdirectory"] if direct.get("subdirectory") else ""
        url = str(info.get("vcs", "git")) + "+" + origin["url"] + folder
        origin.update(origin="vcs", revision=str(info.get("commit_id", "")), url=url)
    elif "dir_info" in direct:
        editable = bool(direct["dir_info"].get("editable"))
        origin.update(origin="editable" if editable else "directory", url=path_of_url(origin["url"]) or origin["url"])
    else:
        info = direct.get("archive_info", {})
        hashes = dict(info.get("hashes") or {})
        if "hash" in info and "=" in str(info["hash"]):
            algorithm, _, value = str(info["hash"]).partition("=")
            hashes.setdefault(algorithm, value)
        if "sha256" in hashes:
            origin["archive_digest"] = "sha256:" + str(hashes["sha256"])
        origin.update(origin="wheel", url=path_of_url(origin["url"]) or origin["url"])
    return origin


def egg_links() -> dict[str, str]:
    """Return real path of the linked folder -> egg-link, for ``setup.py develop``."""
    links = {}
    for entry in sys.path:
        try:
            names = [name for name in os.listdir(entry or ".") if name.endswith(".egg-link")]
        except OSError:
            continue
        for name in names:
            with open(os.path.join(entry, name), encoding="utf-8", errors="replace") as stream:
                links[os.path.realpath(stream.readline().strip())] = os.path.join(entry, name)
    return links


def literal_text(node: ast.AST) -> str:
    """Return the text of a string literal; empty for anything else."""
    value = node.value if isinstance(node, ast.Constant) else getattr(node, "s", "")  # 3.7 has ast.Str
    return value if isinstance(value, str) else ""


def finder_paths(source: str) -> list[str]:
    """Return the paths that an editable install's generated finder maps names to."""
    paths: list[str] = []
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return paths
    for node in ast.walk(tree):
        value = getattr(node, "value", None)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(value, ast.Dict):
            paths.extend(literal_text(item) for item in value.values)
        elif isinstance(node, ast.Call):  # editables: F.map_module('name', '/path/name/__init__.py')
            paths.extend(literal_text(item) for item in node.args)
    return [path for path in paths if os.path.isabs(path)]


def editable_roots(meta: Metadata, files: list[str], origin: dict[str, str]) -> list[str]:
    """Return the folders and files that an editable distribution is imported from."""
    if origin["origin"] != "editable":
        return []
    roots = [origin["url"]]
    for name in files:
        path = os.path.join(meta.base, name)
        if "/" in name or not name.endswith((".pth", ".py")) or not os.path.isfile(path):
            continue
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read()
        if name.endswith(".pth"):
            roots.extend(line.strip() for line in text.splitlines() if os.path.isabs(line.strip()))
        elif "editable" in name.lower():
            found = finder_paths(text)
            roots.extend(os.path.dirname(path) if path.endswith("__init__.py") else path for path in found)
    return [root for root in roots if os.path.exists(root)]


def describe(meta: Metadata, links: dict[str, str]) -> dict[str, object] | None:
    """Return one distribution as plain data; None for a broken one without name or version."""
    pairs = headers(meta.read("METADATA") or meta.read("PKG-INFO"))
    single = dict(reversed(pairs))
    if not single.get("name") or not single.get("version"):
        return None
    requires = [value for name, value in pairs if name == "requires-dist"]
    if not requires and not meta.path.endswith(".dist-info"):
        requires = egg_requirements(meta.read("requires.txt"))
    described: dict[str, object] = dict(origin_of(meta, links))
    tags = [value for name, value in headers(meta.read("WHEEL")) if name == "tag"]
    described.update(
        name=canonical_name(single["name"]),
        version=single["version"],
        requires=requires,
        metadata_path=meta.path,
        tags=tags,
        installer=meta.read("INSTALLER").strip(),
        built_here=bool(meta.read("uv_build.json")) or any("-linux_" in tag for tag in tags),
    )
    return described


class Owners:
    """Tells which distribution a file belongs to, through RECORD and the roots of editable installs."""

    def __init__(self, files: list[str]) -> None:
        self.wanted: dict[str, str] = {}
        for path in files:
            self.wanted.setdefault(os.path.normpath(path), path)
            self.wanted.setdefault(os.path.realpath(path), path)
        self.owner: dict[str, str] = {}
        self.roots: list[tuple[str, str]] = []

    def add(self, name: str, meta: Metadata, origin: dict[str, str]) -> None:
        """Take in the files of one distribution."""
        files = record_files(meta.read("RECORD"))
        legacy = "" if files else meta.read("installed-files.txt")
        base = meta.base if not legacy else meta.path
        files = files or [line for line in legacy.splitlines() if line]
        for relative in files:
            path = base + "/" + relative if ".." not in relative else os.path.normpath(os.path.join(base, relative))
            if path in self.wanted or os.path.normpath(path) in self.wanted:
                self.owner.setdefault(self.wanted[os.path.normpath(path)], name)
        if not files:
            for top in meta.read("top_level.txt").split():
                self.roots.append((os.path.join(meta.base, top), name))
                self.roots.append((os.path.join(meta.base, top + ".py"), name))
        for root in editable_roots(meta, files, origin):
            self.roots.append((os.path.realpath(root), name))

    def of(self, path: str) -> str:
        """Return the canonical name of the owner of `path`; empty when nothing installed owns it."""
        if path in self.owner:
            return self.owner[path]
        candidates = []
        for form in (os.path.normpath(path), os.path.realpath(path)):
            if form in self.wanted and self.wanted[form] in self.owner:
                return self.owner[self.wanted[form]]
            for root, name in self.roots:
                if form == root or form.startswith(root + os.sep):
                    candidates.append((len(root), name))
        return max(candidates)[1] if candidates else ""


def cpu_features() -> list[str]:
    """Return the instruction-set features that numerical libraries choose their code by."""
    words: list[str] = []
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                name, _, value = line.partition(":")
                if name.strip().lower() in {"flags", "features"}:
                    words = value.split()
                    break
    elif sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.features", "machdep.cpu.leaf7_features", "hw.optional.neon"]
        try:
            answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=5, check=False)
        except (OSError, subprocess.SubprocessError):
            return []
        words = answer.stdout.decode("ascii", "replace").lower().replace(".", "_").split()
        words = ["avx" if word == "avx1_0" else "neon" if word == "1" else word for word in words]
    return sorted({word for word in words if CPU_FEATURES.match(word)})


def markers() -> dict[str, str]:
    """Return the PEP 508 environment markers of this interpreter."""
    version = sys.implementation.version
    implementation = f"{version.major}.{version.minor}.{version.micro}"
    if version.releaselevel != "final":
        implementation += version.releaselevel[0] + str(version.serial)
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": implementation,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def usable_cpus() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 0


def is_site_path(path: str, standard: set[str]) -> bool:
    """Tell whether `path` of ``sys.path`` holds something other than the standard library."""
    return os.path.isdir(path) and os.path.basename(path) != "lib-dynload" and os.path.realpath(path) not in standard


def probe(modules: list[list[str]]) -> dict[str, object]:
    """Return this interpreter, its distributions, and which of them own `modules` (pairs of name and file)."""
    notes = []
    links = egg_links()
    mine = [(name, path) for name, path in modules if name not in STARTUP_MODULES]
    owners = Owners([path for _, path in mine])
    distributions: dict[str, dict[str, object]] = {}
    for meta in discover():
        described = describe(meta, links)
        if described is None:
            notes.append(os.path.basename(meta.path) + " has no name or version and is left out")
            continue
        name = str(described["name"])
        if name not in distributions:
            distributions[name] = described
            owners.add(name, meta, origin_of(meta, links))
    imported = {owners.of(path) for _, path in mine} - {""}
    standard = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "executable": sys.executable,
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "cpu_features": cpu_features(),
        "cpu_count": usable_cpus(),
        "thread_settings": {name: value for name, value in sorted(os.environ.items()) if THREAD_SETTINGS.match(name)},
        "markers": markers(),
        "site_paths": [path for path in sys.path if is_site_path(path, standard)],
        "distributions": [distributions[name] for name in sorted(distributions)],
        "imported": sorted(imported),
        "notes": notes,
    }


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.stdin.read() or "{}")
    sys.stdout.write("\n" + MARKER + json.dumps(probe(request.get("modules", []))) + "\n")


if __name__ == "__main__":
    main()
