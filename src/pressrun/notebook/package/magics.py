"""IPython's own syntax as plain Python that really runs: what each magic and ``!command`` becomes in a program.

nbconvert (through IPython's input transformer) turns the syntax into calls such as
``get_ipython().run_line_magic("time", "f()")``; this module then replaces every such call. Three things can happen to
a magic: it becomes Python; it is left out because it only steers the display; or it is left out or refused *and named
in the notes*. An unknown magic becomes a call that stops the program with a clear message: nothing is dropped silently.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
import string
from collections.abc import Callable, Collection

import msgspec

from pressrun.notebook.package.magic_tables import (
    ALIASES,
    DISPLAY_ONLY,
    INSTALLING,
    MARKUP,
    MEASURING,
    PROGRAMS,
    TELLING,
)  # fmt: skip
from pressrun.notebook.package.source_text import Edit, Positions, apply_edits, comment, indent_code

_INSTALL_COMMAND = re.compile(
    r"\s*(?:\{sys\.executable\}\s+-m\s+|\S*python3?\s+-m\s+)?(?:(?:pip3?|conda|mamba)\s+(?:install|uninstall)|uv\s+pip)\b"
)
_DOLLAR = re.compile(r"\$(\$?)([A-Za-z_]\w*)")
_ASSIGNMENT = re.compile(r"\s*(\w+)\s*(?:=|\s)\s*(.+)", re.DOTALL)


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What the rewriting needs to know.

    Attributes:
        runtime: name under which the generated program imports `notebook_runtime`.
        names: every name that the notebook binds; ``{name}`` and ``$name`` in commands refer to these.
    """

    runtime: str
    names: frozenset[str]


class PlainCode(msgspec.Struct, frozen=True, kw_only=True):
    """A cell as plain Python.

    Attributes:
        text: the Python; it ends with a newline unless it is empty.
        notes: what was left out or refused, in words, without the cell's number.
        shows_last: whether a last expression is shown; a magic at the end takes its place.
    """

    text: str
    notes: tuple[str, ...] = ()
    shows_last: bool = True


class _Became(msgspec.Struct, frozen=True):
    """What one magic became: `code` is a statement, empty when left out; `value` tells that it is an expression."""

    code: str = ""
    note: str = ""
    value: bool = False


def without_magics(source: str, context: Context) -> PlainCode:
    """Turn a cell's source into Python without magics.

    Args:
        source: the cell's body, declarations already neutral.
        context: names.
    """
    from nbconvert.filters import ipython2python  # noqa: PLC0415  # slow to import

    text = str(ipython2python(source)) if source.strip() else ""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        stop = f'{context.runtime}.unsupported("a cell that is no valid Python")\n'
        return PlainCode(text=f"{comment(source)}\n{stop}", notes=("is no valid Python",), shows_last=False)
    if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
        call = _magic_call(tree.body[0].value)
        if call is not None and call[0] == "run_cell_magic":
            return _cell_magic(call[1], context)
    return _line_magics(text, tree, context)


def _magic_call(node: ast.AST) -> tuple[str, list[str]] | None:
    """Return method and literal arguments of ``get_ipython().method("...")``."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return None
    owner = node.func.value
    if not (isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "get_ipython"):
        return None
    words = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if len(words) != len(node.args):
        return None
    method = node.func.attr
    if method == "magic" and len(words) == 1:
        name, _, rest = words[0].lstrip("%").partition(" ")
        return "run_line_magic", [name, rest]
    expected = {"run_line_magic": 2, "run_cell_magic": 3, "system": 1, "getoutput": 1}
    return (method, words) if expected.get(method) == len(words) else None


def _line_magics(text: str, tree: ast.Module, context: Context) -> PlainCode:
    positions = Positions(text)
    statements = {id(node.value): node for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    top = {id(node) for node in tree.body}
    edits: list[Edit] = []
    notes: list[str] = []
    shows_last = True
    for node in ast.walk(tree):
        call = _magic_call(node)
        if call is None:
            continue
        became = _line_call(call, context)
        notes += [became.note] if became.note else []
        statement = statements.get(id(node))
        if statement is None:
            start, end = positions.span(node)
            stop = f"{context.runtime}.unsupported({_quoted(call[1][0])})"
            edits.append(Edit(start, end, became.code if became.value else stop))
            continue
        start, end = positions.span(statement)
        code = became.code or ("" if id(statement) in top else "pass  ") + f"# left out: {_as_written(call)}"
        edits.append(Edit(start, end, code))
        if statement is tree.body[-1]:
            shows_last = became.value
    return PlainCode(text=apply_edits(text, edits), notes=tuple(notes), shows_last=shows_last)


def _as_written(call: tuple[str, list[str]]) -> str:
    method, words = call
    if method == "run_line_magic":
        return f"%{words[0]} {words[1]}".strip()
    return ("!!" if method == "getoutput" else "!") + words[0].replace("\n", " ")


def _line_call(call: tuple[str, list[str]], context: Context) -> _Became:
    method, words = call
    if method == "run_line_magic":
        return _line_magic(words[0], words[1].strip(), context)
    command = words[0]
    if _INSTALL_COMMAND.match(command):
        return _Became(note=f"!{command.strip()} left out: pylock.toml holds the packages")
    function = "shell" if method == "system" else "shell_lines"
    return _Became(f"{context.runtime}.{function}({expanded(command, context.names)})", value=method == "getoutput")


def _line_magic(name: str, rest: str, context: Context) -> _Became:
    written = f"%{name} {rest}".strip()
    if name in DISPLAY_ONLY:
        return _Became()
    if name in MEASURING:
        return _Became(note=f"{written} left out: it only measures")
    if name in INSTALLING:
        return _Became(note=f"{written} left out: pylock.toml holds the packages")
    if name in TELLING and not rest.startswith("-r"):
        return _Became(note=f"{written} left out: it works in a notebook only")
    if name in ALIASES:
        command = f"{ALIASES[name]} {rest}".strip()
        return _Became(f"{context.runtime}.shell({expanded(command, context.names)})")
    handler = _LINE_HANDLERS.get(name)
    if handler is not None:
        return handler(rest, context)
    stop = f"{context.runtime}.unsupported({_quoted(written)})"
    return _Became(stop, note=f"{written} has no counterpart in plain Python: pipeline.py stops there")


def _time(rest: str, context: Context) -> _Became:
    code = re.sub(r"^(?:--?no-raise-error\s+|-n\s+)", "", rest)
    return _Became(code, value=_is_expression(code))


def _prun(rest: str, context: Context) -> _Became:
    code = re.sub(r"^(?:-[rq]\s+|-[lsTD]\s+\S+\s+)+", "", rest)
    return _Became(code)


def _env(rest: str, context: Context) -> _Became:
    match = _ASSIGNMENT.fullmatch(rest)
    if match:
        return _Became(f'__import__("os").environ[{_quoted(match[1])}] = {expanded(match[2], context.names)}')
    if rest:
        return _Became(f'__import__("os").environ[{_quoted(rest)}]', value=True)
    return _Became(note="%env left out: it would print every environment variable")


def _cd(rest: str, context: Context) -> _Became:
    path = re.sub(r"^-q\s+", "", rest).strip("'\"") or "~"
    return _Became(f"{context.runtime}.change_directory({expanded(path, context.names)})")


def _run(rest: str, context: Context) -> _Became:
    words = rest.split()
    script = next((word for word in words if not word.startswith("-")), "")
    if script.strip("'\"").endswith(".ipynb") or words[:1] != [script]:
        stop = f"{context.runtime}.unsupported({_quoted('%run ' + rest)})"
        return _Became(stop, note=f"%run {rest} has no counterpart in plain Python: pipeline.py stops there")
    script = script if script.strip("'\"").endswith(".py") else f"{script}.py"
    line = " ".join([script, *words[1:]])
    return _Became(f"globals().update({context.runtime}.run_script({expanded(line, context.names)}))")


def _output(rest: str, context: Context) -> _Became:
    return _Became(f"{context.runtime}.shell_lines({expanded(rest, context.names)})", value=True)


_LINE_HANDLERS: dict[str, Callable[[str, Context], _Became]] = {
    "time": _time,
    "prun": _prun,
    "env": _env,
    "set_env": _env,
    "cd": _cd,
    "run": _run,
    "sx": _output,
    "system": _output,
    "pwd": lambda rest, context: _Became('__import__("os").getcwd()', value=True),
    "xdel": lambda rest, context: _Became(f"del {rest}"),
    "aimport": lambda rest, context: _Became(f"import {rest}" if rest.isidentifier() else ""),
}


def _cell_magic(words: list[str], context: Context) -> PlainCode:
    name, line, body = words[0], words[1].strip(), words[2]
    written = f"%%{name} {line}".strip()
    if name in {"time", "prun", "debug"}:
        return without_magics(
            f"{line}\n{body}" if name == "time" and line and not line.startswith("-") else body, context
        )
    if name == "capture":
        return _capture(line, without_magics(body, context), context)
    if name in MEASURING:
        return _left_out(written, body, f"{written} left out with its cell: it only measures")
    if name in PROGRAMS and not line.startswith("-"):
        program = line if name == "script" else f"{name} {line}".strip()
        return PlainCode(text=f"{context.runtime}.script({_quoted(program)}, {_block(body)})\n", shows_last=False)
    if name in {"writefile", "file"}:
        append = line.startswith("-a ")
        path = expanded(line.removeprefix("-a ").strip().strip("'\""), context.names)
        more = ", append=True" if append else ""
        return PlainCode(text=f"{context.runtime}.write_file({path}, {_block(body)}{more})\n", shows_last=False)
    if name in {"sx", "system", "!"}:
        return PlainCode(text=f"{context.runtime}.shell_lines({_block(body)})\n")
    if name in MARKUP:
        show = (
            f"from IPython.display import {MARKUP[name]}\n\n{context.runtime}.display({MARKUP[name]}({_block(body)}))\n"
        )
        return PlainCode(text=show, shows_last=False)
    stop = f"{context.runtime}.unsupported({_quoted(written)})\n"
    note = f"{written} has no counterpart in plain Python: pipeline.py stops there"
    return PlainCode(text=f"{comment(written + chr(10) + body)}\n{stop}", notes=(note,), shows_last=False)


def _left_out(written: str, body: str, note: str) -> PlainCode:
    return PlainCode(text=comment(f"left out: {written}\n{body}") + "\n", notes=(note,), shows_last=False)


def _capture(line: str, inner: PlainCode, context: Context) -> PlainCode:
    words = line.split()
    kept = "".join(f", {w[5:]}=False" for w in words if w in {"--no-stdout", "--no-stderr"})[2:]
    name = next((word for word in words if word.isidentifier()), "")
    head = f"with {context.runtime}.captured({kept}){f' as {name}' if name else ''}:\n"
    body = inner.text if _has_statement(inner.text) else inner.text + "pass\n"
    return PlainCode(text=head + indent_code(body), notes=inner.notes, shows_last=False)


def _has_statement(text: str) -> bool:
    return bool(ast.parse(text).body)


def expanded(command: str, names: Collection[str]) -> str:
    """Return the expression for a command in which IPython replaces ``{expression}`` and ``$name``.

    >>> expanded("ls {folder} | head -$n", {"folder"})
    'f"ls {folder} | head -$n"'
    """
    parts = _fields(command, names)
    if parts is None:
        parts = [(command, "")]
    pieces: list[tuple[str, str]] = []
    for text, expression in parts:
        start = 0
        for match in _DOLLAR.finditer(text):
            if match[1] or match[2] in names:
                pieces.append(
                    (text[start : match.start()] + ("$" + match[2] if match[1] else ""), "" if match[1] else match[2])
                )
                start = match.end()
        pieces.append((text[start:], expression))
    if not any(expression for _, expression in pieces):
        return _quoted("".join(text for text, _ in pieces))
    if any(c in expression for _, expression in pieces for c in "\"'\\{}:!\n"):
        shown = [
            w
            for text, expression in pieces
            for w in (_quoted(text) if text else "", f"str({expression})" if expression else "")
        ]
        return " + ".join(word for word in shown if word)
    quoted = "".join(
        _quoted(text)[1:-1].replace("{", "{{").replace("}", "}}") + (f"{{{expression}}}" if expression else "")
        for text, expression in pieces
    )
    return f'f"{quoted}"'


def _fields(command: str, names: Collection[str]) -> list[tuple[str, str]] | None:
    """Return (text, expression) pairs; None when IPython could not replace and would leave the command as it is."""
    parts: list[tuple[str, str]] = []
    try:
        for text, field, spec, conversion in string.Formatter().parse(command):
            if field is not None and (spec or conversion or not _is_expression(field)):
                return None
            if field and not {n.id for n in ast.walk(ast.parse(field)) if isinstance(n, ast.Name)} <= {
                *names,
                *dir(builtins),
            }:
                return None
            parts.append((text, (field or "").strip()))
    except ValueError:
        return None
    return parts


def _is_expression(code: str) -> bool:
    try:
        ast.parse(code.strip(), mode="eval")
    except (SyntaxError, ValueError):
        return False
    return bool(code.strip())


def _quoted(text: str) -> str:
    """Return a double-quoted literal of `text`: what JSON writes is Python, too."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return ascii(text)  # a lone surrogate cannot stand in a file
    return json.dumps(text, ensure_ascii=False)


def _block(text: str) -> str:
    """Return a literal for many lines: triple-quoted where that reads back equal."""
    plain = f'"""\\\n{text}"""'
    try:
        equal = ast.literal_eval(plain) == text
    except (SyntaxError, ValueError):
        equal = False
    return plain if equal else _quoted(text)
