"""Many processes at one journal, some of them killed: is anything lost, written twice, or out of order?

Every writer does what the registry does: fold what is new, decide (here: which number comes next), append after what
it has seen, and begin again when others were faster. A killed writer is replaced by one that goes on.

    python tests/contracts/crowd.py --writers 64 --promotions 50 --database sqlite
    python tests/contracts/crowd.py --writers 64 --promotions 50 --database postgresql

prints one JSON line, and ends with 1 where something is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from pressrun.errors import HeadMovedError
from pressrun.records.digest import digest_text
from pressrun.records.entries import Draft, decode_entry
from pressrun.records.events import Registered
from pressrun.rules.merkle import Frontier, leaf_hash
from pressrun.rules.signed_note import read_checkpoint, read_note
from pressrun.store.journal.open import open_journal
from pressrun.store.journal.port import Journal
from pressrun.store.journal.sql import SqlJournal
from pressrun.store.keys import open_journal_key

sys.path.insert(0, str(Path(__file__).parent))

from crew import Member, let_work

NAMES = 3
NOTHING = digest_text("")


class Acknowledged(NamedTuple):
    seq: int
    name: str
    number: int
    bundle: str
    latency_s: float

    @classmethod
    def read(cls, line: str) -> Acknowledged:
        seq, name, number, bundle, latency_s = line.split()
        return cls(int(seq), name, int(number), bundle, float(latency_s))


def crowd(location: str, key: Path, *, writers: int, promotions: int, kills: int, seed: int = 1) -> dict[str, object]:
    """Let a crowd write, and return what came of it.

    Args:
        location: of an empty journal; `key` a file for the key that signs its checkpoints.
        writers: processes at a time; `promotions` acknowledged entries of each.
        kills: how many of them meet SIGKILL, at any moment.
    """
    open_journal_key(key, "pressrun/crowd")
    open_journal(location).close()
    crew = [_writer(index, location, key, promotions) for index in range(writers)]
    said, figures = let_work(crew, kills, seed)
    with open_journal(location) as journal:
        return {**verdict(journal, said), **figures}


def _writer(index: int, location: str, key: Path, promotions: int) -> Member[Acknowledged]:
    def command(acknowledged: int) -> list[str]:
        return [__file__, "--work", location, str(key), str(index), str(promotions - acknowledged)]

    return Member(command, Acknowledged.read, promotions)


def verdict(journal: SqlJournal, said: list[Acknowledged]) -> dict[str, object]:
    """Compare what was acknowledged with what the journal holds; `journal.read` itself finds a gap between entries."""
    stored = list(journal.read())
    written: Counter[tuple[str, int]] = Counter()
    kept: set[tuple[int, str, int, str]] = set()
    for entry in (decode_entry(item.leaf) for item in stored):
        assert isinstance(entry.event, Registered)
        written[entry.event.name, entry.event.number] += 1
        kept.add((entry.seq, entry.event.name, entry.event.number, entry.event.bundle))
    last = {name: max(number for other, number in written if other == name) for name, _ in written}
    notes = [read_checkpoint(read_note(note).text) for note in journal.checkpoints()]
    hashes = [leaf_hash(item.leaf) for item in stored]
    return {
        "entries": len(stored),
        "acknowledged": len(said),
        "lost": sum(one[:4] not in kept for one in said),
        "duplicates": sum(times - 1 for times in written.values()) + len(said) - len({one.seq for one in said}),
        "gaps": sum(last.values()) - len(written),
        "checkpoints": len(notes),
        "wrong_checkpoints": sum(Frontier().extend(hashes[: note.size]).root() != note.root for note in notes),
    }


def work(location: str, key: Path, index: int, promotions: int) -> None:
    """Be a writer: one line for each entry that the journal acknowledged."""
    with open_journal(location, open_journal_key(key)) as journal:
        print("ready", flush=True)
        sys.stdin.readline()
        numbers: Counter[str] = Counter()
        seen = 0
        for turn in range(promotions):
            name = f"model-{(index + turn) % NAMES}"
            bundle = digest_text(f"{os.getpid()} {index} {turn}")
            began = time.monotonic()
            with contextlib.ExitStack() as held:
                mine: Journal = journal
                while True:
                    for entry in (decode_entry(item.leaf) for item in mine.read(seen)):
                        assert isinstance(entry.event, Registered)
                        numbers[entry.event.name] += 1
                        seen = entry.seq
                    draft = registration(name, numbers[name] + 1, bundle)
                    try:
                        (stored,) = mine.append([draft], after=seen)
                        break
                    except HeadMovedError:
                        if mine is journal:
                            mine = held.enter_context(journal.turn())
            print(stored.seq, name, numbers[name] + 1, bundle, time.monotonic() - began, flush=True)


def registration(name: str, number: int, bundle: str) -> Draft:
    event = Registered(name=name, number=number, bundle=bundle, manifest=NOTHING, facts=NOTHING, author="ana")
    return Draft(event=event, actor="ana", via="local", time="2026-01-01T00:00:00.000000+00:00")


def main() -> None:
    parser = argparse.ArgumentParser(description="Many writers at one journal, some of them killed.")
    parser.add_argument("--writers", type=int, default=64)
    parser.add_argument("--promotions", type=int, default=50)
    parser.add_argument("--kills", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    asked = parser.parse_args()
    sizes = {"writers": asked.writers, "promotions": asked.promotions, "kills": asked.kills, "seed": asked.seed}
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder, "journal.key")
        if asked.database == "sqlite":
            found = crowd(str(Path(folder, "journal.db")), key, **sizes)
        else:
            sys.path.insert(0, str(Path(__file__).parent.parent / "servers"))
            from postgres import empty_database, server

            with server(Path(folder), durable=True) as address, empty_database(address) as location:
                found = crowd(location, key, **sizes)
    print(json.dumps({"database": asked.database, "writers": asked.writers, "promotions": asked.promotions, **found}))
    sys.exit(any(found[fault] for fault in ("lost", "duplicates", "gaps", "wrong_checkpoints")))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
    else:
        main()
