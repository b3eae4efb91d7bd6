"""IPython's own syntax turned into plain Python, so that a cell can be parsed: magics, ``!commands``, ``?help``.

The text is for analysis alone; nothing here runs it. Line numbers stay: every line of the cell is a line of the result.
IPython's transformer is not used because importing it costs 0.2 s, and because it hides what a magic's line holds
(``%time x = f()`` defines ``x``). Pure and stable.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

import msgspec

from pressrun.notebook.names import words

# Magics whose line, or whose cell's body, is Python that runs in the user's namespace ...
PYTHON_MAGICS = frozenset(
    {"time", "timeit", "prun", "memit", "mprun", "lprun", "snakeviz", "capture", "debug", "pyinstrument"}
)
# ... those that run it in a namespace of their own ...
PRIVATE_MAGICS = frozenset({"timeit"})
# ... those whose body is another language or plain text, and leaves the namespace alone ...
FOREIGN_MAGICS = words(
    "! HTML SVG bash cmd file html javascript js latex markdown perl pypy python python2 python3 ruby script sh",
    "svg sx system writefile",
)
# ... and line magics that neither define nor read a variable (beyond $name and {expression}).
QUIET_MAGICS = words(
    "alias alias_magic autoawait autocall automagic autoreload autosave bookmark cd clear cls colors conda",
    "conda_install config connect_info dhist dirs doctest_mode ed edit env gui hist history killbgscripts ldir",
    "less lf lk ll load_ext logoff logon logstart logstate logstop ls lsmagic lx magic man matplotlib micromamba",
    "mamba mkdir more mv notebook page pastebin pdb pdef pdoc pfile pinfo pinfo2 pip popd pprint precision",
    "psearch psource pushd pwd pycat qtconsole quickref reload_ext rehashx rep rm rmdir set_env subplots system",
    "sx tb tensorboard unalias unload_ext uv watermark who who_ls whos xmode cat cp writefile register store",
)

_SUSPECT = re.compile(r"^[ \t]*(?:[%!?,;/]|>>>|In \[)|\?[ \t\r]*(?:#.*)?$|=[ \t]*[%!]|\A\s*\n?[ \t]+\S", re.MULTILINE)
_TOKEN = re.compile(
    r"""\#[^\n]*|\"{3}|'{3}|"|'|\\\r?\n|[()\[\]{}\n?]|[=!<>:+\-*/%@&|^]=|=|[^\s\#"'\\()\[\]{}=!<>:+\-*/%@&|^?]+|."""
    r"""|\s""",
    re.DOTALL | re.VERBOSE,
)
_STRING_END = {
    quote: re.compile(rf"\\.|{quote}" + ("|\n" if len(quote) == 1 else ""), re.DOTALL)
    for quote in ('"', "'", '"""', "'''")
}
_PROMPT = re.compile(r"(?:>>>|\.\.\.)(?: |$)|In \[\d+\]: |[ ]*\.\.\.+: ")
_OPTIONS = re.compile(r"(?:-{1,2}[A-Za-z][\w-]*(?:[ =]*\d+)?(?:\s+|$))+")
_EXPANSION = re.compile(r"\{([^{}]+)\}|\$\$?([A-Za-z_]\w*)")


class PlainSource(msgspec.Struct, frozen=True, kw_only=True):
    """A cell's source as plain Python.

    Attributes:
        text: Python with as many lines as the cell; empty lines where the cell holds another language.
        altered: 1-based numbers of the lines that are not as the author wrote them.
        expanded: names that ``{name}`` and ``$name`` in magics and commands may read.
        defines: names that magics bind (``%%capture out``, ``%store -r x``).
        opaque: why names may be defined that cannot be seen.
        private: whether the body runs in a namespace of its own (``%%timeit``): it reads, and defines nothing.
    """

    text: str
    altered: frozenset[int] = frozenset()
    magics: tuple[str, ...] = ()
    shell: tuple[str, ...] = ()
    expanded: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    private: bool = False


def plain_source(source: str) -> PlainSource:
    """Turn a cell's source into plain Python."""
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    if not _SUSPECT.search(text):
        return PlainSource(text=text)
    return _Translation(text).result()


def first_line_number(source: str) -> int:
    """Return the 1-based number of the first line that is not blank; 1 when there is none."""
    for number, line in enumerate(source.split("\n"), 1):
        if line.strip():
            return number
    return 1


def logical_lines(source: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of every logical line: one that begins outside strings, brackets and continued lines.

    A line that IPython takes as a whole (``%magic``, ``!command``) ends where it ends, whatever quotes it holds.
    """
    start = 0
    while start < len(source):
        line = _scan(source, start)
        yield start, line.end
        start = line.end


class _Line(msgspec.Struct):
    """One logical line: where it ends, and where ``= %magic`` or ``= !command`` and a last ``?`` stand in it."""

    end: int
    escaped: bool = False
    assigned: int | None = None
    asks: bool = False


def _scan(text: str, start: int) -> _Line:
    head = _skip_blanks(text, start)
    if text[head : head + 1] in {"%", "!", "?", ",", ";", "/"}:
        return _Line(end=_command_end(text, head), escaped=True)
    depth, position, asks = 0, start, False
    while position < len(text):
        match = _TOKEN.match(text, position)
        found = match[0] if match else text[position]
        position += len(found)
        if found in _STRING_END:
            position = _string_end(text, position, found)
        elif found in "([{":
            depth += 1
        elif found in ")]}":
            depth = max(0, depth - 1)
        elif found == "\n":
            if depth == 0:
                break
        elif found == "=" and depth == 0:
            after = _skip_blanks(text, position)
            if text[after : after + 1] in {"%", "!"}:
                return _Line(end=_command_end(text, after), assigned=after)
        if not found.isspace() and found[0] != "#":
            asks = found == "?"
    return _Line(end=position, asks=asks)


def _skip_blanks(text: str, position: int) -> int:
    while text[position : position + 1] in {" ", "\t"}:
        position += 1
    return position


def _string_end(text: str, position: int, quote: str) -> int:
    for match in _STRING_END[quote].finditer(text, position):
        if match[0] == quote:
            return match.end()
        if match[0] == "\n":
            return match.start()
    return len(text)


def _command_end(text: str, position: int) -> int:
    """Return the end of a line that a backslash continues."""
    while True:
        newline = text.find("\n", position)
        if newline < 0:
            return len(text)
        if not text[:newline].endswith("\\"):
            return newline + 1
        position = newline + 1


class _Translation:
    """Collects what `plain_source` tells while it rewrites the lines that IPython would rewrite."""

    def __init__(self, text: str) -> None:
        self.magics: list[str] = []
        self.shell: list[str] = []
        self.expanded: list[str] = []
        self.defines: list[str] = []
        self.opaque: list[str] = []
        self.private = False
        self.original = text.split("\n")
        self.text = self._lines(self._cell(_cleaned(text)))

    def result(self) -> PlainSource:
        """Return the collected facts."""
        lines = self.text.split("\n")
        altered = {n for n, (a, b) in enumerate(zip(self.original, lines, strict=True), 1) if a != b}
        return PlainSource(
            text=self.text,
            altered=frozenset(altered),
            magics=tuple(dict.fromkeys(self.magics)),
            shell=tuple(self.shell),
            expanded=tuple(dict.fromkeys(self.expanded)),
            defines=tuple(dict.fromkeys(self.defines)),
            opaque=tuple(dict.fromkeys(self.opaque)),
            private=self.private,
        )

    def _cell(self, text: str) -> str:
        """Rewrite cell magics at the top, one below the other."""
        number = first_line_number(text)
        lines = text.split("\n")
        head = lines[number - 1].strip()
        if not head.startswith("%%") or head.endswith("?"):
            return text
        name, _, rest = head[2:].partition(" ")
        self.magics.append(name)
        self._expand(rest)
        lines[number - 1] = ""
        if name in PYTHON_MAGICS:
            self.private = self.private or name in PRIVATE_MAGICS
            if name == "capture":
                self.defines += [word for word in rest.split() if word.isidentifier()]
            elif name in PRIVATE_MAGICS:
                lines[number - 1] = _OPTIONS.sub("", rest.strip() + " ", count=1).strip()
            return self._cell("\n".join(lines)) if not lines[number - 1] else "\n".join(lines)
        if name in FOREIGN_MAGICS:
            self.defines += re.findall(r"--(?:out|err|proc)[ =](\w+)", rest)
        else:
            self.opaque.append(f"%%{name} may define names")
        return "\n" * (len(lines) - 1)

    def _lines(self, text: str) -> str:
        parts: list[str] = []
        start = 0
        while start < len(text):
            line = _scan(text, start)
            raw = text[start : line.end]
            if line.escaped or line.asks or line.assigned is not None:
                raw = self._rewritten(raw, line, start)
            parts.append(raw)
            start = line.end
        return "".join(parts)

    def _rewritten(self, raw: str, line: _Line, start: int) -> str:
        """Return Python for one logical line of IPython's, with as many line ends."""
        ends = "\n" * raw.count("\n")
        if line.assigned is not None:
            split = line.assigned - start
            command = raw[split:].replace("\\\n", " ").strip()
            code = self._command(command)
            return raw[:split] + (code if code and _is_expression(code) else "None") + _missing(raw[:split], ends)
        indent = raw[: len(raw) - len(raw.lstrip(" \t"))]
        if line.asks:
            return f"{indent}pass{ends}"
        command = raw.replace("\\\n", " ").strip()
        if command[0] in "?,;/" or command.endswith("?"):
            called = re.match(r"[,;/]\s*([A-Za-z_]\w*)", command)
            return f"{indent}{called[1] if called else 'pass'}{ends}"
        return f"{indent}{self._command(command) or 'pass'}{ends}"

    def _command(self, command: str) -> str:
        """Note one ``%magic`` or ``!command``; return the Python that its line holds, if any."""
        if command.startswith("!"):
            self.shell.append(command.lstrip("!").strip())
            self._expand(command)
            return ""
        name, _, rest = command.lstrip("%").partition(" ")
        rest = rest.strip()
        self.magics.append(name)
        if name in PYTHON_MAGICS:
            code = _OPTIONS.sub("", rest + " ", count=1).strip()
            if name in PRIVATE_MAGICS and not _is_expression(code):
                return f"if __name__: {code}" if code else ""
            return code
        self._expand(rest)
        if name == "store" and rest.startswith("-r"):
            names = [word for word in rest.split()[1:] if word.isidentifier()]
            self.defines += names
            if not names:
                self.opaque.append("%store -r may define names")
        elif name not in QUIET_MAGICS and not command.startswith("%%"):
            self.opaque.append(f"%{name} may define names")
        return ""

    def _expand(self, text: str) -> None:
        for braced, dollar in _EXPANSION.findall(text):
            self.expanded += [dollar] if dollar else _names_in(braced)


def _cleaned(text: str) -> str:
    """Remove what IPython removes before it reads a line: prompts and the first line's indentation."""
    lines = text.split("\n")
    first = lines[first_line_number(text) - 1]
    if first.startswith((">>>", "In [")):
        return "\n".join(_PROMPT.sub("", line, count=1) if _PROMPT.match(line) else line for line in lines)
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    if not indent:
        return text
    return "\n".join(line.removeprefix(indent) for line in lines)


def _missing(kept: str, ends: str) -> str:
    """Return the line ends of `ends` that `kept` does not hold yet."""
    return "\n" * (len(ends) - kept.count("\n"))


def _is_expression(code: str) -> bool:
    return parsed_expression(code) is not None


def parsed_expression(code: str) -> ast.expr | None:
    """Parse one expression; None when it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _names_in(code: str) -> list[str]:
    tree = parsed_expression(code)
    return [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)] if tree else []
