"""Changes that a notebook makes to its own environment, and commands whose failure nobody sees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import AnalysedNotebook, Command, Surroundings
from pressrun.rules.doctor.events import Assignment, Call
from pressrun.rules.doctor.kinds import NOTE, found

INSTALLS = re.compile(
    r"^(?:sudo\s+)?(?:(?:\{?sys\.executable\}?|\"\{sys\.executable\}\"|python[\d.]*)\s+-m\s+)?(?:uv\s+)?(pip[\d.]*|conda|mamba|micromamba|apt-get|apt"
    r"|brew|npm|yarn|Rscript|poetry|easy_install)\s+(?:-\S+\s+)*(install|uninstall|update|upgrade|add|remove|create|env)\b"
)
_INSTALL_MAGICS = frozenset({"pip", "conda", "mamba", "micromamba", "uv"})
_SHELLS = frozenset({"bash", "sh", "script", "!", "sx", "system"})
_SHELL_CALLS = frozenset(
    {
        "os.system", "subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output",
        "subprocess.Popen",
    }
)  # fmt: skip
# settings that libraries read, and that change no result
_SETTINGS = re.compile(
    r"^(?:TF_|KMP_|OMP_|MKL_|OPENBLAS_|NUMEXPR_|TOKENIZERS_|CUDA_|PYTORCH_|XLA_|JAX_|WANDB_SILENT|MPL|QT_|PYTHONWARNINGS"
    r"|PYTHONHASHSEED|GRPC_|CUBLAS_|HF_HUB_DISABLE|LOKY_|POLARS_|RAY_|DISPLAY)"
)
# commands that only look, or whose failure is seen at once by nobody's result
_HARMLESS = re.compile(
    r"^(?:ls|pwd|echo|cat|head|tail|nvidia-smi|wc|du|df|which|whoami|date|tree|free|lscpu|uname|nproc|printenv|env|grep|find"
    r"|file|hostname|top|ps|less|more|man|jupyter|python\d?\s+(?:-V|--version)|pip\d?\s+(?:list|show|freeze|--version)"
    r"|conda\s+(?:list|info))\b"
)


def installs(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find packages that the notebook installs or removes while it runs."""
    for cell, command in notebook.commands():
        what = _installs(command)
        if what:
            fixable = command.whole and not command.assigned and command.kind != "cell-magic"
            yield found(
                "install-at-runtime",
                f"`{what}` changes the environment while the notebook runs",
                at=(cell.index, command.line),
                subject=what,
                fixable=fixable,
            )
    for _, call in notebook.events(Call):
        text = _shell_text(call)
        match = INSTALLS.match(text) if text else None
        if match is not None:
            what = f"{match[1]} {match[2]}"
            yield found(
                "install-at-runtime",
                f"`{what}` changes the environment while the notebook runs",
                at=call.place.at,
                subject=what,
            )


def _installs(command: Command) -> str:
    text = command.text.strip()
    if command.kind == "magic" and command.name in _INSTALL_MAGICS:
        words = [word for word in text.split() if not word.startswith("-")]
        changing = words[:1] and words[0] in {"install", "uninstall", "update", "remove", "create", "add", "pip"}
        return f"%{command.name} {words[0]}" if changing else ""
    if command.kind == "shell" or command.name in _SHELLS:
        lines = text.splitlines() if command.kind == "cell-magic" else [text]
        for line in lines:
            match = INSTALLS.match(line.strip())
            if match is not None:
                return f"{match[1]} {match[2]}"
    return ""


def _shell_text(call: Call) -> str:
    if call.name not in _SHELL_CALLS or not call.given:
        return ""
    first = call.given[0]
    if isinstance(first, tuple):
        return " ".join(first)
    if first is None and isinstance(call.node.args[0], ast.List):
        words = call.node.args[0].elts
        return " ".join(str(word.value) if isinstance(word, ast.Constant) else ast.unparse(word) for word in words)
    return first or ""


def environment_writes(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find environment variables that the notebook sets; settings of libraries aside."""
    for _, assignment in notebook.events(Assignment):
        for target in assignment.targets:
            if isinstance(target, ast.Subscript) and ast.unparse(target.value) in {"os.environ", "environ"}:
                key = target.slice.value if isinstance(target.slice, ast.Constant) else None
                name = key if isinstance(key, str) else ast.unparse(target.slice)
                if not _SETTINGS.match(name):
                    what = f"sets the environment variable {name}"
                    yield found("environment-write", what, at=assignment.place.at, subject=name)
    for _, call in notebook.events(Call):
        if call.name in {"os.putenv", "os.environ.update", "os.environ.setdefault"} and not _SETTINGS.match(
            call.text(0) or ""
        ):
            yield found("environment-write", "sets environment variables", at=call.place.at, subject=call.text(0) or "")
    for cell, command in notebook.commands():
        if (
            command.kind == "magic"
            and command.name in {"env", "set_env"}
            and re.search(r"[= ]\s*\S", command.text.strip())
        ):
            name = re.split(r"[= ]", command.text.strip())[0]
            if not _SETTINGS.match(name):
                yield found(
                    "environment-write",
                    f"sets the environment variable {name}",
                    at=(cell.index, command.line),
                    subject=name,
                )


def working_directory(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find changes of the working directory."""
    for _, call in notebook.events(Call):
        if call.name == "os.chdir":
            yield found(
                "working-directory", "changes the working directory", at=call.place.at, subject=call.text(0) or ""
            )
    for cell, command in notebook.commands():
        if command.kind == "magic" and command.name in {"cd", "pushd"} and command.text.strip():
            yield found(
                "working-directory",
                f"%{command.name} changes the working directory",
                at=(cell.index, command.line),
                subject=command.text.strip(),
            )


def import_paths(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find changes of the path that modules are imported from."""
    for _, call in notebook.events(Call):
        if call.name in {"sys.path.append", "sys.path.insert", "sys.path.extend", "site.addsitedir"}:
            text = next((t for t in call.given if isinstance(t, str)), "")
            what = "changes where modules are imported from" + (f": {text!r}" if text else "")
            yield found("import-path", what, at=call.place.at, subject=text)
    for _, assignment in notebook.events(Assignment):
        if any(ast.unparse(target) == "sys.path" for target in assignment.targets):
            yield found("import-path", "changes where modules are imported from", at=assignment.place.at)


def unchecked_commands(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find commands that do something and whose failure passes silently."""
    for cell, command in notebook.commands():
        if command.kind != "shell" or command.assigned or cell.may_raise:
            continue
        text = command.text.strip()
        if not text or only_looks(text) or _installs(command):
            continue
        word = text.split()[0]
        fixable = command.whole and "\n" not in text and not set(text) & set("{}$\\") and not text.startswith("!")
        yield found(
            "shell-unchecked",
            f"if `{word}` fails, the notebook goes on",
            at=(cell.index, command.line),
            subject=word,
            fixable=fixable,
        )
    for _, call in notebook.events(Call):
        if call.name == "os.system" and not only_looks(call.text(0) or "") and not INSTALLS.match(call.text(0) or ""):
            word = (call.text(0) or "a command").split()[0]
            yield found(
                "shell-unchecked",
                f"if `{word}` fails, the notebook goes on",
                at=call.place.at,
                level=NOTE,
                subject=word,
            )


def only_looks(command: str) -> bool:
    """Whether a shell command only shows something: nothing rests on its success, and it makes no file."""
    return ">" not in command and bool(_HARMLESS.match(command.strip()))


def programs_started(notebook: AnalysedNotebook) -> tuple[str, ...]:
    """Return the programs that commands start, by plain name, as far as their form tells."""
    wanted: dict[str, None] = {}
    for _, command in notebook.commands():
        program = _program(command)
        if program:
            wanted[program] = None
    for _, call in notebook.events(Call):
        if call.name in _PROGRAM_OF:
            wanted[_PROGRAM_OF[call.name]] = None
    return tuple(wanted)


_PROGRAM_OF = {
    "graphviz.Source": "dot", "graphviz.Digraph": "dot", "graphviz.Graph": "dot",
    "pytesseract.image_to_string": "tesseract", "pdf2image.convert_from_path": "pdftoppm", "tabula.read_pdf": "java",
    "sklearn.tree.export_graphviz": "",
}  # fmt: skip


def _program(command: Command) -> str:
    if command.kind != "shell" or not command.whole:
        return ""
    match = re.match(r"^([A-Za-z][\w.+-]*)(?:\s|$)", command.text.strip())
    word = match[1] if match else ""
    return "" if word in _SHELL_WORDS or INSTALLS.match(command.text.strip()) else word


_SHELL_WORDS = frozenset(
    {
        "cd", "export", "source", "for", "if", "while", "set", "unset", "alias", "eval", "exec", "test", "true",
        "type", "ulimit", "wait", "time", "let", "case", "function", "sudo",
    }
)  # fmt: skip


def missing_programs(notebook: AnalysedNotebook, around: Surroundings) -> Iterator[Finding]:
    """Find programs that are not on this machine."""
    told: set[str] = set()
    for cell, command in notebook.commands():
        program = _program(command)
        if program and program not in told and around.programs.get(program) is False:
            told.add(program)
            yield found(
                "program-missing",
                f"the program {program!r} is not on this machine",
                at=(cell.index, command.line),
                subject=program,
            )
    for _, call in notebook.events(Call):
        program = _PROGRAM_OF.get(call.name, "")
        if program and program not in told and around.programs.get(program) is False:
            told.add(program)
            what = f"{call.name} needs the program {program!r}, which is not on this machine"
            yield found("program-missing", what, at=call.place.at, subject=program)
