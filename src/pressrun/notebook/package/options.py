"""Parameters as options of the command line, and as statements that put them in force."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Sequence

from pressrun.notebook.binding import to_run_again
from pressrun.notebook.package.source_text import indent_code
from pressrun.notebook.secrets import as_program, look_ups_in
from pressrun.notebook.statements import statements_of
from pressrun.records.cells import Cell, Inspection, Parameter

INJECTED_AGAIN = "# Computed again from them"
_INJECTED_HEADINGS = {"# Parameters", INJECTED_AGAIN}

RESERVED = frozenset({"help", "workdir", "results", "figures", "models"})
"""Options that every pipeline has of its own."""

_SIMPLE = {
    "int": "int",
    "float": "float",
    "str": "str",
    "bool": "{nb}.boolean",
    "Path": "{nb}.Path",
    "PurePath": "{nb}.PurePath",
    "PosixPath": "{nb}.Path",
    "Decimal": "{nb}.Decimal",
    "date": "{nb}.datetime.date.fromisoformat",
    "datetime": "{nb}.datetime.datetime.fromisoformat",
    **{kind: f"{{nb}}.literal({kind})" for kind in ("list", "dict", "tuple", "set", "frozenset")},
}
_GENERIC = re.compile(r"(?:typing\.|t\.)?(\w+)\[(.*)\]", re.DOTALL)
_KINDS = {"List": "list", "Dict": "dict", "Tuple": "tuple", "Set": "set", "Sequence": "list", "Mapping": "dict"}


def option_name(parameter: str) -> str:
    """Return the option that sets a parameter.

    >>> option_name("learning_rate"), option_name("results")
    ('--learning-rate', '--parameter-results')
    """
    dashed = parameter.replace("_", "-") if not parameter.startswith("_") else parameter
    return f"--parameter-{dashed}" if dashed in RESERVED else f"--{dashed}"


def argument_lines(parameters: Sequence[Parameter], injection: str, runtime: str) -> list[str]:
    """Return one ``parser.add_argument(...)`` a parameter.

    Args:
        parameters: all of them.
        injection: source of the values that the bundle is pressed with: they are its defaults.
        runtime: name of the runtime module in the program.
    """
    pressed = assignments(injection) | look_ups_in(injection)
    lines = []
    for parameter in parameters:
        option = option_name(parameter.name)
        flags = (
            [option]
            if option == f"--{parameter.name}" or option.startswith("--parameter-")
            else [option, f"--{parameter.name}"]
        )
        shown = pressed.get(parameter.name, parameter.expression)
        shown = f"{shown[:57]}..." if len(shown) > 60 else shown
        text = " ".join(f"{parameter.help} (default: {shown})".split()).replace("%", "%%")
        words = [json.dumps(flag) for flag in flags]
        words += [f"dest={json.dumps(parameter.name)}"] if option.startswith("--parameter-") else []
        words.append(f"type={_parser_of(parameter.type, runtime)}")
        words.append(f"metavar={json.dumps(_metavar(parameter.type))}")
        words.append(f"help={json.dumps(text, ensure_ascii=False)}")
        lines.append(f"group.add_argument({', '.join(words)})")
    return lines


def parameter_lines(inspection: Inspection, cell: Cell, injection: str, runtime: str) -> list[str]:
    """Return the statements that follow a parameters cell.

    What was given replaces the value; statements of the cell that depend on it run again, in order, so that nothing
    derived is stale: the same that a replay injects.
    """
    parameters = [parameter.name for parameter in inspection.parameters if parameter.cell == cell.index]
    lines: list[str] = []
    if injection.strip():
        source = as_program(injection, f"{runtime}.secret_option")
        pressed = [line for line in source.strip("\n").split("\n") if line not in _INJECTED_HEADINGS]
        lines += ["# The values that this bundle was pressed with.", *pressed]
    lines.append("# What the command line gives, and what follows from it.")
    lines += [f'{name} = {runtime}.option("{name}", {name})' for name in parameters]
    statements = statements_of(cell, inspection.cells[: cell.index])
    causes: dict[int, list[str]] = {id(statement): [] for statement in statements}
    for name in parameters:
        for statement in to_run_again(statements, frozenset({name})):
            causes[id(statement)].append(name)
    for statement in statements:
        names = causes[id(statement)]
        if names:
            own = [name for name in parameters if name in statement.binds | statement.changes]
            lines.append(f"if {runtime}.given({', '.join(json.dumps(name) for name in names)}):")
            body = [statement.source, *(f'{name} = {runtime}.option("{name}", {name})' for name in own)]
            lines += indent_code("\n".join(body)).split("\n")
    return lines + call_lines(f"{runtime}.record_parameters", parameters)


def call_lines(function: str, names: Iterable[str]) -> list[str]:
    """Return a call that passes each of `names` under its own name, on one line where it fits."""
    words = [f"{name}={name}" for name in names]
    line = f"{function}({', '.join(words)})"
    return [line] if len(line) <= 100 else [f"{function}(", *(f"    {word}," for word in words), ")"]


def assignments(source: str) -> dict[str, str]:
    """Return name -> expression of the plain assignments in `source`."""
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.unparse(node.value)
    return found


def _parser_of(type_text: str, runtime: str) -> str:
    """Return the expression of a function that parses text of this type."""
    text = type_text.strip().strip("'\"")
    alternatives = [part.strip() for part in _split_union(text)]
    if len(alternatives) > 1:
        rest = [part for part in alternatives if part != "None"]
        if len(rest) == 1 and len(rest) < len(alternatives):
            return f"{runtime}.optional({_parser_of(rest[0], runtime)})"
        return f"{runtime}.Unparsed"
    generic = _GENERIC.fullmatch(text)
    name = (generic[1] if generic else text).split(".")[-1]
    template = _SIMPLE.get(_KINDS.get(name, name))
    return template.format(nb=runtime) if template else f"{runtime}.Unparsed"


def _split_union(text: str) -> list[str]:
    generic = _GENERIC.fullmatch(text)
    if generic and generic[1] == "Optional":
        return [generic[2], "None"]
    separator = "|"
    if generic and generic[1] == "Union":
        text, separator = generic[2], ","
    parts, depth, current = [], 0, ""
    for character in text:
        depth += (character == "[") - (character == "]")
        if character == separator and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]


def _metavar(type_text: str) -> str:
    word = re.sub(
        r"\W+", "-", type_text.split("[", maxsplit=1)[0].split("|", maxsplit=1)[0].strip().split(".")[-1]
    ).strip("-")
    return word.upper() or "VALUE"
