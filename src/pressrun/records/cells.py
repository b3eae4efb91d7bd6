"""What a notebook says of itself: cells, declarations, parameters, dataflow, steps.

These records are what ``pressrun inspect --json`` prints; fields are only ever added.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from pressrun.records.digest import Digest

Kind = Literal["parameters", "step", "data", "features", "model", "metrics", "check", "report", "skip"]
KINDS: tuple[Kind, ...] = ("parameters", "step", "data", "features", "model", "metrics", "check", "report", "skip")
Spelling = Literal["cell-magic", "line-magic", "comment", "metadata", "tag"]
CellType = Literal["code", "markdown", "raw"]


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """What one cell is declared to be.

    Attributes:
        kind: one of `KINDS`.
        name: the NAME; None where the kind has none (``parameters``, ``metrics``, ``report``, ``skip`` may go without).
        options: option name without dashes -> value, for example ``{"object": "model"}``.
        spelling: how it was written; equal declarations in two spellings are equal but for this.
    """

    kind: Kind
    name: str | None = None
    options: dict[str, str] = {}
    spelling: Spelling = "cell-magic"


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell as it stands in the file.

    Attributes:
        index: position among all cells of the notebook, from 0.
        id: the cell's nbformat id, None where the format has none.
        source: the whole source as saved, the declaration line included.
        body: the source to run: a declaration that is a magic is replaced by an empty line, so that line numbers stay;
            a declaration that is a comment stays.
        digest: digest of `source`.
        outputs: the saved outputs as plain nbformat 4 dictionaries.
    """

    index: int
    id: str | None
    type: CellType
    source: str
    body: str
    digest: Digest
    declaration: Declaration | None = None
    tags: tuple[str, ...] = ()
    execution_count: int | None = None
    outputs: tuple[dict[str, Any], ...] = ()


class Notebook(msgspec.Struct, frozen=True, kw_only=True):
    """A notebook read from a file; the file is never written.

    Attributes:
        path: as given by the caller.
        digest: digest of the file's bytes.
        language: ``python``; another language raises when the notebook is read.
        kernel: kernelspec name in the metadata, None when it names none.
    """

    path: str
    digest: Digest
    nbformat: tuple[int, int]
    language: str
    kernel: str | None
    cells: tuple[Cell, ...]
    metadata: dict[str, Any] = {}

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        """The code cells, in order."""
        return tuple(cell for cell in self.cells if cell.type == "code")


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One name that a parameters cell defines.

    Attributes:
        expression: the right-hand side as written; empty where the notebook gives no default (``n: int``), so that a
            value must be given.
        type: type as a reader would write it: the annotation, else what the value tells (``int``, ``str``,
            ``pd.Timestamp``, ``list``), ``Any`` where nothing tells.
        value: the value as JSON can hold it, UNSET (absent in JSON) where it is not a literal that JSON can hold.
        annotated: whether `type` is an annotation of the author's.
        help: the trailing or preceding comment, empty without one.
        line: 1-based line in the cell's source.
        derived_from: names of parameters that the expression uses; not empty means that it is recomputed after
            injection and cannot be given from outside unless asked for by name.
    """

    name: str
    expression: str
    type: str
    value: Any = msgspec.UNSET
    help: str = ""
    cell: int
    line: int
    derived_from: tuple[str, ...] = ()
    annotated: bool = False


class CellFlow(msgspec.Struct, frozen=True, kw_only=True):
    """Which names one cell defines, uses and changes, told from its syntax alone.

    Attributes:
        uses: names read before the cell itself defines them (what the cell needs from outside); builtins left out.
        mutates: names bound elsewhere whose object the cell changes (``df["x"] = 1``, ``xs.append(1)``, ``del d[k]``).
        late: those of `uses` that only the bodies of functions defined here read, when they are called.
        may_define: those of `defines` that some path through the cell leaves as they were.
        deletes: names that the cell unbinds.
        imported: those of `defines` that an import statement binds (``np``, ``train_test_split``).
        imports: top-level modules imported (``sklearn`` for ``import sklearn.svm``).
        magics: IPython line and cell magics used, without ``%``.
        shell: ``!commands`` used.
        opaque: why the analysis may have missed something (``exec``, ``from x import *``, ``%run``); empty when sure.
        syntax_error: message where the cell is no valid Python.
    """

    cell: int
    defines: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    mutates: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    magics: tuple[str, ...] = ()
    shell: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    syntax_error: str | None = None
    late: tuple[str, ...] = ()
    may_define: tuple[str, ...] = ()
    imported: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the pipeline: a declared run of cells, or a single cell where nothing is declared.

    Attributes:
        name: declared NAME, else ``cell-<index>``; unique in the notebook.
        cells: indices of its cells.
        needs: names that it takes from earlier steps.
        provides: names that it defines or changes and that a later step uses.
        after: names of the steps whose result it needs.
    """

    name: str
    kind: Kind
    cells: tuple[int, ...]
    needs: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something a reader should know; `level` ``error`` makes replay and package refuse."""

    level: Literal["error", "warning", "note"]
    message: str
    cell: int | None = None
    line: int | None = None


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a notebook says of itself."""

    format: int = 1
    path: str
    digest: Digest
    kernel: str | None
    cells: tuple[Cell, ...]
    parameters: tuple[Parameter, ...]
    suggested_parameters: tuple[Parameter, ...]
    flows: tuple[CellFlow, ...]
    steps: tuple[Step, ...]
    problems: tuple[Problem, ...] = ()
