"""A function that is watched is, to its caller and to itself, what it was."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import sys
import traceback
import types
import warnings
from typing import Any

import pytest

from pressrun.observer.patching import Patches, own_modules, resolved, stand_in, tell_when_run, watched, watched_start

needs_clean_tracebacks = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="a frame can only be taken out since 3.11"
)


def adds(first: int, second: int = 2, *, third: int = 3) -> int:
    """Add."""
    return first + second + third


def fails(error: BaseException) -> None:
    raise error


def warns() -> None:
    warnings.warn("old", DeprecationWarning, stacklevel=2)


def tables() -> dict[str, Any]:
    frame = sys._getframe(1)
    return {name: {**frame.f_globals, **frame.f_locals}[name] for name in ("of_caller", "adds")}


class Told:
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def before(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
        self.calls.append((args, kwargs))
        return len(self.calls)

    def after(self, noted: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        self.calls.append((noted, result))


def test_arguments_and_result_are_told_and_passed_on() -> None:
    told = Told()
    assert watched(adds, told.before, told.after)(1, third=5) == 8
    assert told.calls == [((1,), {"third": 5}), (1, 8)]


def test_name_documentation_signature_and_pickle_are_those_of_the_original(monkeypatch: pytest.MonkeyPatch) -> None:
    watcher = watched(adds, None, None)
    monkeypatch.setattr(sys.modules[__name__], "adds", watcher)
    assert (watcher.__name__, watcher.__doc__, watcher.__module__) == ("adds", "Add.", __name__)
    assert str(inspect.signature(watcher)) == "(first: 'int', second: 'int' = 2, *, third: 'int' = 3) -> 'int'"
    assert inspect.getsource(watcher) == inspect.getsource(watcher.__wrapped__)


@needs_clean_tracebacks
@pytest.mark.parametrize("inner", [False, True])
@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_passes_with_its_own_frames_only(kind: type[BaseException], inner: bool) -> None:
    error = kind()
    watcher = watched(fails, None, None, inner=inner)
    with pytest.raises(kind) as caught:
        watcher(error)
    assert [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)] == [
        "test_an_exception_passes_with_its_own_frames_only",
        "fails",
    ]
    assert caught.value is error
    assert error.__context__ is None


@needs_clean_tracebacks
def test_an_exception_of_a_function_in_c_shows_the_callers_line_last() -> None:
    with pytest.raises(ValueError, match="invalid literal") as caught:
        watched(int, None, None)("x")  # type: ignore[arg-type]
    assert len(traceback.extract_tb(caught.value.__traceback__)) == 1


def test_a_warning_is_about_the_callers_line() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        line = sys._getframe().f_lineno + 1
        watched(warns, None, None)()
    assert [(warning.filename, warning.lineno) for warning in caught] == [(__file__, line)]


def test_a_function_that_looks_at_its_caller_finds_it() -> None:
    of_caller = object()
    assert watched(tables, None, None)() == {"of_caller": of_caller, "adds": adds}


def test_the_watchers_own_frame_counts_as_the_librarys() -> None:
    def asks() -> list[str]:
        return [frame.filename for frame in inspect.stack(context=0)]

    assert set(watched(asks, None, None)()[:3]) == {__file__}
    assert not any(name.endswith("observer/patching.py") for name in watched(asks, None, None)())


def test_a_coroutine_function_stays_one() -> None:
    async def later(value: int) -> int:
        await asyncio.sleep(0)
        return value

    told = Told()
    watcher = watched(later, told.before, told.after)
    assert inspect.iscoroutinefunction(watcher)
    assert asyncio.run(watcher(3)) == 3
    assert told.calls == [((3,), {}), (1, 3)]


def test_a_class_made_by_new_alone_is_told_when_it_starts() -> None:
    class Made:
        def __new__(cls, path: str) -> Any:
            return super().__new__(cls)

    told = Told()
    patches = Patches()
    patches.put(Made, "__init__", watched_start(Made, told.before, None))
    Made("a")
    assert [args[1:] for args, _ in told.calls] == [("a",)]
    assert str(inspect.signature(Made)) == "(path: 'str') -> 'Any'"
    patches.undo()
    assert "__init__" not in vars(Made)
    assert isinstance(Made("b"), Made)


def test_a_stand_in_passes_for_the_class() -> None:
    told = Told()
    show = stand_in(int, "somewhere", told.before, None)
    assert (type(show("7")), show("7"), told.calls[0]) == (int, 7, ((None, "7"), {}))
    assert isinstance(7, show)
    assert issubclass(bool, show)
    assert show == int  # noqa: E721  what a library may ask
    assert (show.__name__, show.__module__, repr(show), show.from_bytes(b"\x07", "big")) == (
        "int", "somewhere", "<class 'int'>", 7,
    )  # fmt: skip
    assert issubclass(type("Own", (show,), {}), int)


def test_undoing_leaves_what_somebody_else_has_put_there_since() -> None:
    module = types.ModuleType("m")
    module.kept = module.taken = adds  # type: ignore[attr-defined]
    patches = Patches()
    patches.put(module, "kept", fails)
    patches.put(module, "taken", fails)
    patches.put(module, "new", fails)
    module.taken = warns  # type: ignore[attr-defined]
    patches.undo()
    assert (module.kept, module.taken, hasattr(module, "new")) == (adds, warns, False)


def test_only_modules_of_the_library_itself_are_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lib", "lib.part", "_lib", "library", "notlib.lib"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    assert {module.__name__ for module in own_modules("lib.part")} == {"lib", "lib.part", "_lib"}


def test_a_pattern_finds_public_functions_only() -> None:
    module = types.SimpleNamespace(
        read_a=adds, read_b=fails, _read_c=adds, read_number=3, inner=types.SimpleNamespace(x=adds)
    )
    assert [name for _, name in resolved(module, "read_*")] == ["read_a", "read_b"]
    assert [name for _, name in resolved(module, "inner.x")] == ["x"]
    assert resolved(module, "none.x") == resolved(module, "none") == []


def test_a_loader_is_as_before_when_its_module_has_run(tmp_path: Any) -> None:
    import importlib.util

    (tmp_path / "made.py").write_text("value = 3\n")
    spec = importlib.util.spec_from_file_location("made", tmp_path / "made.py")
    assert spec is not None
    before = dict(vars(spec.loader))
    names: list[str] = []
    tell_when_run("made", spec, names.append)
    module = importlib.util.module_from_spec(spec)
    assert names == []
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    assert (names, module.value, vars(spec.loader)) == (["made"], 3, before)


def test_pickling_a_watched_function_goes_by_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    watcher = watched(adds, None, None)
    monkeypatch.setattr(sys.modules[__name__], "adds", watcher)
    if sys.modules.get(__name__) is not None:
        assert pickle.loads(pickle.dumps(watcher)) is watcher
