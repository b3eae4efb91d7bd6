"""Everything that a notebook says of itself, in one record. Nothing is run."""

from __future__ import annotations

from pressrun.notebook.dataflow import analyse_cells, flows_from
from pressrun.notebook.parameters import parameters_of, suggested_parameters
from pressrun.notebook.problems import problems_of
from pressrun.notebook.steps import steps_of
from pressrun.records.cells import Cell, Inspection, Notebook, Parameter


def inspect_notebook(notebook: Notebook) -> Inspection:
    """Return the parameters, dataflow, steps and problems of a notebook."""
    cells = notebook.cells
    analyses = analyse_cells(cells)
    flows = flows_from(analyses)
    cell = parameters_cell_of(cells)
    parameters: tuple[Parameter, ...] = ()
    if cell is not None:
        parameters = _parameters(cell, cells)
    return Inspection(
        path=notebook.path,
        digest=notebook.digest,
        kernel=notebook.kernel,
        cells=cells,
        parameters=parameters,
        suggested_parameters=suggested_parameters(cells, flows) if cell is None else (),
        flows=flows,
        steps=steps_of(cells, flows),
        problems=problems_of(cells, analyses, flows, parameters),
    )


def parameters_cell_of(cells: tuple[Cell, ...]) -> Cell | None:
    """Return the first cell that is declared ``parameters``, None when there is none."""
    for cell in cells:
        if cell.declaration is not None and cell.declaration.kind == "parameters":
            return cell
    return None


def _parameters(cell: Cell, cells: tuple[Cell, ...]) -> tuple[Parameter, ...]:
    try:
        return parameters_of(cell, cells[: cell.index])
    except SyntaxError:  # reported as a problem of the cell
        return ()
