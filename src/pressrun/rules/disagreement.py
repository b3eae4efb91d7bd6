"""What sources disagree on: files that one of them saw being read and another, which should have, did not.

Three kinds of source are told apart, because they are not equally good witnesses:

- ``observed``: saw the run's own processes open the file (the recorder inside the kernel, a tracer);
- ``watched``: saw that somebody opened it, perhaps another program (a watch over a folder);
- ``named``: found the path in the notebook's source; whether the file was opened is not known.

A source that is ``whole`` saw every open of every process of the run. What such a source did not see was not read:
then a watched or named file is none of the run's, and a file that another recorder observed shows that the source was
not whole after all. Without a whole source, a file that was only watched or named is possibly an unseen input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from pressrun.records.capture import UnseenInput


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What one source tells: absolute path -> cells."""

    name: str
    kind: Literal["observed", "watched", "named"]
    files: Mapping[str, tuple[int, ...]]
    whole: bool = False


def disagreements(sources: Sequence[Source]) -> tuple[UnseenInput, ...]:
    """Return what is possibly an unseen input, sorted by path.

    >>> tracer = Source(name="strace", kind="observed", files={}, whole=True)
    >>> source = Source(name="literal paths", kind="named", files={"/p/a.csv": (1,)})
    >>> disagreements([tracer, source])
    ()
    >>> [unseen.path for unseen in disagreements([Source(name="python", kind="observed", files={}), source])]
    ['/p/a.csv']
    """
    paths = sorted({path for source in sources for path in source.files})
    return tuple(unseen for path in paths if (unseen := _unseen(path, sources)) is not None)


def _unseen(path: str, sources: Sequence[Source]) -> UnseenInput | None:
    told = [source for source in sources if path in source.files]
    observed = [source for source in told if source.kind == "observed"]
    whole = [source for source in sources if source.whole]
    if observed:
        missed = [source for source in whole if source not in told]
        told = observed
    else:
        missed = [] if whole else [source for source in sources if source.kind == "observed"]
    if not missed:
        return None
    return UnseenInput(
        path=path,
        told_by=tuple(source.name for source in told),
        missed_by=tuple(source.name for source in missed),
        cells=tuple(sorted({cell for source in told for cell in source.files[path]})),
    )
