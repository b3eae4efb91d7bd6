"""The ``%%register`` grammar: what a cell says of itself, in four equivalent spellings and papermill's own tag.

    %%register KIND [NAME] [--option value]...    cell magic
    %register  KIND [NAME] [--option value]...    line magic
    # %register KIND [NAME] [--option value]...   comment
    metadata["pressrun"]["register"]              the same words as one string, or {"kind", "name", "options"}
    the tag ``parameters``                        the same as ``%%register parameters``

A declaration is the first line of a code cell that is not blank. ``%register status`` and ``%register undo NAME`` ask
the running kernel something; they declare nothing. Words are split as a shell splits them (`shlex`, no
comments). A single word that is no KIND is the name of a step, unless it is one slip away from a KIND: then it is
refused, and ``step WORD`` says that it was meant. Declarations of one cell in several spellings must be equal; the
spelling in the source is the one reported. ``tests/fixtures/declarations.json`` holds every rule as a pair of cell and
expectation; another implementation has to pass it too.

Pure: text in, record or `DeclarationError` out. Stable.
"""

from __future__ import annotations

import keyword
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from pressrun.errors import DeclarationError, near_match
from pressrun.notebook.declaration_lines import COMMENT, MAGIC, declaration_lines, is_command
from pressrun.notebook.ipython_syntax import first_line_number, logical_lines
from pressrun.records.cells import KINDS, Declaration, Kind, Spelling

NAMED_KINDS: tuple[Kind, ...] = ("step", "data", "features", "model", "check")
OPTIONS: dict[Kind, tuple[str, ...]] = {"features": ("entity", "time"), "model": ("object", "predict", "sample")}

_COMMENTED_OUT = re.compile(r"[ \t]*#+[ \t]*%%register(?![^\s])")
_LOAD_EXTENSION = re.compile(r"[ \t]*%(?:load_ext|reload_ext)[ \t]+pressrun[ \t]*(?:#.*)?\r?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,127}")
_MADE_UP = re.compile(r"cell-[0-9]+")
_DEVICE = re.compile(r"(?:con|nul|aux|prn|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_USUAL_SLIPS: dict[str, Kind] = {"param": "parameters", "params": "parameters"}


def parse_declaration(
    source: str, metadata: Mapping[str, Any], tags: Iterable[str], *, cell: int | None = None
) -> Declaration | None:
    """Return what a code cell is declared to be, None when it says nothing.

    Args:
        source: the cell's source as saved.
        metadata: the cell's metadata.
        tags: the cell's tags.
        cell: the cell's index, for messages.

    Raises:
        DeclarationError: a declaration is wrong, misplaced, or contradicts another one of the same cell.
    """
    found: list[tuple[str, Declaration]] = []
    for line, spelling, words in _source_declarations(source):
        where = _where(cell, f"line {line}")
        found.append((where, parse_words(words, spelling=spelling, where=where)))
    _refuse_misplaced(source, cell)
    for value in _metadata_values(metadata):
        where = _where(cell, "metadata pressrun.register")
        found.append((where, _from_metadata(value, where)))
    if "parameters" in tags:
        found.append((_where(cell, "tag parameters"), Declaration(kind="parameters", spelling="tag")))
    if not found:
        return None
    first_where, first = found[0]
    for where, other in found[1:]:
        if _meaning(other) != _meaning(first):
            raise DeclarationError(
                f"{render_declaration(other)!r} contradicts {render_declaration(first)!r} ({first_where})",
                where=where,
                remedy="A cell is declared once: keep one of them, or make them equal.",
            )
    return first


def parse_words(text: str, *, spelling: Spelling = "cell-magic", where: str = "") -> Declaration:
    """Parse what follows ``%%register``.

    >>> parse_words("model churn --object clf").options
    {'object': 'clf'}

    Raises:
        DeclarationError: an unknown option, a missing or bad name, a near miss of a KIND.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise DeclarationError(f"the words {text.strip()!r} cannot be split: {error}", where=where) from error
    plain, options = _separate(words, where)
    kind, name = _kind_and_name(plain, where)
    return _checked(kind, name, options, spelling, where)


def render_declaration(declaration: Declaration) -> str:
    """Return the words that `parse_words` reads as the same declaration."""
    words = [declaration.kind, *([declaration.name] if declaration.name else [])]
    for option, value in declaration.options.items():
        words += [f"--{option}", value]
    return shlex.join(words)


def neutral_source(source: str) -> str:
    """Return the source that is really run, with the same number of lines.

    Declarations that are magics become empty lines, so that another cell magic below them stays first; ``%load_ext
    pressrun`` and questions to the kernel (``%register status``) become comments. Everything else stays, character for
    character.
    """
    lines = source.split("\n")
    for number in declaration_lines(lines):
        if MAGIC.fullmatch(lines[number]):
            lines[number] = "\r" if lines[number].endswith("\r") else ""
    if "load_ext" in source or "%register" in source:
        text = "\n".join(lines)
        for start, _end in logical_lines(text):
            number = text.count("\n", 0, start)
            line = lines[number]
            if _LOAD_EXTENSION.fullmatch(line) or is_command(line):
                indent = line[: len(line) - len(line.lstrip(" \t"))]
                lines[number] = f"{indent}{'pass  ' if indent else ''}# {line[len(indent) :]}"
    return "\n".join(lines)


def commented_out_line(source: str) -> int | None:
    """Return the 1-based line of a first line ``# %%register ...``, which declares nothing; None when there is none."""
    number = first_line_number(source)
    line = source.split("\n")[number - 1]
    return number if _COMMENTED_OUT.match(line) else None


def _source_declarations(source: str) -> list[tuple[int, Spelling, str]]:
    lines = source.split("\n")
    found: list[tuple[int, Spelling, str]] = []
    for number in declaration_lines(lines):
        spelling, words = _spelled(lines[number])
        found.append((number + 1, spelling, words))
    return found


def _spelled(line: str) -> tuple[Spelling, str]:
    magic = MAGIC.fullmatch(line)
    if magic:
        return ("cell-magic" if magic[1] == "%%" else "line-magic"), magic[2]
    comment = COMMENT.fullmatch(line)
    return "comment", comment[1] if comment else ""


def _refuse_misplaced(source: str, cell: int | None) -> None:
    """Refuse a declaration that is not at the top: it would be ignored, or fail when the cell runs."""
    if "%register" not in source:
        return
    lines = source.split("\n")
    top = set(declaration_lines(lines))
    for start, _end in logical_lines(source):
        number = source.count("\n", 0, start)
        line = lines[number]
        if number in top or is_command(line):
            continue
        if not (MAGIC.fullmatch(line) or (COMMENT.fullmatch(line) and _is_meant(line))):
            continue
        raise DeclarationError(
            f"the declaration {line.strip()!r} is not the cell's first line",
            where=_where(cell, f"line {number + 1}"),
            remedy="Move it to the top of the cell, above comments and other cell magics.",
        )


def _is_meant(line: str) -> bool:
    """Whether a comment further down is a declaration and not prose that mentions one."""
    try:
        parse_words(_spelled(line)[1])
    except DeclarationError:
        return False
    return True


def _metadata_values(metadata: Mapping[str, Any]) -> list[Any]:
    values = []
    ours = metadata.get("pressrun")
    if isinstance(ours, Mapping) and ours.get("register") is not None:
        values.append(ours["register"])
    if metadata.get("pressrun.register") is not None:
        values.append(metadata["pressrun.register"])
    return values


def _from_metadata(value: object, where: str) -> Declaration:
    if isinstance(value, str):
        return parse_words(value, spelling="metadata", where=where)
    remedy = 'Write the words as one string, or {"kind": ..., "name": ..., "options": {...}}.'
    if not isinstance(value, Mapping):
        raise DeclarationError(f"a declaration is no {type(value).__name__}", where=where, remedy=remedy)
    unknown = [str(key) for key in value if key not in {"kind", "name", "options"}]
    if unknown:
        hint = near_match(unknown[0], ["kind", "name", "options"])
        raise DeclarationError(f"unknown field {unknown[0]!r}", where=where, remedy=_sentence(hint) or remedy)
    kind, name, options = value.get("kind"), value.get("name"), value.get("options") or {}
    if not isinstance(kind, str) or not isinstance(name, str | None) or not _is_text_map(options):
        raise DeclarationError("kind, name and option values are strings", where=where, remedy=remedy)
    if kind not in KINDS:
        hint = _sentence(near_match(kind, KINDS)) or f"KINDs: {', '.join(KINDS)}."
        raise DeclarationError(f"{kind!r} is no KIND", where=where, remedy=hint)
    return _checked(kind, name, dict(options), "metadata", where)


def _is_text_map(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(k, str) and isinstance(v, str) for k, v in value.items())


def _separate(words: list[str], where: str) -> tuple[list[str], dict[str, str]]:
    """Split the words into plain ones and ``--option value`` or ``--option=value`` pairs."""
    plain: list[str] = []
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            plain.append(word)
            continue
        if not word.startswith("--") or len(word) == 2:
            raise DeclarationError(f"{word!r} is no option", where=where, remedy="Options are written --option value.")
        option, equals, value = word[2:].partition("=")
        if not equals:
            value = next(rest, "")
            if value.startswith("--") or not value:
                raise DeclarationError(f"--{option} needs a value", where=where)
        if option in options:
            raise DeclarationError(f"--{option} is given twice", where=where)
        options[option] = value
    return plain, options


def _kind_and_name(plain: list[str], where: str) -> tuple[Kind, str | None]:
    usage = f"Write KIND [NAME] [--option value]...; KINDs: {', '.join(KINDS)}."
    if not plain:
        raise DeclarationError("the declaration is empty", where=where, remedy=usage)
    first = plain[0]
    if len(plain) > 2:
        raise DeclarationError(f"unexpected word {plain[2]!r}", where=where, remedy=_extra_word_remedy(plain[2], usage))
    for kind in KINDS:
        if first == kind:
            return kind, plain[1] if len(plain) == 2 else None
    meant = _near_kind(first)
    if len(plain) == 2:
        hint = f"did you mean '{meant}'?" if meant else near_match(first, KINDS)
        remedy = _sentence(hint) or _extra_word_remedy(plain[1], usage)
        raise DeclarationError(f"{first!r} is no KIND", where=where, remedy=remedy)
    if meant:
        raise DeclarationError(
            f"{first!r} is no KIND, and too near to one to be taken for the name of a step",
            where=where,
            remedy=f"Did you mean {meant!r}? If it is a name, write 'step {first}'.",
        )
    return "step", first


def _extra_word_remedy(word: str, usage: str) -> str:
    return "A declaration has no trailing comment." if word.startswith("#") else usage


def _checked(kind: Kind, name: str | None, options: dict[str, str], spelling: Spelling, where: str) -> Declaration:
    allowed = OPTIONS.get(kind, ())
    for option, value in options.items():
        if option not in allowed:
            hint = _sentence(near_match(option, allowed))
            listed = f"Options of {kind}: {', '.join('--' + o for o in allowed)}." if allowed else ""
            remedy = hint or listed or f"KIND {kind} has no options."
            raise DeclarationError(f"unknown option --{option} of KIND {kind}", where=where, remedy=remedy)
        _check_value(option, value, where)
    if name is None and kind in NAMED_KINDS:
        raise DeclarationError(f"KIND {kind} needs a NAME", where=where, remedy=f"Write '{kind} NAME'.")
    if name is not None and kind not in NAMED_KINDS:
        raise DeclarationError(
            f"KIND {kind} takes no NAME, found {name!r}",
            where=where,
            remedy=_extra_word_remedy(name, f"Write '{kind}'."),
        )
    if name is not None:
        _check_name(name, where)
    ordered = {option: options[option] for option in allowed if option in options}
    return Declaration(kind=kind, name=name, options=ordered, spelling=spelling)


def _check_name(name: str, where: str) -> None:
    """Refuse names that cannot be a folder, a file, a task and part of a function name on every system."""
    if not _NAME.fullmatch(name):
        why = "a NAME is 1 to 128 letters, digits, '_', '.' or '-', and starts with a letter"
        repaired = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_.-")[:128]
        remedy = f"For example {repaired!r}." if _NAME.fullmatch(repaired) else ""
    elif name.endswith("."):
        why, remedy = "a NAME does not end with a dot", f"For example {name.rstrip('.')!r}."
    elif _DEVICE.fullmatch(name):
        why, remedy = "it is reserved on Windows", f"For example {name + '_'!r}." if "." not in name else ""
    elif _MADE_UP.fullmatch(name):
        why, remedy = "'cell-<number>' names cells that have no name", "Choose another name."
    else:
        return
    raise DeclarationError(f"bad name {name!r}: {why}", where=where, remedy=remedy)


def _check_value(option: str, value: str, where: str) -> None:
    if option in {"entity", "time"}:
        if not value.strip():
            raise DeclarationError(f"--{option} needs the name of a column", where=where)
        return
    parts = value.split(".") if option == "predict" else [value]
    if all(part.isidentifier() and not keyword.iskeyword(part) for part in parts):
        return
    noun = "a function, for example predict or model.predict_proba" if option == "predict" else "a variable"
    raise DeclarationError(f"--{option} {value!r} is no identifier", where=where, remedy=f"Name {noun}.")


def _near_kind(word: str) -> Kind | None:
    """Return the KIND that `word` is a slip of: other case, or one letter (two in a long KIND) wrong."""
    lower = word.lower()
    if lower in _USUAL_SLIPS:
        return _USUAL_SLIPS[lower]
    for kind in KINDS:
        if _edits(lower, kind) <= (2 if len(kind) > 6 else 1):
            return kind
    return None


def _edits(word: str, other: str) -> int:
    """Return the optimal string alignment distance: letters added, left out, changed, or swapped with the next one."""
    before: list[int] = []
    above = list(range(len(other) + 1))
    for i, a in enumerate(word, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            best = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and word[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, above = above, row
    return above[-1]


def _meaning(declaration: Declaration) -> tuple[Kind, str | None, dict[str, str]]:
    return declaration.kind, declaration.name, declaration.options


def _sentence(hint: str) -> str:
    return hint[:1].upper() + hint[1:]


def _where(cell: int | None, place: str) -> str:
    return place if cell is None else f"cell {cell}, {place}"
