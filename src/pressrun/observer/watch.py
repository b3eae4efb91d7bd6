"""Watches libraries for a recorder: those that are there, and each of the others from its import on.

Nothing is imported on behalf of the watch, and `LibraryWatch.uninstall` takes all of it away again. Sent into the
kernel together with `pressrun.observer.recorder`: standard library only, Python 3.7 and later.
"""

from __future__ import annotations

import atexit
import sys
from _thread import get_ident
from collections.abc import Callable
from importlib.machinery import PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pressrun.observer.libraries import LIBRARIES, Row, Use
from pressrun.observer.patching import Patches, own_modules, resolved, stand_in, tell_when_run, watched, watched_start
from pressrun.observer.remote_calls import Queries
from pressrun.observer.sight import Call, Sight

if TYPE_CHECKING:
    from pressrun.observer.recorder import Recorder

QUERIES_MODULE = "sqlalchemy"


class LibraryWatch:
    """Tells a recorder what libraries read and write in ways of their own.

    Args:
        recorder: is told; its ``busy`` threads do something for it, and are not listened to.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.active = False
        self.patches = Patches()
        self.watchers: dict[int, tuple[Any, Any]] = {}  # id of a function -> the function and its watcher
        self.sights = {library: Sight(recorder, library) for library in LIBRARIES}
        self.modules: dict[str, list[tuple[str, Row]]] = {QUERIES_MODULE: []}
        for library, rows in LIBRARIES.items():
            for row in rows:
                self.modules.setdefault(row.module, []).append((library, row))
        self.pending = set(self.modules)
        self.late: set[str] = set()  # libraries that were there before the watch
        self.missing: dict[str, list[str]] = {}  # library -> what is not where it was looked for
        self.ran = self.guarded(self.watch_module)

    def install(self) -> None:
        """Begin."""
        self.active = True
        already = {library for module in self.modules if module in sys.modules for library, _ in self.modules[module]}
        self.late.update(already)
        self.guarded(self.look)()
        self.guarded(self.hear_imports)()
        atexit.register(self.uninstall)  # what we hold would outlive its library, and some tell that as a leak

    def hear_imports(self) -> None:
        """Hear what the import system finds on the path; its list of finders stays as it is."""
        find = vars(PathFinder)["find_spec"].__func__
        self.patches.put(
            PathFinder, "find_spec", classmethod(watched(find, None, self.guarded(self.found), inner=True))
        )

    def found(self, noted: Any, args: tuple[Any, ...], kwargs: dict[str, Any], spec: Any) -> None:
        """Prepare for a module of a library that is watched."""
        name = args[1] if len(args) > 1 else kwargs.get("fullname")
        if name in self.modules and spec is not None:
            self.look()
            tell_when_run(name, spec, self.ran)

    def uninstall(self) -> None:
        """End: every function is again what it was, and what somebody still holds of ours only calls through."""
        self.active = False
        atexit.unregister(self.uninstall)
        if self.recorder.queries is not None:
            self.guarded(self.recorder.queries.uninstall, always=True)()
            self.recorder.queries = None
        self.guarded(self.patches.undo, always=True)()
        self.watchers.clear()
        self.pending = set(self.modules)

    def look(self) -> None:
        """Watch what is there and is not watched yet."""
        for name in sorted(self.pending & sys.modules.keys()):
            spec = getattr(sys.modules[name], "__spec__", None)
            if not getattr(spec, "_initializing", False):
                self.watch_module(name)

    def guarded(self, function: Callable[..., Any], *, always: bool = False) -> Callable[..., Any]:
        """Return `function` so that it raises nothing but the user's KeyboardInterrupt, and is not heard itself.

        Args:
            function: something of ours that runs inside a call of the notebook's.
            always: whether it is to run when the watch has ended, too.
        """
        recorder = self.recorder

        def call(*args: Any) -> Any:
            thread = get_ident()
            deaf = not self.active or thread in recorder.busy or thread in recorder.quiet or recorder.given_up()
            if deaf and not always:
                return None
            recorder.busy.add(thread)
            try:
                return function(*args)
            except KeyboardInterrupt:
                raise
            except BaseException:  # noqa: BLE001  nothing may reach the notebook
                recorder.faults += 1
                return None
            finally:
                recorder.busy.discard(thread)

        return call

    def watch_module(self, name: str) -> None:
        """Watch the functions of a module that has run."""
        module = sys.modules.get(name)
        self.pending.discard(name)
        if not isinstance(module, ModuleType):
            return
        if name == QUERIES_MODULE and self.recorder.queries is None:
            self.recorder.queries = Queries(self.sights[QUERIES_MODULE], self.guarded)
            self.recorder.queries.install(module)
        for library, row in self.modules[name]:
            for path in row.names.split() if self.recorder.result_digests or not row.use.asked else ():
                try:
                    found = self.watch_path(module, path.lstrip("?"), library, row)
                except Exception:  # noqa: BLE001  a library that cannot be watched here is told as one
                    found = False
                if not found and not path.startswith("?"):
                    self.missing.setdefault(library, []).append(f"{name}.{path}")

    def watch_path(self, module: ModuleType, path: str, library: str, row: Row) -> bool:
        """Watch what `path` names in the module, and tell whether there was any."""
        found = resolved(module, path)
        for owner, name in found:
            if self.patches.holds(owner, name):
                continue
            tellers = self.tellers(self.sights[library], row)
            try:
                self.watch_one(owner, name, tellers, module, inner=row.use.inner)
            except TypeError:
                if name != "__init__" or path.count(".") != 1:
                    raise
                self.show_stand_in(owner, tellers, module)  # a class that cannot be changed
        return bool(found)

    def tellers(self, see: Sight, row: Row) -> tuple[Any, Any]:
        """Return the two functions that are told of a call."""
        use: Use = row.use
        before = after = None
        if use.before is not None:
            tell_before = use.before

            def note(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
                call = Call(args, kwargs)
                return tell_before(see, call, call.get(row.place))

            before = self.guarded(note)
        if use.after is not None:
            tell_after = use.after

            def close(noted: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
                tell_after(see, Call(args, kwargs), noted, result)

            after = self.guarded(close)
        return before, after

    def watch_one(self, owner: Any, name: str, tellers: tuple[Any, Any], module: ModuleType, *, inner: bool) -> None:
        """Put the watcher in front of one function, wherever the library itself keeps it."""
        original = getattr(owner, name)
        if not isinstance(owner, type):
            if isinstance(original, type):
                self.show_stand_in(original, tellers, module)
                return
            watcher = self.watcher_of(original, tellers, inner=inner)
            places = own_modules(module.__name__) if isinstance(owner, ModuleType) else []
            for place in [one for one in places if vars(one).get(name) is original] or [owner]:
                self.patches.put(place, name, watcher)
            self.keep_home(original, watcher)
            if isinstance(owner, ModuleType):
                self.give_home(original, watcher, owner, name)
            return
        raw = vars(owner).get(name)
        if name == "__init__" and original is object.__init__:
            self.patches.put(owner, name, watched_start(owner, *tellers))
        elif isinstance(raw, (classmethod, staticmethod)):
            self.patches.put(owner, name, type(raw)(watched(raw.__func__, *tellers, inner=inner)))
        else:
            watcher = self.watcher_of(original, tellers, inner=inner)
            if getattr(original, "__module__", None) is None:
                watcher.__module__ = owner.__module__
            self.patches.put(owner, name, watcher)
            self.keep_home(original, watcher)

    def watcher_of(self, original: Any, tellers: tuple[Any, Any], *, inner: bool) -> Any:
        """Return the one watcher of a function, whatever names it has."""
        if id(original) not in self.watchers:
            self.watchers[id(original)] = (original, watched(original, *tellers, inner=inner))
        return self.watchers[id(original)][1]

    def keep_home(self, original: Any, watcher: Any) -> None:
        """Let the watcher be found, too, where the original says that it is at home: it pickles by that."""
        home = sys.modules.get(getattr(original, "__module__", None) or "")
        name = getattr(original, "__qualname__", "")
        if home is not None and name and vars(home).get(name) is original:
            self.patches.put(home, name, watcher)

    def give_home(self, original: Any, watcher: Any, owner: Any, name: str) -> None:
        """Let a watcher pickle by where it is, where the original was not found by its name: it came from C."""
        found: Any = sys.modules.get(getattr(original, "__module__", None) or "")
        for part in getattr(original, "__qualname__", name).split("."):
            found = getattr(found, part, None)
        if found not in (original, watcher):
            watcher.__module__, watcher.__qualname__ = owner.__name__, name

    def show_stand_in(self, original: type, tellers: tuple[Any, Any], module: ModuleType) -> None:
        """Let the module show a stand-in for a class, which pickles by the module that it comes from."""
        self.patches.put(module, original.__name__, stand_in(original, module.__name__, *tellers))

    def facts(self) -> dict[str, dict[str, Any]]:
        """Return library -> whether it is watched, was there before the watch, and what of it was not found."""
        found: dict[str, dict[str, Any]] = {}
        for library, rows in LIBRARIES.items():
            if rows[0].module.partition(".")[0] not in sys.modules:
                continue
            unheard = [row.module for row in rows if row.module in self.pending and row.module in sys.modules]
            found[library] = {
                "active": self.active and not unheard,
                "late": library in self.late,
                "missing": self.missing.get(library, []),
            }
        return found
