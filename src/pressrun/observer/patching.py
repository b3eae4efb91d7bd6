"""Puts a watcher in front of functions of other libraries, when they are imported, and takes it away again.

What is watched keeps its name, documentation, signature and place, so that it pickles and reads as before; a class
stays the class it is, because only its methods are replaced. The watcher's frame is taken out of the traceback of an
exception (Python 3.11 and later; before, it is marked as hidden), and what is called finds its caller where it was.

Sent into the kernel together with `pressrun.observer.recorder`: standard library only, Python 3.7 and later.
"""

# Frames tell who asks:
# ruff: noqa: SLF001

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from types import FrameType, ModuleType, TracebackType
from typing import Any

ABSENT = object()
ASYNCHRONOUS = 0x80  # inspect.CO_COROUTINE
BOUND = "__pressrun_call__"
CALL: Any = compile(BOUND + "()", "<pressrun observer>", "eval")


class Patches:
    """Every attribute that was replaced, so that each can be put back."""

    def __init__(self) -> None:
        self.made: list[tuple[Any, str, Any, Any]] = []  # owner, name, what was there, what is there now

    def put(self, owner: Any, name: str, value: Any) -> None:
        """Replace an attribute; what an owner only inherited is removed by `undo`."""
        before = vars(owner).get(name, ABSENT)
        setattr(owner, name, value)
        self.made.append((owner, name, before, vars(owner).get(name, value)))

    def holds(self, owner: Any, name: str) -> bool:
        """Tell whether the attribute is one of ours by now."""
        found = vars(owner).get(name, ABSENT)
        return any(one is owner and other == name and now is found for one, other, _, now in self.made)

    def undo(self) -> None:
        """Put back everything that nobody replaced since."""
        for owner, name, before, now in reversed(self.made):
            if vars(owner).get(name, ABSENT) is not now:
                continue
            if before is ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, before)
        self.made.clear()


def watched(
    original: Callable[..., Any],
    before: Callable[..., Any] | None,
    after: Callable[..., None] | None,
    *,
    inner: bool = False,
) -> Callable[..., Any]:
    """Return `original` with `before` told of each call's arguments, and `after` of its result too.

    Args:
        original: function or unbound method.
        before: given positional and named arguments; raises nothing; what it returns goes to `after`.
        after: given what `before` returned, the arguments, and the result; raises nothing.
        inner: the function is called by its library, often, and does not ask who calls it.
    """
    code = getattr(original, "__code__", None)
    if getattr(code, "co_flags", 0) & ASYNCHRONOUS:
        return watched_later(original, before, after)

    def call(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        noted = before(args, kwargs) if before else None
        frame = None if inner else as_caller(sys._getframe(1), functools.partial(original, *args, **kwargs))
        try:
            result = original(*args, **kwargs) if frame is None else eval(*frame)  # noqa: S307  runs `original` as well
        except BaseException as error:
            error.__traceback__ = without_frames(error.__traceback__, 1 if frame is None else 2)
            raise
        if after:
            after(noted, args, kwargs, result)
        return result

    if code is not None and hasattr(code, "replace"):  # a frame of the library's own, to whoever looks for the user's
        call.__code__ = call.__code__.replace(co_filename=code.co_filename)
    return functools.update_wrapper(call, original)


def watched_later(
    original: Callable[..., Any], before: Callable[..., Any] | None, after: Callable[..., None] | None
) -> Callable[..., Any]:
    """Return a coroutine function with `before` and `after` told, as `watched` does."""

    @functools.wraps(original)
    async def call(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        noted = before(args, kwargs) if before else None
        try:
            result = await original(*args, **kwargs)
        except BaseException as error:
            error.__traceback__ = without_frames(error.__traceback__, 1)
            raise
        if after:
            after(noted, args, kwargs, result)
        return result

    return call


def without_frames(trace: TracebackType | None, count: int) -> TracebackType | None:
    """Return a traceback without its first `count` frames, which are ours."""
    for _ in range(count):
        trace = trace and trace.tb_next
    return trace


def as_caller(caller: FrameType, bound: Callable[[], Any]) -> tuple[Any, dict[str, Any], dict[str, Any]] | None:
    """Return what `eval` takes to call `bound` from a frame that looks like `caller`.

    A library may look at the frame that called it: for the tables that a query names, as DuckDB does, or for the line
    that a warning is about. Nothing is returned where such a frame cannot be made.
    """
    try:
        code: Any = caller.f_code
        names = caller.f_globals
        if "__builtins__" not in names:
            return None
        way = CALL.replace(co_filename=code.co_filename, co_name=code.co_name, co_firstlineno=caller.f_lineno)
        return way, names, {**caller.f_locals, BOUND: bound, "__tracebackhide__": True}
    except Exception:  # noqa: BLE001  then it is called from here
        return None


def watched_start(
    made: type, before: Callable[..., Any] | None, after: Callable[..., None] | None
) -> Callable[..., Any]:
    """Return an ``__init__`` for a class that has none of its own: its instances are made by ``__new__`` alone."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        noted = before((self, *args), kwargs) if before else None
        if after:
            after(noted, (self, *args), kwargs, None)

    inspect: Any = sys.modules.get("inspect")
    try:
        signature = inspect.signature(made)
        own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        __init__.__signature__ = signature.replace(parameters=[own, *signature.parameters.values()])  # type: ignore[attr-defined]
    except (AttributeError, TypeError, ValueError):  # the class tells none, or nobody has asked for any yet
        pass
    return __init__


class StandIn(type):
    """Makes a class that is called in place of one that cannot be changed; its instances are those of the original."""

    original: Any
    watch: Callable[..., Any]

    def __new__(cls, name: str, bases: tuple[Any, ...], space: dict[str, Any], **more: Any) -> Any:
        """Make a stand-in; or, for a class that names one among its bases, a subclass of the original."""
        if not any(isinstance(base, StandIn) for base in bases):
            return super().__new__(cls, name, bases, space)
        real = tuple(base.original if isinstance(base, StandIn) else base for base in bases)
        return type(real[0])(name, real, space, **more)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an instance of the original."""
        __tracebackhide__ = True
        try:
            return cls.watch(*args, **kwargs)
        except BaseException as error:
            error.__traceback__ = without_frames(error.__traceback__, 1)
            raise

    def __instancecheck__(cls, instance: Any) -> bool:
        """An instance of the original is one."""
        return isinstance(instance, cls.original)

    def __subclasscheck__(cls, subclass: type) -> bool:
        """A subclass of the original is one."""
        return issubclass(subclass.original if isinstance(subclass, StandIn) else subclass, cls.original)

    def __getattr__(cls, name: str) -> Any:
        """Everything else is the original's."""
        return getattr(type.__getattribute__(cls, "original"), name)

    def __eq__(cls, other: object) -> bool:
        """Equal to the original."""
        return cls is other or other is cls.original

    def __hash__(cls) -> int:
        """Hashes as the original."""
        return hash(cls.original)

    def __repr__(cls) -> str:
        """Reads as the original."""
        return repr(cls.original)

    @property
    def __signature__(cls) -> Any:
        """Is called as the original: only `inspect` asks."""
        return sys.modules["inspect"].signature(cls.original)

    def __dir__(cls) -> Iterable[str]:
        """List what the original has."""
        return dir(cls.original)


def stand_in(original: Any, module: str, before: Callable[..., Any] | None, after: Callable[..., None] | None) -> Any:
    """Return a class for `module` to show in place of `original`."""

    def shifted(told: Callable[..., Any] | None) -> Callable[..., Any] | None:
        return None if told is None else lambda args, kwargs: told((None, *args), kwargs)

    closing = (
        None if after is None else (lambda noted, args, kwargs, result: after(noted, (result, *args), kwargs, None))
    )
    space = {
        "original": original,
        "watch": staticmethod(watched(original, shifted(before), closing, inner=True)),
        "__doc__": original.__doc__,
        "__module__": module,
        "__qualname__": original.__qualname__,
    }
    return StandIn(original.__name__, (), space)


def own_modules(name: str) -> list[ModuleType]:
    """Return the loaded modules of the library that the module `name` belongs to."""
    top = name.partition(".")[0].lstrip("_")
    loaded = list(sys.modules.items())
    return [
        module for key, module in loaded if key.partition(".")[0].lstrip("_") == top and isinstance(module, ModuleType)
    ]


def resolved(module: Any, path: str) -> list[tuple[Any, str]]:
    """Return (owner, name) for each attribute that `path` matches: its last part may be a pattern."""
    *way, last = path.split(".")
    owner = module
    for part in way:
        owner = getattr(owner, part, None)
        if owner is None:
            return []
    if "*" not in last:
        return [(owner, last)] if getattr(owner, last, None) is not None else []
    names = [name for name in dir(owner) if fnmatchcase(name, last) and not name.startswith("_")]
    return [(owner, name) for name in names if callable(getattr(owner, name, None))]


def tell_when_run(name: str, spec: Any, loaded: Callable[[str], None]) -> None:
    """Let the loader of a module that is about to be imported tell when the module has run; it is as before by then.

    Args:
        name: full name of the module.
        spec: as the import system found it.
        loaded: told the name; raises nothing.
    """
    loader = spec.loader
    run = getattr(loader, "exec_module", None)
    if run is None or isinstance(loader, type) or not hasattr(loader, "__dict__"):
        return

    def exec_module(module: Any) -> None:
        __tracebackhide__ = True
        mine = module.__name__ == name
        if mine:
            vars(loader).pop("exec_module", None)
        try:
            run(module)
        except BaseException as error:
            error.__traceback__ = without_frames(error.__traceback__, 1)
            raise
        if mine:
            loaded(name)

    loader.exec_module = exec_module
