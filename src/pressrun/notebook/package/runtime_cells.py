"""What a notebook gives its cells and a plain Python program lacks: shown values, captured output, shell commands.

`pipeline.py` imports this file, which lies beside it. It needs the standard library alone (Python 3.7 and later) and
uses IPython, pandas and matplotlib only where they are installed, so that texts come out as a notebook shows them.
"""

# ruff: noqa: T201, PLC0415, D102, BLE001  # a program prints; libraries of the notebook are imported where they are used

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import traceback
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


class Recorder:
    """Standard output, kept cell by cell while it is written; everything else is the real stream's."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.cell: int | None = None
        self.stdout: dict[int, list[str]] = {}
        self.shown: dict[int, list[str]] = {}

    def write(self, text: str) -> int:
        if self.cell is not None:
            self.stdout[self.cell].append(text)
        self.stream.write(text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def isatty(self) -> bool:
        return False  # as in a kernel: libraries choose colours and widths by it

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class Run:
    """The state of this run."""

    def __init__(self) -> None:
        self.recorder = Recorder(sys.stdout)
        self.given: dict[str, Any] = {}
        self.parameters: dict[str, Any] = {}
        self.metrics: dict[str, float] = {}
        self.secrets: dict[str, str] = {}
        self.results: Path | None = None
        self.figures: Path | None = None
        self.models: Path | None = None
        self.figure_count = 0
        self.finished = False
        self.process = os.getpid()
        self.loop: Any = None


RUN = Run()


def cell(number: int) -> None:
    """Say that what follows is cell `number` of the notebook: its output is recorded under that number."""
    end_cell()
    RUN.recorder.cell = number
    RUN.recorder.stdout.setdefault(number, [])
    RUN.recorder.shown.setdefault(number, [])


def end_cell() -> None:
    """Show what a cell leaves to be shown, and record no further output."""
    if "matplotlib.pyplot" in sys.modules:
        show_figures()
    RUN.recorder.cell = None


def show(value: Any) -> Any:
    """Print `value` as a notebook shows it, and return it; None is not shown."""
    if value is not None:
        display(value)
    return value


def display(*values: Any, **_options: Any) -> None:
    """Print each of `values` as a notebook displays it."""
    for value in values:
        text = _text_of(value)
        recorder = RUN.recorder
        if recorder.cell is not None and not hasattr(value, "_ipython_display_"):
            recorder.shown[recorder.cell].append(text)
        recorder.stream.write(text + "\n")


def _text_of(value: Any) -> str:
    represent = getattr(value, "_repr_mimebundle_", None)
    if represent is not None and not isinstance(value, type):
        with contextlib.suppress(Exception):  # as IPython does: the next representation is tried
            bundle = represent()
            bundle = bundle[0] if isinstance(bundle, tuple) else bundle
            if "text/plain" in bundle:
                return str(bundle["text/plain"])
    try:
        from IPython.lib.pretty import pretty
    except ImportError:
        return repr(value)
    return str(pretty(value))


def show_figures(*_arguments: Any, **_options: Any) -> None:
    """Show, save and close every open matplotlib figure, as a notebook does at ``plt.show()`` and at a cell's end."""
    pyplot = sys.modules["matplotlib.pyplot"]
    for number in pyplot.get_fignums():
        figure = pyplot.figure(number)
        display(figure)
        if RUN.figures is not None:
            RUN.figures.mkdir(parents=True, exist_ok=True)
            RUN.figure_count += 1
            name = f"cell-{RUN.recorder.cell}-{RUN.figure_count}.png"
            figure.savefig(RUN.figures / name, bbox_inches="tight")
    pyplot.close("all")


def clear_output(*_arguments: Any, **_options: Any) -> None:
    """Forget what the present cell has printed and shown."""
    number = RUN.recorder.cell
    if number is not None:
        RUN.recorder.stdout[number].clear()
        RUN.recorder.shown[number].clear()


def get_ipython() -> None:
    """Return None: there is no IPython shell here."""


def _settle_pandas() -> None:
    import pandas

    if pandas.get_option("display.max_columns") == 0:  # chosen when pandas believes that it writes to a terminal
        pandas.set_option("display.max_columns", 20)


def _settle_matplotlib() -> None:
    import matplotlib.pyplot

    matplotlib.pyplot.show = show_figures


def _settle_ipython() -> None:
    importlib.import_module("IPython.display")
    for name in ("IPython.display", "IPython.core.display", "IPython.core.display_functions"):
        module = sys.modules.get(name)
        for function in (display, clear_output):
            if module is not None and function.__name__ in vars(module):
                setattr(module, function.__name__, function)


SETTLE = {"pandas": _settle_pandas, "matplotlib": _settle_matplotlib, "IPython": _settle_ipython}


def record_parameters(**values: Any) -> None:
    """Keep the parameters that are in force for the results."""
    RUN.parameters.update(values)


def record_metrics(_values: Any = None, **named: Any) -> None:
    """Keep the numbers among the values; a dictionary gives its own names, ``scores.f1`` where it has one itself."""
    if isinstance(_values, dict):
        named = {**{str(key): value for key, value in _values.items()}, **named}
    for name, value in named.items():
        if isinstance(value, dict):
            record_metrics({f"{name}.{key}": inner for key, inner in value.items()})
            continue
        number = value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value
        if isinstance(number, (int, float, Decimal)) and not isinstance(number, bool):
            RUN.metrics[name] = float(number)


@contextlib.contextmanager
def check(name: str) -> Iterator[None]:
    """Run a cell whose assertions must hold; end the program with code 1 when one does not."""
    try:
        yield
    except AssertionError as error:
        traceback.print_exc()
        print(f"check {name!r} failed{f': {error}' if str(error) else ''}", file=sys.stderr)
        raise SystemExit(1) from error


@contextlib.contextmanager
def error_allowed() -> Iterator[None]:
    """Run a cell that is tagged ``raises-exception``: its error is printed, and the run goes on."""
    try:
        yield
    except Exception:
        traceback.print_exc()


def save_model(name: str, model: Any) -> None:
    """Pickle a registered model to ``--models DIR``; without that option nothing is done."""
    if RUN.models is None:
        return
    try:
        import cloudpickle as pickler
    except ImportError:
        import pickle as pickler
    RUN.models.mkdir(parents=True, exist_ok=True)
    with (RUN.models / f"{name}.pkl").open("wb") as file:
        pickler.dump(model, file)
