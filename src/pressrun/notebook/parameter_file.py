"""Parameters from a YAML or JSON file: values only, nothing that could run, repeat or expand."""

from __future__ import annotations

import functools
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pressrun.errors import ParameterError

if TYPE_CHECKING:
    import yaml

MAX_BYTES = 10_000_000


@functools.cache
def _strict_loader() -> type[yaml.SafeLoader]:
    """Return the loader; made when it is first needed, because importing yaml costs more than reading a notebook."""
    import yaml  # noqa: PLC0415

    class Loader(yaml.SafeLoader):
        """Refuses what a file of values has no use for, and leaves dates as they are written."""

        yaml_implicit_resolvers = {  # noqa: RUF012  the parser's own way to be told
            first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            """Refuse aliases: a few lines of them expand to gigabytes."""
            if self.check_event(yaml.events.AliasEvent):
                event: Any = self.peek_event()  # type: ignore[no-untyped-call]
                raise yaml.constructor.ConstructorError(
                    None, None, "aliases (*name) are not accepted", event.start_mark
                )
            return super().compose_node(parent, index)

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
            """Refuse a key that stands twice: one of the values would be lost."""
            seen: set[object] = set()
            for key_node, _ in node.value:
                key = self.construct_object(key_node, deep=True)
                if not isinstance(key, Hashable) or key in seen:
                    problem = (
                        f"the key {key!r} stands twice" if isinstance(key, Hashable) else "a key is no plain value"
                    )
                    raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
                seen.add(key)
            return super().construct_mapping(node, deep=deep)

    return Loader


def read_parameter_file(path: Path) -> dict[str, Any]:
    """Return the parameters that a YAML or JSON file gives.

    Args:
        path: a file that holds one mapping of names to values. Dates stay text: the declared type tells what they are.

    Raises:
        ParameterError: it cannot be read, is too large, is no mapping of names, or holds tags, aliases or a key twice.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ParameterError(f"the file is larger than {MAX_BYTES:,} bytes", where=str(path))
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ParameterError(f"the file cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise ParameterError("the file is no UTF-8 text", where=str(path)) from error
    import yaml  # noqa: PLC0415

    try:
        found = yaml.load(text, Loader=_strict_loader())  # noqa: S506  a safe loader, made stricter
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else str(path)
        raise ParameterError(str(getattr(error, "problem", None) or error), where=where) from error
    except (RecursionError, ValueError) as error:
        raise ParameterError("the file is nested too deeply or holds an impossible value", where=str(path)) from error
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise ParameterError(
            "the file holds no mapping of names to values", where=str(path), remedy="Write one 'name: value' a line."
        )
    return found
