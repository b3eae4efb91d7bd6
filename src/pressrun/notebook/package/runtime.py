"""``notebook_runtime.py``: the `runtime_*` modules of this package as one file that lies beside ``pipeline.py``."""

from __future__ import annotations

import ast
import re
from importlib import resources

from pressrun.notebook.package.source_text import Edit, Positions, apply_edits

RUNTIME_FILE = "notebook_runtime.py"
_REMARK = re.compile(r"  # (?:noqa|type: ignore)[^\n]*$")
_PARTS = ("runtime_cells", "runtime_secrets", "runtime_options", "runtime_program", "runtime_commands")


def runtime_source() -> str:
    """Return the content of the file: one docstring, the imports of all parts, then part after part."""
    docstring = ""
    imports: dict[str, None] = {}
    bodies: list[str] = []
    for name in _PARTS:
        text = resources.files("pressrun.notebook.package").joinpath(f"{name}.py").read_text(encoding="utf-8")
        tree, positions = ast.parse(text), Positions(text)
        moved: list[ast.stmt] = [tree.body[0]]
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                moved.append(node)
                ours = isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {
                    "pressrun",
                    "__future__",
                }
                if not ours:
                    imports[positions.source(node)] = None
        first = positions.source(tree.body[0])
        docstring = docstring or first
        body = apply_edits(text, [Edit(*positions.span(node), "") for node in moved])
        title = (ast.get_docstring(tree) or "").splitlines()[0]
        lines = [_REMARK.sub("", line) for line in body.split("\n") if not line.startswith("# ruff:")]
        bodies.append(f"# ---- {title}\n\n\n" + "\n".join(lines).strip("\n"))
    plain = sorted(line for line in imports if line.startswith("import "))
    others = sorted(line for line in _joined(imports) if line.startswith("from "))
    head = "\n\n".join([docstring, "from __future__ import annotations", "\n".join([*plain, *others])])
    bodies[0] = bodies[0].split("\n\n\n", 1)[1]
    return "\n\n\n".join([f"{head}\n\n{bodies[0]}", *bodies[1:]]) + "\n"


def _joined(imports: dict[str, None]) -> list[str]:
    """Return ``from x import a, b`` for every module named in several lines."""
    names: dict[str, set[str]] = {}
    for line in imports:
        if line.startswith("from "):
            module, _, listed = line.removeprefix("from ").partition(" import ")
            names.setdefault(module, set()).update(listed.split(", "))
    return [f"from {module} import {', '.join(sorted(found))}" for module, found in names.items()]
