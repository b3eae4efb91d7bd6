"""Which seeds a notebook sets, told from its syntax. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

SEED_CALLS = {
    "seed", "set_seed", "seed_everything", "manual_seed", "manual_seed_all", "set_random_seed", "default_rng",
    "RandomState", "PRNGKey", "Random", "SeedSequence", "key",
}  # fmt: skip
SEED_ARGUMENTS = {"random_state", "seed", "random_seed"}


def seeds_in(sources: Iterable[str]) -> tuple[str, ...]:
    """Return the calls and arguments that set a seed, as written, each once, in the order of the cells.

    >>> seeds_in(["np.random.seed(0)", "model.fit(X, y, random_state=42)"])
    ('np.random.seed(0)', 'random_state=42')
    """
    found: dict[str, None] = {}
    for source in sources:
        found.update(dict.fromkeys(_seeds(_tree(source))))
    return tuple(found)


def _tree(source: str) -> ast.AST:
    """Return the syntax tree, with lines that only IPython understands left out; an empty one for no Python at all."""
    plain = "\n".join("pass" if line.startswith(("%", "!", "?")) else line for line in source.splitlines())
    try:
        return ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def _seeds(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        called = name.rpartition(".")[2]
        if called in SEED_CALLS and (node.args or node.keywords) and (called != "key" or "random" in name):
            yield f"{name}({', '.join(ast.unparse(argument) for argument in node.args)})"
        for keyword in node.keywords:
            if keyword.arg in SEED_ARGUMENTS:
                yield f"{keyword.arg}={ast.unparse(keyword.value)}"
