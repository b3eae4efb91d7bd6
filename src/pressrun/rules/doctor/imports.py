"""Imports that are missing, removed, local, editable or unpinned, and what libraries no longer have."""

from __future__ import annotations

from collections.abc import Iterator

from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import AnalysedNotebook, Surroundings
from pressrun.rules.doctor.environment import INSTALLS
from pressrun.rules.doctor.events import Call, Import, Place, Reading
from pressrun.rules.doctor.frames import is_frame
from pressrun.rules.doctor.kinds import NOTE, SHOULD, found
from pressrun.rules.doctor.removals import REMOVED_MODULES, SKLEARN_NAMES, removal

_OFTEN_MEANT = {
    "sklearn": "scikit-learn", "cv2": "opencv-python-headless", "PIL": "pillow", "yaml": "pyyaml",
    "bs4": "beautifulsoup4", "skimage": "scikit-image", "dateutil": "python-dateutil", "Crypto": "pycryptodome",
    "dotenv": "python-dotenv", "sql": "ipython-sql", "fitz": "pymupdf", "umap": "umap-learn",
    "imblearn": "imbalanced-learn", "docx": "python-docx", "serial": "pyserial", "git": "gitpython",
    "mpl_toolkits": "matplotlib", "attr": "attrs", "MySQLdb": "mysqlclient",
}  # fmt: skip


def modules_imported(notebook: AnalysedNotebook) -> tuple[str, ...]:
    """Return the modules that the notebook imports, dotted, each with the packages around it."""
    wanted: dict[str, None] = {}
    for _, each in notebook.events(Import):
        if each.level == 0 and each.module:
            wanted[each.module] = None
            wanted[each.module.partition(".")[0]] = None
    return tuple(wanted)


def members_imported(notebook: AnalysedNotebook) -> tuple[tuple[str, str], ...]:
    """Return module and name of every ``from module import name``."""
    pairs = [
        (each.module, each.member)
        for _, each in notebook.events(Import)
        if each.member not in {"", "*"} and not each.level
    ]
    return tuple(dict.fromkeys(pairs))


def missing_members(notebook: AnalysedNotebook, around: Surroundings) -> Iterator[Finding]:
    """Find names that the installed version of a module does not have."""
    for cell, each in notebook.events(Import):
        name = f"{each.module}.{each.member}"
        if each.level or (each.module, each.member) not in around.lacking or removal(name) is not None:
            continue
        if each.place.survives("ImportError"):
            continue
        module = around.modules.get(each.module.partition(".")[0])
        version = around.versions.get(module.distribution, "") if module is not None else ""
        owner = f"{module.distribution} {version}" if module is not None and version else each.module
        what = f"imports {each.member!r} from {each.module}, which {owner} does not have"
        level = NOTE if cell.may_raise else None if _sure(each.place) and not _installs_at_runtime(notebook) else SHOULD
        yield found("api-removed", what, at=each.place.at, level=level, subject=name)


def missing_imports(notebook: AnalysedNotebook, around: Surroundings) -> Iterator[Finding]:
    """Find modules that the interpreter cannot find, and those that Python itself has removed."""
    told: set[str] = set()
    installing = _installs_at_runtime(notebook)
    for cell, each in notebook.events(Import):
        top = each.module.partition(".")[0]
        missing = next((name for name in (top, each.module) if _state(name, around) == "missing"), "")
        if each.level or not missing or missing in told or each.place.survives("ImportError", "ModuleNotFoundError"):
            continue
        told.add(missing)
        sure = each.place.sure and not each.place.function
        level = NOTE if cell.may_raise else None if sure and not installing and not _moves_path(notebook) else SHOULD
        at = each.place.at
        if top in REMOVED_MODULES and around.python is not None and around.python >= REMOVED_MODULES[top][0]:
            version, instead = REMOVED_MODULES[top]
            what = f"imports {top!r}, which Python {'.'.join(map(str, version))} removed"
            yield found("import-removed", what, at=at, level=level, subject=top, fix=f"Use {instead}.")
            continue
        package = _OFTEN_MEANT.get(top, top)
        what = f"imports {missing!r}, which is not installed in {around.interpreter or 'the kernel'}"
        fix = f"Add {package!r} to the project's requirements and install it." if missing == top else ""
        yield found("import-missing", what, at=at, level=level, subject=missing, fix=fix)


def removed_soon(notebook: AnalysedNotebook, around: Surroundings) -> Iterator[Finding]:
    """Find modules that the next Python versions no longer have."""
    if around.python is None:
        return
    told: set[str] = set()
    for _, each in notebook.events(Import):
        top = each.module.partition(".")[0]
        here = _state(top, around) == "standard"
        if (
            top in REMOVED_MODULES
            and here
            and top not in told
            and not each.place.survives("ImportError", "ModuleNotFoundError")
        ):
            told.add(top)
            version, instead = REMOVED_MODULES[top]
            what = f"imports {top!r}, which Python {'.'.join(map(str, version))} removed"
            yield found("import-removed", what, at=each.place.at, level=NOTE, subject=top, fix=f"Use {instead}.")


def removed_parts(notebook: AnalysedNotebook, around: Surroundings) -> Iterator[Finding]:
    """Find functions and classes that the installed version of a library no longer has."""
    told: set[tuple[int, int, str]] = set()
    for cell in notebook.run:
        for event in cell.events:
            if isinstance(event, Import) and event.member and not event.level:
                name = f"{event.module}.{event.member}"
            elif isinstance(event, Reading) and event.dotted:
                name = event.dotted
            elif isinstance(event, Call):
                name = _method(event)
            else:
                continue
            text = event.text(0) if isinstance(event, Call) else None
            gone = removal(event.name if isinstance(event, Call) and text else name, text)
            if gone is None or around.at_least(gone.distribution, *gone.version) is not True:
                continue
            if (*event.place.at, gone.name) in told or event.place.survives("AttributeError", "ImportError", "OSError"):
                continue
            told.add((*event.place.at, gone.name))
            here = around.versions[gone.distribution]
            what = f"{gone.shown} is gone since {gone.distribution} {_dotted(gone.version)}; installed is {here}"
            level = NOTE if cell.may_raise else None if _sure(event.place) else SHOULD
            yield found(
                "api-removed", what, at=event.place.at, level=level, subject=gone.name, fix=f"Use {gone.instead}."
            )


def _method(call: Call) -> str:
    """Return the name under which the table of removals has a method, empty for others."""
    owner = call.origin.rpartition(".")[0]
    if is_frame(owner):
        return f"pandas.DataFrame.{call.last}"
    if owner.startswith("sklearn.") and call.last == "get_feature_names":
        return SKLEARN_NAMES
    if owner.startswith("mlflow.") and owner.endswith("MlflowClient()"):
        return f"mlflow.{call.last}"
    return ""


def foreign_imports(notebook: AnalysedNotebook, around: Surroundings) -> Iterator[Finding]:
    """Find imported code that is a file of the author's, or an editable install."""
    told: set[str] = set()
    for _, each in notebook.events(Import):
        top = each.module.partition(".")[0]
        module = around.modules.get(top)
        if each.level or module is None or top in told:
            continue
        if module.state == "local":
            told.add(top)
            place = "in the project" if module.in_project else f"outside of the project: {module.path}"
            level = NOTE if module.in_project else SHOULD
            yield found(
                "import-local", f"imports {top!r}, a module {place}", at=each.place.at, level=level, subject=top
            )
        elif module.state == "editable":
            told.add(top)
            name = module.distribution or top
            yield found(
                "import-editable", f"imports {top!r} of {name!r}, an editable install", at=each.place.at, subject=name
            )


def unpinned_imports(notebook: AnalysedNotebook, around: Surroundings) -> Iterator[Finding]:
    """Find imported packages whose version nothing in the project says; one finding for all."""
    if around.pinned is None or around.bundle:
        return
    open_: dict[str, Place] = {}
    for _, each in notebook.events(Import):
        module = around.modules.get(each.module.partition(".")[0])
        if module is not None and module.state == "installed" and module.distribution not in {"", *around.pinned}:
            open_.setdefault(module.distribution, each.place)
    if open_:
        names = sorted(open_)
        what = f"the project pins no version of {', '.join(names[:8])}" + (
            f" and {len(names) - 8} more" if len(names) > 8 else ""
        )
        first = min(place.at for place in open_.values())
        yield found("import-unpinned", what, at=first, subject=", ".join(names))


def _state(name: str, around: Surroundings) -> str:
    module = around.modules.get(name)
    return module.state if module is not None else ""


def _sure(place: Place) -> bool:
    return place.sure and not place.function


def _installs_at_runtime(notebook: AnalysedNotebook) -> bool:
    return any(
        (command.kind == "magic" and command.name in {"pip", "conda", "mamba", "uv"})
        or any(INSTALLS.match(line.strip()) for line in command.text.splitlines())
        for _, command in notebook.commands()
    )


def _moves_path(notebook: AnalysedNotebook) -> bool:
    """Whether the notebook changes where modules come from, or writes modules: then nothing is sure."""
    if any(command.name in {"cd", "pushd", "writefile", "file", "run"} for _, command in notebook.commands()):
        return True
    return any(
        call.name.startswith("sys.path.") or call.name in {"os.chdir", "site.addsitedir"}
        for _, call in notebook.events(Call)
    )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
