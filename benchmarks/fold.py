"""Fold a journal cold, keep the state, read it again; one JSON line a figure, with the target where there is one.

CPU seconds (user and system) of this process, the median of `--rounds`. The journal is that of a busy registry: every
version was replayed twice, registered with five metrics, asked for, approved by two people, and deployed; every tenth
deployment was rolled back. Entries are decoded from their stored bytes, as they are when a command reads the journal.

Figures: ``cold``, decoding and folding all entries; ``decode``, decoding alone; ``snapshot-write``; ``snapshot-write
again``, after one name was looked at; ``snapshot-read``, from bytes to a state of which one name was looked at;
``tail``, 500 entries folded onto that state; ``snapshot-read all``, with every name decoded.

usage: fold.py [--entries N] [--names N] [--rounds N]
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import statistics
import time
from collections.abc import Callable, Iterator

from pressrun.records import events as ev
from pressrun.records.digest import digest_text
from pressrun.records.entries import Draft, decode_entry, encode_entry
from pressrun.records.metric import Metric
from pressrun.records.standing import Standing
from pressrun.rules.standing.fold import fold
from pressrun.rules.standing.snapshots import decode_snapshot, encode_snapshot

METRICS = ("auc", "f1", "precision", "recall", "brier")
TARGETS = {"cold": 2.0, "snapshot-read": 0.05}


def noise(seed: str, size: int) -> str:
    """Return base64 of so many bytes that cannot be compressed, as a key or signature has."""
    blocks = (hashlib.sha512(f"{seed} {n}".encode()).digest() for n in range(size // 64 + 1))
    return base64.b64encode(b"".join(blocks)[:size]).decode()


def of_version(name: str, number: int, previous: int) -> Iterator[ev.Event]:
    """Yield what happens to one version."""
    mark = f"{name}@{number}"
    bundle, facts, policy, verdict = (
        digest_text(f"{what} {mark}") for what in ("bundle", "facts", "policy", "verdict")
    )
    for where in ("current", "rebuilt"):
        yield ev.RunRecorded(
            run=digest_text(f"run {where} {mark}")[7:39], what="replay", notebook=name,
            source=digest_text(f"source {mark}"), outcome="same",
            started="2026-08-03T12:00:00.000000+00:00", duration_s=12.5, cpu_s=11.25, bundle=bundle,
            parameters={f"p{n}": n * 0.5 for n in range(5)}, metrics=dict.fromkeys(METRICS, 0.875),
            environment=facts, python="3.12.7", grade="R4", where=where, hermetic=True, receipt=verdict,
        )  # fmt: skip
    yield ev.Registered(
        name=name, number=number, bundle=bundle, manifest=facts, facts=facts, author="ana", committer="ana@example.org",
        owner="ana", deputy="bo", tier="strategic", grade="R4", lock=policy, source=digest_text(f"source {mark}"),
        metrics={one: Metric(value=0.875, low=0.861, high=0.889, method="bootstrap", n=2000) for one in METRICS},
        parameters={f"p{n}": n * 0.5 for n in range(5)}, inputs={"data/train.csv": bundle},
        models={"model.skops": facts},
    )  # fmt: skip
    yield ev.Stated(
        statement=digest_text(f"statement {mark}")[7:39], name=name, number=number, bundle=bundle, check="ID-5",
        answer=True, text=facts, expires="2027-02-03T12:00:00.000000+00:00",
    )  # fmt: skip
    request = digest_text(f"request {mark}")[7:39]
    yield ev.Requested(
        request=request, name=name, number=number, environment="production", bundle=bundle, policy=policy,
        verdict=verdict, decision=facts, nonce=request, expires="2027-01-03T12:00:00.000000+00:00",
    )  # fmt: skip
    for person, role in (("cy", "approver"), ("di", "reviewer")):
        yield ev.Approved(
            request=request, name=name, number=number, environment="production", bundle=bundle, policy=policy,
            verdict=verdict, nonce=request, person=person, role=role, expires="2027-01-03T12:00:00.000000+00:00",
            key="ssh-ed25519 " + noise(person, 51), signature="sshsig:" + noise(f"{person} {mark}", 270),
        )  # fmt: skip
    deployment = digest_text(f"deployment {mark}")[7:39]
    yield ev.DeployRequested(
        deployment=deployment, name=name, number=number, environment="production", bundle=bundle, previous=previous,
        target="dir:/srv/models", policy=policy, verdict=verdict, decision=facts, request=request,
    )  # fmt: skip
    yield ev.Deployed(
        deployment=deployment, name=name, number=number, environment="production", bundle=bundle, location="/srv/models"
    )


def rollback(name: str, number: int, previous: int) -> Iterator[ev.Event]:
    """Yield a rollback with its review."""
    bundle, deployment = digest_text(f"bundle {name}@{number}"), digest_text(f"rollback {name}@{previous}")[7:39]
    yield ev.RollbackRequested(
        deployment=deployment, name=name, number=number, environment="production", bundle=bundle, previous=previous,
        target="dir:/srv/models", reason="the segment north lost recall", checked="predictions",
    )  # fmt: skip
    yield ev.RolledBack(deployment=deployment, name=name, number=number, environment="production", bundle=bundle)
    yield ev.Reviewed(deployment=deployment, name=name, environment="production", comment="a feed was late")


def happenings(names: int) -> Iterator[ev.Event]:
    """Yield events for ever, a version of each name in turn."""
    on = dict.fromkeys((f"model-{n:05}" for n in range(names)), 0)
    number = 0
    while True:
        number += 1
        for position, name in enumerate(on):
            yield from of_version(name, number, on[name])
            before, on[name] = on[name], number
            if before and (position + number) % 10 == 0:
                yield from rollback(name, before, number)
                on[name] = before


def leaves(entries: int, names: int) -> list[bytes]:
    """Return the stored bytes of so many entries."""
    found = []
    for seq, event in zip(range(1, entries + 1), happenings(names)):  # noqa: B905 - the second has no end
        stamp = (
            f"2026-08-03T{seq // 3_600_000:02}:{seq // 60_000 % 60:02}:{seq // 1000 % 60:02}.{seq % 1000:03}000+00:00"
        )
        found.append(encode_entry(Draft(event=event, actor="ana", via="ssh", time=stamp), seq))
    return found


def cpu_of(rounds: int, work: Callable[[], object]) -> float:
    """Return the median CPU seconds of `work`."""
    taken = []
    for _ in range(rounds):
        before = time.process_time()
        work()
        taken.append(time.process_time() - before)
    return statistics.median(taken)


def report(figure: str, seconds: float, **more: object) -> None:
    """Print one figure."""
    print(
        json.dumps({"figure": figure, "cpu_s": round(seconds, 4), "target_s": TARGETS.get(figure), **more}), flush=True
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=150_000)
    parser.add_argument("--names", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    stored = leaves(args.entries + 500, args.names)
    first, tail = stored[: args.entries], [decode_entry(leaf) for leaf in stored[args.entries :]]

    def cold() -> Standing:
        return fold(Standing(), (decode_entry(leaf) for leaf in first))

    def looked_at() -> Standing:
        standing = decode_snapshot(kept)
        assert standing is not None
        assert standing.names["model-00000"].versions
        return standing

    report("cold", cpu_of(args.rounds, cold), entries=args.entries, names=args.names)
    report("decode", cpu_of(args.rounds, lambda: [None for leaf in first if decode_entry(leaf) is None]))
    standing = cold()
    assert not standing.inconsistencies
    kept = encode_snapshot(standing)
    report("snapshot-write", cpu_of(args.rounds, lambda: encode_snapshot(standing)), bytes=len(kept))
    state = looked_at()
    report("snapshot-write again", cpu_of(args.rounds, lambda: encode_snapshot(state)))
    report("snapshot-read", cpu_of(max(args.rounds, 7), looked_at), bytes=len(kept))
    states = iter([looked_at() for _ in range(args.rounds)])
    report("tail", cpu_of(args.rounds, lambda: fold(next(states), tail)), entries=len(tail))
    report("snapshot-read all", cpu_of(args.rounds, lambda: list(looked_at().names.values())))


if __name__ == "__main__":
    main()
