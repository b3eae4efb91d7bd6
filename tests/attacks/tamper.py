"""Change journals at random and see whether the audit notices; one JSON line.

Every journal was honest once, and a checkpoint of it is kept outside, at its end or before. The audit gets the changed
journal, the public key and that checkpoint. "found" counts changes that it reports, "located" those whose first changed
place is in a range that it names, "accused" those where the narrowest range that it names holds no changed place.

usage: tamper.py [--mutations N] [--seed N]
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter

from pressrun.records.audit import AuditReport, KeptCheckpoint
from pressrun.rules.audit import Auditor, Keys
from pressrun.rules.signed_note import VerifierKey, read_checkpoint, read_note
from pressrun.store.keys import JournalKey, verify_ed25519
from pressrun.testing.tampering import Log, Tampered, make_log, tamper

SIZES = (1, 2, 3, 5, 8, 13, 40, 64, 65, 128, 200, 301, 512)
KEY = JournalKey("pressrun/honest", bytes(range(32)))
OTHER = JournalKey("pressrun/honest", bytes(range(1, 33)))
KEYS = Keys((VerifierKey(KEY.name, KEY.public),), given=True)


def audit(log: Log, outside: bytes) -> AuditReport:
    """Audit a journal as `pressrun audit verify --key ... --checkpoint ...` does."""
    checkpoints = [KeptCheckpoint(where="the journal", note=note) for note in log.notes]
    checkpoints.append(KeptCheckpoint(where="kept.txt", note=outside, outside=True))
    auditor = Auditor(checkpoints, KEYS, verify_ed25519, log.tree)
    auditor.feed(log.entries)
    return auditor.report()


def honest_logs(seed: int) -> list[Log]:
    """Return journals of every size."""
    chance = random.Random(seed)
    return [make_log(size, KEY, chance) for size in SIZES]


def one_change(logs: list[Log], chance: random.Random) -> tuple[Tampered, bytes]:
    """Return a changed journal and the checkpoint of it that was kept outside."""
    log = chance.choice(logs)
    outside = chance.choice(log.notes)
    upto = read_checkpoint(read_note(outside).text).size
    return tamper(log, upto, (OTHER, KEY), chance), outside


def numbers(tampered: Tampered) -> set[int]:
    """Return the changed places, and the numbers of the entries that stand there now: a copy bears the same one."""
    entries = tampered.log.entries
    return {*tampered.changed, *(entries[place - 1][0] for place in tampered.changed if place <= len(entries))}


def run(mutations: int, seed: int) -> dict[str, object]:
    """Make so many changes and count what the audit says of them."""
    started = time.process_time()
    chance = random.Random(seed)
    logs = honest_logs(seed)
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    missed = []
    for log in logs:
        for note in log.notes:
            counts["honest"] += 1
            counts["honest and refused"] += not audit(log, note).intact
    for turn in range(mutations):
        tampered, outside = one_change(logs, chance)
        report = audit(tampered.log, outside)
        suspects = report.suspects or (0, -1)
        first = min(tampered.changed)
        counts["found"] += not report.intact
        counts["located"] += any(one.first <= first <= one.last for one in report.problems)
        counts["accused"] += not any(suspects[0] <= number <= suspects[1] for number in numbers(tampered))
        kinds[f"{tampered.how}, {tampered.power}"] += 1
        if report.intact:
            missed.append((turn, tampered.how, tampered.power))
    return {
        "test": "audit tampering", "mutations": mutations, "seed": seed, **counts, "kinds": len(kinds),
        "least of a kind": min(kinds.values(), default=0), "missed": missed[:10],
        "cpu_s": round(time.process_time() - started, 1),
    }  # fmt: skip


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(json.dumps(run(options.mutations, options.seed)))


if __name__ == "__main__":
    main()
