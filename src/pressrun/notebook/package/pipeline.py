"""The notebook as a plain Python program, ``pipeline.py``.

The program imports nothing of pressrun, only `notebook_runtime` beside it. It is readable: the author's own lines stay
as they are; what only a notebook has is replaced, and what cannot be replaced is named in the notes. The text depends
on the notebook and on what the run was pressed with, on nothing else.
"""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import Literal

import msgspec

from pressrun.notebook.package.functions import Unsafe, cell_text, functions_program
from pressrun.notebook.package.options import argument_lines
from pressrun.notebook.package.plain_cells import PlainCell, Pressed, plain_cells
from pressrun.notebook.package.runtime import runtime_source
from pressrun.notebook.package.source_text import indent_code
from pressrun.records.cells import Inspection, Notebook

Structure = Literal["functions", "linear"]
_PLOTS = re.compile(r"matplotlib|seaborn|pylab|plotnine|\.plot\b|\.hist\(|\.boxplot\(")
_FRAMES = re.compile(r"\b(?:import|from)\s+(?:pandas|seaborn|statsmodels|pyarrow)\b")


class PipelineSource(msgspec.Struct, frozen=True, kw_only=True):
    """A program made of a notebook.

    Attributes:
        text: content of ``pipeline.py``.
        runtime: content of ``notebook_runtime.py``, which must lie beside it.
        structure: ``functions``: one function a step; ``linear``: the cells one after the other.
        notes: what was left out or refused, by cell, and why the structure is linear where it was not asked for.
    """

    text: str
    runtime: str
    structure: Structure
    notes: tuple[str, ...] = ()


def write_pipeline(
    notebook: Notebook,
    inspection: Inspection,
    *,
    structure: Structure = "functions",
    entry: str = ".",
    pressed: Pressed | None = None,
) -> PipelineSource:
    """Write the program.

    Args:
        notebook: the notebook.
        inspection: what it says of itself.
        structure: what is wanted; ``functions`` becomes ``linear`` where the dataflow does not allow it.
        entry: folder, relative to the project, that the notebook runs in.
        pressed: what the proven run adds: injected values, fixed environment variables, variables of models.
    """
    pressed = pressed or Pressed()
    cells, runtime = plain_cells(notebook, inspection, pressed)
    notes = [note for cell in cells for note in dict.fromkeys(cell.notes)]
    module_text, main_body = "", ""
    if structure == "functions":
        try:
            module_text, main_body = functions_program(cells, inspection.steps, notebook.cells, runtime)
        except Unsafe as reason:
            notes.append(f"pipeline.py is linear: {reason}")
            structure = "linear"
    start = _start(notebook, entry, pressed, runtime)
    head = _head(notebook, inspection, cells, pressed, runtime)
    if structure == "functions":
        guard = f'if __name__ == "__main__":\n{indent_code(start)}'
        main = f"def main():\n{indent_code(main_body)}"
        end = f'if __name__ == "__main__":\n    main()\n    {runtime}.finish()\n'
        text = "\n\n\n".join(part.strip("\n") for part in (head, guard, module_text, main, end)) + "\n"
    else:
        body = "\n".join(cell_text(cell, runtime) for cell in cells)
        inner = f"{start}\n{body}\n{runtime}.finish()\n"
        text = f'{head}\n\nif __name__ == "__main__":\n{indent_code(inner)}'
    return PipelineSource(text=text, runtime=runtime_source(), structure=structure, notes=tuple(dict.fromkeys(notes)))


def _head(notebook: Notebook, inspection: Inspection, cells: list[PlainCell], pressed: Pressed, runtime: str) -> str:
    name = PurePath(notebook.path).stem
    futures = list(dict.fromkeys(name for cell in cells for name in cell.futures))
    lines = [
        f'"""{name}: the notebook as a plain Python program.'.replace("\\", "/"),
        "",
        "Made by pressrun from source.ipynb: change the notebook, not this file.",
        "It needs the packages of pylock.toml alone.",
        '"""',
        "",
        *([f"from __future__ import {', '.join(futures)}", ""] if futures else []),
        "import sys",
        "",
        "sys.dont_write_bytecode, kept = True, sys.dont_write_bytecode  # leave no cache in the bundle",
        "import notebook_runtime" + (f" as {runtime}" if runtime != "notebook_runtime" else ""),
        "",
        "sys.dont_write_bytecode = kept",
        "",
        "",
        "def arguments():",
        '    """Return what the command line gives; a parameter that is not given keeps its value."""',
        f"    parser = {runtime}.argument_parser(__doc__)",
    ]
    options = argument_lines(inspection.parameters, pressed.injection, runtime)
    lines += ['    group = parser.add_argument_group("parameters of the notebook")'] if options else []
    lines += [f"    {line}" for line in options]
    lines += ["    return parser.parse_args()", ""]
    return "\n".join(lines)


def _start(notebook: Notebook, entry: str, pressed: Pressed, runtime: str) -> str:
    words = ["arguments()"]
    words += [f'entry="{entry}"'] if entry != "." else []
    if pressed.environment:
        words.append(f"environment={dict(sorted(pressed.environment.items()))!r}")
    source = "\n".join(cell.source for cell in notebook.code_cells)
    like = [
        *(["pandas"] if _FRAMES.search(source) and "pandas" in source else []),
        *(["matplotlib"] if _PLOTS.search(source) and _imports_plots(source) else []),
        *(["IPython"] if "IPython" in source else []),
    ]
    words += [f"like_in_a_notebook={json.dumps(like)}"] if like else []
    return f"{runtime}.start({', '.join(words)})\n"


def _imports_plots(source: str) -> bool:
    return (
        re.search(r"\b(?:import|from)\s+(?:matplotlib|seaborn|pylab|plotnine)\b|%matplotlib|%pylab", source) is not None
    )
