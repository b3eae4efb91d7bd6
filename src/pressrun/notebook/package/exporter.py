"""Runs inside the user's kernel right after a model's cell: finds the object, predicts on a sample, writes it down.

Standard library only (Python 3.7 and later). cloudpickle's own source comes along as text, so that nothing has to be
installed; where the kernel has cloudpickle itself, that is used, because the lock then holds it, too. What is written
depends on the object alone: file names of cells, random identifiers of classes and fit times are replaced.
"""

# ruff: noqa: PLC0415, SLF001, RUF012  # runs in any kernel; paths are text there; cloudpickle's own insides

from __future__ import annotations

import collections
import contextlib
import io
import mmap
import pickle
import platform
import random
import sys
import types
import warnings
from pathlib import Path
from typing import Any

from pressrun.notebook.package.sample_codec import decode_value, encode_value, first_rows, signature_of

_TEST_NAMES = ("X_test", "X_valid", "X_val", "X_holdout", "X_eval", "x_test", "x_valid", "x_val", "test_X", "val_X")
_METHODS = ("predict", "predict_proba")


def export_model(user_ns: dict[str, Any], directory: str, options: dict[str, Any], source: str) -> dict[str, Any]:
    """Write the model of one cell.

    Args:
        user_ns: the notebook's variables.
        directory: where ``model.pkl`` (and ``predict.pkl``) are written.
        options: ``object``, ``predict``, ``sample`` as declared; ``candidates``, ``sample_expressions`` as read from
            the cell; ``cloudpickle``: version of `source`.
        source: cloudpickle's source.

    Returns:
        what `pressrun.notebook.package.models` reads; plain data.
    """
    kept = _random_state()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            with contextlib.redirect_stderr(io.StringIO()):
                return _export(user_ns, directory, options, source)
    finally:
        _restore(kept)


def _export(user_ns: dict[str, Any], directory: str, options: dict[str, Any], source: str) -> dict[str, Any]:
    name, model = _find_object(user_ns, options)
    notes: list[str] = []
    predict, function = _predictor(user_ns, model, options)
    facts: dict[str, Any] = {
        "object": name,
        "class": type(model).__module__ + "." + type(model).__qualname__,
        "predict": predict,
        "predict_function": function is not None,
        "python": platform.python_version(),
        "notes": notes,
    }
    found = _find_sample(user_ns, model, options, function, notes)
    if found is not None:
        facts["sample_from"], sample, facts["predictions"] = found
        facts["sample"] = sample
        facts["signature"] = {"input": signature_of(sample), "output": {}}
        facts["signature"]["output"] = {key: signature_of(value) for key, value in facts["predictions"].items()}
    with _pickler(source, options["cloudpickle"]) as (module, version, own):
        written = _write(model, Path(directory, "model.pkl"), module)
        lifted = _write(function, Path(directory, "predict.pkl"), module) if function is not None else {}
    facts.update(written)
    facts["modules"] = sorted({*written["modules"], *lifted.get("modules", [])})
    facts["function_types"] = lifted.get("own_types", [])
    facts["cloudpickle"] = version
    facts["cloudpickle_installed"] = own
    facts["libraries"] = {}
    for top in sorted({kind.split(".")[0] for kind in facts["modules"]} | {type(model).__module__.split(".")[0]}):
        version = getattr(sys.modules.get(top), "__version__", None)
        if isinstance(version, str):
            facts["libraries"][top] = version
    return facts


def predictions(model: Any, function: Any, predict: str, sample: Any) -> dict[str, Any]:
    """Return the encoded predictions on `sample`, by the name of the method or function that gave them."""
    if function is not None:
        return {predict: encode_value(_call(function, model, sample))}
    methods = [predict] if predict != "predict" else [m for m in _METHODS if _has(model, m)]
    found = {}
    for method in methods:
        try:
            found[method] = encode_value(getattr(model, method)(sample))
        except (AttributeError, NotImplementedError):  # SVC(probability=False) has the name and refuses
            if method == predict:
                raise
    return found


def _call(function: Any, model: Any, sample: Any) -> Any:
    code = getattr(function, "__code__", None)
    required = code.co_argcount - len(function.__defaults__ or ()) if code is not None else 1
    return function(model, sample) if required >= 2 else function(sample)


def _has(model: Any, method: str) -> bool:
    return callable(getattr(model, method, None))


def _find_object(user_ns: dict[str, Any], options: dict[str, Any]) -> tuple[str, Any]:
    declared = options.get("object")
    if declared:
        if declared not in user_ns:
            raise NameError("--object names " + declared + ", which is not defined after this cell")
        return declared, user_ns[declared]
    wanted = options.get("predict") or "predict"
    for names in (options["candidates"], options.get("mentioned", [])):
        for name in reversed(names):
            value = user_ns.get(name)
            if value is None or isinstance(value, (type, types.ModuleType)):
                continue
            if _has(value, "predict") or (wanted != "predict" and _has(value, wanted)):
                return name, value
    raise NameError("no object with a predict method is assigned in this cell: say which one with --object")


def _predictor(user_ns: dict[str, Any], model: Any, options: dict[str, Any]) -> tuple[str, Any]:
    """Return the name of what predicts, and the function where it is one of the notebook."""
    name = options.get("predict")
    if not name:
        return "predict", None
    if _has(model, name):
        return name, None
    if callable(user_ns.get(name)):
        return name, user_ns[name]
    raise NameError("--predict names " + name + ", which is neither a method of the model nor a function")


def _find_sample(
    user_ns: dict[str, Any], model: Any, options: dict[str, Any], function: Any, notes: list[str]
) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
    """Return where a sample was found, its first rows as data, and predictions: the first that the model accepts."""
    declared = options.get("sample")
    expressions = (
        [declared] if declared else [*options["sample_expressions"], *_TEST_NAMES, *options["fit_expressions"]]
    )
    predict = options.get("predict") or "predict"
    reasons = []
    for expression in dict.fromkeys(expressions):
        try:
            value = eval(expression, dict(user_ns))  # noqa: S307  # names and subscripts only, chosen by the caller
            sample = encode_value(first_rows(value))
            found = predictions(model, function, predict, decode_value(sample))
        except Exception as error:  # noqa: BLE001  # the user's model may raise anything; the next candidate is tried
            if declared or not isinstance(error, NameError):
                reasons.append(expression + ": " + type(error).__name__ + ": " + str(error)[:200])
            continue
        return expression, sample, found
    why = "; ".join(reasons) if reasons else "nothing like X_test was found"
    notes.append("no sample, so predictions are not compared (" + why + "): name one with --sample")
    return None


@contextlib.contextmanager
def _pickler(source: str, version: str) -> Any:
    """Give cloudpickle, its version, and whether it is the kernel's own; `sys.modules` is left as it was."""
    names = ("cloudpickle", "cloudpickle.cloudpickle")
    before = {name: sys.modules[name] for name in list(sys.modules) if name.split(".")[0] == "cloudpickle"}
    own = True
    try:
        import cloudpickle.cloudpickle as module

        version = sys.modules["cloudpickle"].__version__
    except ImportError:
        own = False
        module = types.ModuleType(names[1])
        package = types.ModuleType(names[0])
        package.cloudpickle = module  # type: ignore[attr-defined]
        sys.modules.update({names[0]: package, names[1]: module})
        exec(compile(source, "cloudpickle.py", "exec"), module.__dict__)  # noqa: S102
    kept = module._get_or_create_tracker_id
    module._get_or_create_tracker_id = lambda kind: None  # a random number otherwise
    try:
        yield module, version, own
    finally:
        module._get_or_create_tracker_id = kept
        for name in [name for name in sys.modules if name.split(".")[0] == "cloudpickle"]:
            if name not in before:
                del sys.modules[name]
        sys.modules.update(before)


def _write(value: Any, path: Path, module: Any) -> dict[str, list[str]]:
    """Pickle `value`; return the modules of its types, what was lifted out of the notebook, and what was set to 0."""
    found: dict[str, set[str]] = {"modules": set(), "own_types": set(), "zeroed": set()}
    protocol = min(5, pickle.HIGHEST_PROTOCOL)

    def reduce_code(code: Any) -> Any:
        return module._code_reduce(code.replace(co_filename="notebook"))

    class Exporter(module.CloudPickler):  # type: ignore[misc]
        dispatch_table = collections.ChainMap({types.CodeType: reduce_code}, module.CloudPickler.dispatch_table)

        def reducer_override(self, obj: Any) -> Any:
            kind = type(obj)
            if isinstance(obj, (type, types.FunctionType)):
                if obj.__module__ == "__main__":
                    found["own_types"].add(obj.__qualname__.split(".")[0])
                found["modules"].add(str(obj.__module__))
            else:
                found["modules"].add(kind.__module__)
                reduced = _without_times(obj, protocol, found["zeroed"])
                if reduced is not None:
                    return reduced
            return super().reducer_override(obj)

    with path.open("wb") as file:
        Exporter(file, protocol=protocol).dump(value)
    with path.open("rb") as written, mmap.mmap(written.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(b"cloudpickle.cloudpickle") >= 0:
            found["modules"].add("cloudpickle")
    found["modules"] -= {"builtins", "__main__"}
    return {key: sorted(names) for key, names in found.items()}


def _without_times(obj: Any, protocol: int, zeroed: set[str]) -> Any:
    """Return how to pickle a search object with the seconds that fits took set to 0; None for any other object."""
    state = getattr(obj, "__dict__", None)
    if type(state) is not dict or not isinstance(state.get("cv_results_"), dict):
        return None
    reduced = obj.__reduce_ex__(protocol)
    if len(reduced) < 3 or not isinstance(reduced[2], dict):
        return None
    changed = dict(reduced[2])
    table = {key: value * 0.0 if key.endswith("_time") else value for key, value in changed["cv_results_"].items()}
    zeroed.update("cv_results_[" + repr(key) + "]" for key in table if key.endswith("_time"))
    changed["cv_results_"] = table
    if "refit_time_" in changed:
        changed["refit_time_"] = 0.0
        zeroed.add("refit_time_")
    return (reduced[0], reduced[1], changed, *reduced[3:])


def _random_state() -> list[Any]:
    numpy = sys.modules.get("numpy.random")
    return [random.getstate(), numpy.get_state() if numpy is not None else None]


def _restore(kept: list[Any]) -> None:
    random.setstate(kept[0])
    if kept[1] is not None:
        sys.modules["numpy.random"].set_state(kept[1])


def export_metrics(user_ns: dict[str, Any], names: list[str]) -> dict[str, float]:
    """Return the numbers among `names`; a dictionary gives its own names, ``scores.f1`` where it has one itself."""
    found: dict[str, float] = {}
    pending = [(name, user_ns[name]) for name in reversed(names) if name in user_ns]
    while pending:
        name, value = pending.pop()
        if isinstance(value, dict):
            pending += [(name + "." + str(key), inner) for key, inner in reversed(list(value.items()))]
            continue
        if getattr(value, "shape", None) == () and hasattr(value, "item"):
            value = value.item()
        if isinstance(value, bool) or not hasattr(value, "__float__") or isinstance(value, complex):
            continue
        if hasattr(value, "shape") or hasattr(value, "__len__"):
            continue
        found[name] = float(value)
    return found
