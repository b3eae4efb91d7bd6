"""Audit journals of many entries: verify one in SQLite and its export, prove an entry. One JSON line a figure.

CPU seconds (user and system) of one process. The journal holds recorded runs of about 400 bytes, with a signed
checkpoint after every 256, as the journal itself makes them; it is written past the journal's own appends, because a
million of them, each durable, would take an hour. "verify" is all that ``pressrun audit verify`` does: it hashes every
stored byte, compares every checkpoint, verifies every signature, and folds the entries anew. "without the fold" leaves
that last part out.

usage: audit.py [--entries N] [--folder DIR]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pressrun.actions.audit import export_journal, prove_entry, verify_export, verify_journal
from pressrun.records.audit import AuditReport, KeptCheckpoint
from pressrun.rules.audit import Auditor, Keys
from pressrun.rules.merkle import HASH_BYTES, Frontier, leaf_hash
from pressrun.rules.signed_note import Checkpoint, VerifierKey, checkpoint_text, sign_note
from pressrun.store.evidence import kept_checkpoints, kept_entries, kept_tree
from pressrun.store.journal.open import open_journal
from pressrun.store.journal.sql import SqlJournal
from pressrun.store.keys import JournalKey, verify_ed25519
from pressrun.testing.tampering import leaf

KEY = JournalKey("pressrun/benchmark", bytes(range(32)))
KEYS = Keys((VerifierKey(KEY.name, KEY.public),), given=True)
EVERY = 256


def fill(journal: SqlJournal, entries: int) -> int:
    """Put entries, tree and checkpoints into the tables; return the mean size of an entry in bytes."""
    chance = random.Random(1)
    tree = Frontier()
    total = 0
    with journal.database.writing() as rows:
        for start in range(1, entries + 1, EVERY):
            leaves = [(seq, leaf(seq, chance)) for seq in range(start, min(start + EVERY, entries + 1))]
            rows.run_each(
                "INSERT INTO journal (seq, leaf) VALUES (:seq, :leaf)",
                [{"seq": seq, "leaf": content} for seq, content in leaves],
            )
            total += sum(len(content) for _, content in leaves)
            tree = tree.extend([leaf_hash(content) for _, content in leaves])
            note = sign_note(checkpoint_text(Checkpoint(KEY.name, tree.size, tree.root())), KEY)
            rows.run(
                "INSERT INTO checkpoint (size, note, time) VALUES (:size, :note, 0)", {"size": tree.size, "note": note}
            )
        rows.run("UPDATE tree SET size = :size, frontier = :frontier", {"size": tree.size, "frontier": tree.encode()})
    return total // entries


def verify_without_the_fold(journal: SqlJournal) -> AuditReport:
    """Audit as `verify_journal` does, entries not decoded any further than to their number."""
    inside = [KeptCheckpoint(where="the journal", note=note) for note in kept_checkpoints(journal)]
    auditor = Auditor(inside, KEYS, verify_ed25519, kept_tree(journal))
    for batch in kept_entries(journal):
        auditor.feed(batch)
    return auditor.report()


def measure(figure: str, entries: int, what: Callable[[], Any]) -> Any:
    """Run something, print what it took, and return what it gave."""
    before, wall = time.process_time(), time.monotonic()
    result = what()
    taken = {"cpu_s": round(time.process_time() - before, 3), "wall_s": round(time.monotonic() - wall, 3)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    line = {"benchmark": "audit", "figure": figure, "entries": entries, **taken, "peak_memory_so_far_mib": peak}
    print(json.dumps(line), flush=True)
    return result


def main() -> None:
    """Make a journal and audit it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where to put the journal; default: a temporary folder")
    options = parser.parse_args()
    entries = options.entries
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        with open_journal(Path(folder, "journal.db"), KEY) as journal:
            mean = fill(journal, entries)
            print(json.dumps({"benchmark": "audit", "figure": "mean entry, bytes", "value": mean}), flush=True)
            report = measure("verify, without the fold", entries, lambda: verify_without_the_fold(journal))
            assert report.intact
            assert report.signed_upto == entries
            report = measure("verify", entries, lambda: verify_journal(journal, KEYS))
            assert report.intact
            assert not report.inconsistencies
            measure("export", entries, lambda: export_journal(journal, Path(folder, "export.jsonl"), [KEY.vkey]))
            proof = measure("prove an entry", entries, lambda: prove_entry(journal, entries // 3, KEYS.known))
        report = measure("verify the export", entries, lambda: verify_export(Path(folder, "export.jsonl"), KEYS))
        assert report.intact
        size = HASH_BYTES * len(proof.hashes)
        print(json.dumps({"benchmark": "audit", "figure": "inclusion proof, bytes", "value": size}))


if __name__ == "__main__":
    main()
