"""Values of the user as a receipt shows them: in a line, without running any code of theirs, and no secret."""

from __future__ import annotations

import sys
from itertools import islice
from types import FunctionType, ModuleType
from typing import Any, Final

from pressrun.records.findings import SecretPlace
from pressrun.rules.secrets.labels import is_secret_name
from pressrun.rules.secrets.scan import find_in_text

LONGEST: Final = 80  # characters
SCANNED: Final = 2000  # characters looked at in search of secrets
MOST: Final = 6  # items of a collection
HIDDEN: Final = "(hidden: looks like a secret)"
_PLACE: Final[SecretPlace] = "parameter"


def shown(name: str, value: Any, depth: int = 2) -> str:
    """Return a parameter's value in a line; of what is no plain data, only the type."""
    if is_secret_name(name) and value is not None and type(value) is not bool:
        return HIDDEN
    text = _plain(value, depth)
    if any(kind in text for kind in ("'", '"')) and find_in_text(text, place=_PLACE, where=name):
        return HIDDEN
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def is_code(value: Any) -> bool:
    """Whether a value is a module, or a function or class that a module gave: replay imports it as well."""
    kind = type(value)
    if kind is ModuleType:
        return True
    if kind is FunctionType:
        return str(value.__module__) != "__main__"
    if issubclass(kind, type):
        return bool(vars(value).get("__module__") != "__main__")
    return kind.__name__ in {"builtin_function_or_method", "ufunc"}


def version_of(value: Any, modules: dict[str, Any]) -> tuple[str, str] | None:
    """Return library and version behind a module, without asking the module anything that runs code.

    What comes with Python itself is no library, whatever version it tells.
    """
    if type(value) is not ModuleType:
        return None
    top = value.__name__.partition(".")[0]
    if top in sys.stdlib_module_names:
        return None
    module = modules.get(top)
    version = vars(module).get("__version__") if type(module) is ModuleType else None
    return (top, version) if type(version) is str else None


def _plain(value: Any, depth: int) -> str:
    kind: type = type(value)
    if kind is int and value.bit_length() > SCANNED:
        return f"<int of {value.bit_length()} bits>"
    if kind in {int, float, bool, complex, type(None)}:
        return repr(value)
    if kind is str or kind is bytes:
        return repr(value[:SCANNED])
    if kind in {list, tuple, set, frozenset} and depth:
        items = [_plain(item, depth - 1) for item in islice(value, MOST)]
        more = [f"… {len(value)} items"] if len(value) > MOST else []
        opening, closing = "[]" if kind is list else "()" if kind is tuple else "{}"
        return opening + ", ".join([*items, *more]) + closing
    if kind is dict and depth:
        pairs = [f"{_plain(key, 0)}: {_named(key, item, depth - 1)}" for key, item in islice(value.items(), MOST)]
        more = [f"… {len(value)} items"] if len(value) > MOST else []
        return "{" + ", ".join([*pairs, *more]) + "}"
    return f"<{kind.__module__}.{kind.__qualname__}>" if kind.__module__ != "builtins" else f"<{kind.__name__}>"


def _named(key: Any, value: Any, depth: int) -> str:
    return HIDDEN if type(key) is str and is_secret_name(key) and type(value) is str else _plain(value, depth)
