"""Runs the body of a ``%%register`` cell that reached the magic, because pressrun failed to take its first line out.

As near to the plain cell as a magic can come: in the user's namespace, the last expression shown, one traceback with
the cell's own line numbers, and the cell ends with the error. A body with a top-level ``await`` runs in an event loop
of its own, in a thread, because the kernel's loop is busy with this very cell.
"""

from __future__ import annotations

import ast
import inspect
import sys
from types import TracebackType
from typing import Any


def run_body(shell: Any, body: str) -> None:
    """Run the lines below the declaration as if they were the cell.

    Args:
        shell: the IPython shell.
        body: everything below the first line.
    """
    source = "\n" + body  # so that lines keep the numbers they have in the cell
    transformed = shell.transform_cell(body)
    shift = "" if body.lstrip().startswith("%%") else "\n"
    text = shift + transformed
    name = shell.compile.cache(text, shell.displayhook.prompt_count, raw_code=source)
    try:
        tree = shell.transform_ast(shell.compile.ast_parse(text, filename=name))
        for node in _parts(tree):
            _run(shell, node, name)
    except BaseException as error:
        _show_as_own(shell, error, name)
        raise


def _run(shell: Any, node: ast.Module | ast.Interactive, name: str) -> None:
    mode = "single" if isinstance(node, ast.Interactive) else "exec"
    with shell.compile.extra_flags(ast.PyCF_ALLOW_TOP_LEVEL_AWAIT):
        code = shell.compile(node, name, mode)
    if inspect.CO_COROUTINE & code.co_flags:
        _run_aside(eval(code, shell.user_global_ns, shell.user_ns))  # noqa: S307  the user's own cell
    else:
        exec(code, shell.user_global_ns, shell.user_ns)  # noqa: S102  the user's own cell


def _run_aside(coroutine: Any) -> None:
    """Run a coroutine to its end in another thread, and raise what it raises."""
    import asyncio  # noqa: PLC0415
    import threading  # noqa: PLC0415

    raised: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(coroutine)
        except BaseException as error:  # noqa: BLE001  it is raised again where the cell is
            raised.append(error)

    thread = threading.Thread(target=run, name="pressrun-cell")
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


def _parts(tree: ast.Module) -> list[ast.Module | ast.Interactive]:
    """Return what to run one after the other: the last expression by itself, so that its value is shown."""
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        return [tree]
    return [ast.Module(tree.body[:-1], []), ast.Interactive(tree.body[-1:])]


def _show_as_own(shell: Any, error: BaseException, name: str) -> None:
    """Let IPython show the error with the frames of the cell only."""
    trace: TracebackType | None = sys.exc_info()[2]
    while trace is not None and trace.tb_frame.f_code.co_filename != name:
        trace = trace.tb_next
    if trace is None or isinstance(error, SystemExit | GeneratorExit):
        return
    lines = shell.InteractiveTB.structured_traceback(type(error), error, trace, tb_offset=0)
    error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]  # IPython's own way to say how
