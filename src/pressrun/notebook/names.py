"""What names mean before any cell has run, and which calls change an object in place.

The tables are heuristics: a method that is listed and changes nothing only adds an edge to the step graph; one that is
missing could lose an edge, so the tables lean to the large side. Methods that draw on axes are left out on purpose:
``df.plot()`` does not change ``df``, and no result depends on a drawing.
"""

from __future__ import annotations

import ast
import builtins
import re


def words(*lines: str) -> frozenset[str]:
    """Return the words of some lines of a table."""
    return frozenset(" ".join(lines).split())


BUILTINS = frozenset(dir(builtins)) | words(
    "__name__ __doc__ __builtins__ __builtin__ __loader__ __package__ __spec__ __annotations__ get_ipython",
    "display In Out exit quit _ __ ___ _ih _oh _dh _sh",
)
_HISTORY = re.compile(r"_{1,3}|_i{1,3}|_i?\d+|_ih|_oh")

CHANGING_METHODS = words(
    # containers
    "add append appendleft clear discard difference_update extend extendleft insert intersection_update pop",
    "popitem popleft remove reverse rotate setdefault sort symmetric_difference_update update move_to_end",
    # estimators and networks
    "fit fit_predict fit_resample fit_transform partial_fit set_params build compile train eval load_state_dict",
    "load_weights zero_grad backward step begin_training",
    # arrays, frames, random generators
    "fill itemset put resize setfield setflags seed set_state shuffle setstate",
    # files, databases, servers, trackers
    "write writelines close commit execute executemany executescript rollback truncate start stop put_nowait",
    "register",
    # settings of a library
    "autolog basicConfig disable enable filterwarnings manual_seed rc reset_option seed_everything set",
    "simplefilter use setrecursionlimit",
)
_CHANGING_PREFIXES = ("set_", "add_", "remove_", "delete_")
_RETURN_NEW = words(
    "set_index set_axis add_prefix add_suffix remove_categories add_categories remove_unused_categories",
)
_CHANGE_FIRST_ARGUMENT = words(
    "setattr delattr shuffle heapify heappush heappop insort insort_left insort_right fill_diagonal put copyto",
    "putmask place put_along_axis next",
)
# Draws from the one global generator move it: what is drawn afterwards depends on how much was drawn before.
_OWN_GENERATORS = words(
    "default_rng Random SystemRandom RandomState Generator SeedSequence PCG64 MT19937 get_state getstate",
)
_OPAQUE_CALLS = {
    "exec": "exec() may define names",
    "eval": "eval() may read names",
    "globals": "globals() may define names",
    "locals": "locals() may read names",
    "vars": "vars() may read names",
    "execfile": "execfile() may define names",
}
_OPAQUE_METHODS = {"run_cell", "run_line_magic", "run_cell_magic", "magic", "ex", "push", "run_code", "safe_execfile"}
_LOCAL_IN_QUERY = re.compile(r"@([A-Za-z_]\w*)")
_CALLED_IN_FORMULA = re.compile(r"([A-Za-z_]\w*)(?:\.\w+)*\(")


def is_history(name: str) -> bool:
    """Whether `name` is IPython's output or input history (``_``, ``_12``, ``_i3``)."""
    return bool(_HISTORY.fullmatch(name))


def root_name(node: ast.expr) -> str | None:
    """Return ``x`` for ``x``, ``x.a``, ``x[0].b`` and ``x.f().g``; None where the expression has no such root."""
    while True:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Await):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            node = node.func.value
        else:
            return None


def dotted_name(node: ast.expr) -> str:
    """Return ``a.b.c`` for an expression of that form, else the empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def changed_by_call(call: ast.Call) -> list[str]:
    """Return the names whose object this call changes, as far as its form tells."""
    changed: list[str | None] = []
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if isinstance(call.func, ast.Attribute) and (_changes_owner(called, call) or _draws_globally(call.func)):
        changed.append(root_name(call.func.value))
    if (
        called in _CHANGE_FIRST_ARGUMENT
        and call.args
        and not (isinstance(call.func, ast.Attribute) and called == "next")
    ):
        changed.append(root_name(call.args[0]))
    changed += [root_name(keyword.value) for keyword in call.keywords if keyword.arg == "out"]
    return [name for name in changed if name is not None]


def _changes_owner(method: str, call: ast.Call) -> bool:
    if any(keyword.arg == "inplace" and not _is_false(keyword.value) for keyword in call.keywords):
        return True
    if method in CHANGING_METHODS and not (method == "compile" and root_name(call.func) == "re"):
        return True
    if method.endswith("_") and not method.startswith("_"):
        return True
    return method.startswith(_CHANGING_PREFIXES) and method not in _RETURN_NEW


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _draws_globally(function: ast.Attribute) -> bool:
    """Whether this is ``np.random.normal`` or ``random.choice``: a call that moves a module's own generator."""
    owner = dotted_name(function.value)
    return owner.rpartition(".")[2] == "random" and function.attr not in _OWN_GENERATORS


def opaque_call(call: ast.Call) -> str:
    """Return why this call may define or read names that cannot be seen; empty when it does not."""
    if isinstance(call.func, ast.Name):
        return _OPAQUE_CALLS.get(call.func.id, "") if not (call.func.id == "vars" and call.args) else ""
    if isinstance(call.func, ast.Attribute) and call.func.attr in _OPAQUE_METHODS:
        owner = call.func.value
        from_ipython = (
            isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "get_ipython"
        )
        if from_ipython or root_name(owner) in {"ipython", "ip", "shell"}:
            return f"get_ipython().{call.func.attr}() may define names"
    return ""


def names_in_texts(call: ast.Call) -> list[str]:
    """Return variables that strings given to a call may read: ``df.query("a > @limit")``, ``ols("y ~ center(x)")``."""
    found: list[str] = []
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
            continue
        if method in {"query", "eval"}:
            found += _LOCAL_IN_QUERY.findall(argument.value)
        elif "~" in argument.value:
            found += _CALLED_IN_FORMULA.findall(argument.value)
    return found
