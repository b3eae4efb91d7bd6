"""Options of the command line: one a parameter."""

# ruff: noqa: T201  # a program prints

from __future__ import annotations

import argparse
import ast
import datetime
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from pressrun.notebook.package.runtime_cells import RUN
from pressrun.notebook.package.runtime_secrets import find_secret


class Unparsed(str):
    """Text of a parameter whose type is known only when its default has been computed."""

    __slots__ = ()


def argument_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that every pipeline has."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    run = parser.add_argument_group("running")
    run.add_argument(
        "--workdir", dest="run workdir", metavar="DIR", help="work here instead of in a temporary copy of project/"
    )
    run.add_argument(
        "--results", dest="run results", metavar="FILE", help="write parameters, metrics and outputs as JSON"
    )
    run.add_argument("--figures", dest="run figures", metavar="DIR", help="save the figures as PNG files")
    run.add_argument(
        "--models", dest="run models", metavar="DIR", help="save the models that the cells register, pickled"
    )
    return parser


def boolean(text: str) -> bool:
    """Parse true or false.

    >>> boolean("yes"), boolean("False")
    (True, False)
    """
    lowered = text.strip().lower()
    if lowered in {"true", "yes", "on", "1"}:
        return True
    if lowered in {"false", "no", "off", "0"}:
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")


def literal(kind: Any) -> Callable[[str], Any]:
    """Return a parser of Python or JSON literals of type `kind`.

    >>> literal(list)("[1, 2]")
    [1, 2]
    """

    def parse(text: str) -> Any:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            try:
                value = json.loads(text)
            except ValueError:
                raise argparse.ArgumentTypeError(f"{text!r} is no Python literal") from None
        if kind is not object and not isinstance(value, kind):
            if kind in {tuple, set, frozenset} and isinstance(value, (list, tuple, set)):
                return kind(value)
            raise argparse.ArgumentTypeError(f"{text!r} is no {kind.__name__}")
        return value

    return parse


def optional(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a parser that also takes ``none``.

    >>> optional(int)("none") is None, optional(int)("3")
    (True, 3)
    """

    def parse_optional(text: str) -> Any:
        return None if text.strip().lower() in {"none", "null"} else parse(text)

    parse_optional.__name__ = getattr(parse, "__name__", "value")
    return parse_optional


def given(*names: str) -> bool:
    """Return whether one of `names` was given on the command line."""
    return any(name in RUN.given for name in names)


def option(name: str, default: Any) -> Any:
    """Return the value given for parameter `name`, else `default`."""
    if name not in RUN.given:
        return default
    value = secret(RUN.given[name])
    if not isinstance(value, Unparsed):
        return value
    try:
        return _parse_like(default, str(value))
    except (argparse.ArgumentTypeError, ValueError, TypeError, ArithmeticError) as error:
        print(f"pipeline.py: error: argument {name}: {error}", file=sys.stderr)
        raise SystemExit(2) from error


def secret_option(name: str, reference: str) -> Any:
    """Return the secret that was named for parameter `name`, else the one that `reference` names."""
    if name not in RUN.given:
        return secret(reference)
    value = option(name, None)
    if isinstance(value, str) and len(value) >= 8:
        RUN.secrets.setdefault(value, name)  # given as it is, and kept out of the results all the same
    return value


def secret(value: Any) -> Any:
    """Return the secret where `value` is a reference to one, and keep it out of the results; else `value` itself."""
    if not isinstance(value, str) or not value.startswith("secret://"):
        return value
    try:
        found = find_secret(str(value))
    except LookupError as error:
        print(f"pipeline.py: error: {error.args[0]}", file=sys.stderr)
        RUN.finished = True  # there is nothing more to say, and the exit code is that of a wrong use
        raise SystemExit(2) from error
    RUN.secrets[found] = str(value)
    return found


def _parse_like(default: Any, text: str) -> Any:
    if isinstance(default, bool):
        return boolean(text)
    if type(default) in {datetime.date, datetime.datetime, datetime.time}:
        return type(default).fromisoformat(text)
    if isinstance(default, (list, dict, tuple, set, frozenset)):
        return literal(type(default))(text)
    if default is None:
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return text
    if isinstance(default, (str, int, float, Decimal, PurePath)) or callable(type(default)):
        return type(default)(text)
    raise TypeError(f"a value of type {type(default).__name__} cannot be given as text")
