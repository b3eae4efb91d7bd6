"""Write the panel's TypeScript types from the records that the server and the kernel encode.

usage: panel_types.py [--check]

``--check`` writes nothing and ends with 1 when the file is not what it would be. Fields of answers are always there; a
field of an order that has a default may be left out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from pressrun.records.panel import PROTOCOL, comparison, jobs, kernel, notebooks, orders, versions

TARGET = Path(__file__).resolve().parent.parent / "labextension" / "src" / "records.ts"
HEADER = """// Made by scripts/panel_types.py from the Python records; `make panel-types` makes it anew.

export const PROTOCOL = {protocol};
"""
_SIMPLE: dict[type, str] = {
    inspect.AnyType: "unknown",
    inspect.NoneType: "null",
    inspect.BoolType: "boolean",
    inspect.IntType: "number",
    inspect.FloatType: "number",
    inspect.StrType: "string",
}


def main() -> None:
    """Write the file, or check it."""
    text = panel_types()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        sys.exit(f"{TARGET.name} is not what the records say: run `make panel-types`.")


def panel_types() -> str:
    """Return the whole file's text."""
    found: dict[str, inspect.StructType] = {}
    for module in (notebooks, jobs, versions, comparison, orders, kernel):
        for record in vars(module).values():
            if isinstance(record, type) and issubclass(record, msgspec.Struct) and record.__module__ == module.__name__:
                collect(inspect.type_info(record), found)
    blocks = [interface(found[name]) for name in sorted(found)]
    return HEADER.format(protocol=PROTOCOL) + "\n" + "\n\n".join(blocks) + "\n"


def collect(shape: Any, found: dict[str, inspect.StructType]) -> None:
    """Add the records that `shape` is made of to `found`, name -> record."""
    if isinstance(shape, inspect.StructType):
        name = shape.cls.__name__
        if name in found:
            if found[name].cls is not shape.cls:
                sys.exit(f"two records are called {name}: {found[name].cls} and {shape.cls}")
            return
        found[name] = shape
    for part in parts(shape):
        collect(part, found)


def parts(shape: Any) -> Iterable[Any]:
    """Return what a type is made of."""
    if isinstance(shape, inspect.StructType):
        return [field.type for field in shape.fields]
    if isinstance(shape, inspect.UnionType):
        return shape.types
    if isinstance(shape, (inspect.VarTupleType, inspect.ListType)):
        return [shape.item_type]
    if isinstance(shape, inspect.TupleType):
        return shape.item_types
    if isinstance(shape, inspect.DictType):
        return [shape.value_type]
    return []


def interface(record: inspect.StructType) -> str:
    """Return one record as a TypeScript interface, with the first sentence of its docstring."""
    told = (record.cls.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
    may_lack = record.forbid_unknown_fields  # what people send us; what we send always has every field
    lines = [
        f"  {field.encode_name}{'?' if may_lack and not field.required else ''}: {typescript(field.type)};"
        for field in record.fields
    ]
    return "\n".join([f"/** {' '.join(told.split())} */", f"export interface {record.cls.__name__} {{", *lines, "}"])


def typescript(shape: Any) -> str:
    """Return a type's name in TypeScript.

    Raises:
        TypeError: there is no way to write it.
    """
    if type(shape) in _SIMPLE:
        return _SIMPLE[type(shape)]
    if isinstance(shape, inspect.StructType):
        return shape.cls.__name__
    if isinstance(shape, inspect.LiteralType):
        return " | ".join(json.dumps(value) for value in sorted(shape.values, key=str))
    if isinstance(shape, inspect.UnionType):
        return " | ".join(dict.fromkeys(typescript(kind) for kind in shape.types))
    if isinstance(shape, (inspect.VarTupleType, inspect.ListType)):
        return f"ReadonlyArray<{typescript(shape.item_type)}>"
    if isinstance(shape, inspect.TupleType):
        return f"readonly [{', '.join(typescript(item) for item in shape.item_types)}]"
    if isinstance(shape, inspect.DictType):
        return f"Readonly<Record<string, {typescript(shape.value_type)}>>"
    if isinstance(shape, inspect.RawType):
        return "unknown"
    raise TypeError(f"no TypeScript for {shape}")


if __name__ == "__main__":
    main()
