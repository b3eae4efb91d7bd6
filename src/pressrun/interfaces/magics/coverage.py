"""What could be seen of a registered cell's reads, and what could not."""

from __future__ import annotations

import sys
from typing import Any, Final

from pressrun.interfaces.magics.watching import LiveRecorder, Seen
from pressrun.records.capture import Coverage, ImportedModule, UnseenInput
from pressrun.rules.blind_spots import blind_spots

PYTHON: Final = "python-audit"
CROSS_CHECK: Final = "inotify"


class Coverages:
    """Tells the coverage of one run after the other; what was said of libraries stays said until another is loaded."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[str, ...]] = {}
        self._usual: tuple[Any, Coverage] = ((), Coverage(level="none"))

    def of(self, recorder: LiveRecorder, seen: Seen, unseen: tuple[UnseenInput, ...], *, watched: bool) -> Coverage:
        """Return the coverage of one run of a cell.

        Args:
            recorder: watched it.
            seen: what it saw.
            unseen: what the watch over the project saw besides.
            watched: whether there was such a watch.
        """
        if seen.starts or seen.children or seen.faults or unseen:
            return self._made(recorder, seen, unseen, watched)
        libraries = recorder.libraries
        state = (len(sys.modules), next(reversed(sys.modules)), len(libraries.pending), libraries.active, watched)
        if self._usual[0] != state:
            self._usual = (state, self._made(recorder, seen, unseen, watched))
        return self._usual[1]

    def _made(self, recorder: LiveRecorder, seen: Seen, unseen: tuple[UnseenInput, ...], watched: bool) -> Coverage:
        facts = recorder.libraries.facts()
        spots = [
            *self._of_libraries(recorder, facts),
            *blind_spots((), facts, seen.starts, children=seen.children),
        ]
        return Coverage(
            level="partial" if seen.faults else "python-only",
            sources=(PYTHON, *([CROSS_CHECK] if watched else [])),
            blind_spots=tuple(dict.fromkeys(spots)),
            unseen=unseen,
        )

    def _of_libraries(self, recorder: LiveRecorder, facts: dict[str, dict[str, Any]]) -> tuple[str, ...]:
        key = (len(sys.modules), repr(facts))
        if key not in self._known:
            modules = [
                ImportedModule(name=name, file=file, preloaded=early) for name, file, early in recorder.modules()
            ]
            self._known = {key: blind_spots(modules, facts, ())}
        return self._known[key]
