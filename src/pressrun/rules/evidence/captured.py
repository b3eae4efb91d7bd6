"""Facts from the capture: environment, hardware, inputs, code, randomness, and what could be seen."""

from __future__ import annotations

from typing import Any

from pressrun.rules.evidence.documents import (
    BundleDocuments,
    Document,
    Gathered,
    column,
    is_digest,
    tables,
    text,
    texts,
    truth,
    whole,
)

NAMES = (
    "code.branch", "code.clean", "code.commit", "code.committer", "code.remote", "coverage.blind_spots",
    "coverage.complete", "coverage.level", "environment.edited", "environment.machine", "environment.os",
    "environment.python", "hardware.cpu_count", "hardware.recorded", "inputs.count", "inputs.digested",
    "inputs.external", "inputs.names", "inputs.outside", "inputs.unversioned", "seeds.count",
)  # fmt: skip
_LEVELS = ("none", "partial", "python-only", "complete")


def captured(documents: BundleDocuments, found: Gathered) -> None:
    """Add what the capture says.

    Args:
        documents: of the bundle.
        found: facts and gaps are added to it.
    """
    capture = documents.capture
    if capture is None:
        found.lack(NAMES, documents.why("evidence/capture", "capture"))
        return
    _environment(capture, found)
    _code(capture, found)
    _coverage(capture, found)
    _inputs(capture, documents, found)
    seeds = texts(capture.at("randomness", "seeds"))
    count = None if seeds is None else len(seeds)
    found.add("seeds.count", count, capture, why="the capture lists no seeds", note="; ".join(seeds or ())[:200])


def _environment(capture: Document, found: Gathered) -> None:
    for name, key in (("python", "python"), ("os", "platform"), ("machine", "machine")):
        value = text(capture.at("environment", key))
        found.add(f"environment.{name}", value, capture, why=f"the capture does not say the environment's {key}")
    processors = whole(capture.at("environment", "cpu_count")) or None  # 0 stands for not known
    found.add("hardware.cpu_count", processors, capture, why="the capture does not say how many processors there were")
    machine = text(capture.at("environment", "machine"))
    features = texts(capture.at("environment", "cpu_features"))
    recorded = True if processors and machine and features is not None else None
    note = f"{machine}, {processors} processors"
    found.add("hardware.recorded", recorded, capture, why="the capture does not describe the machine", note=note)
    found.add(
        "environment.edited",
        _edited(capture),
        capture,
        why="the capture does not say which installed packages were edited",
    )


def _edited(capture: Document) -> list[str] | None:
    """Return the distributions whose installed files are not what was released; None where it is not known of all."""
    rows = tables(capture.at("environment", "distributions"))
    if rows is None:
        return None
    names, files = column(rows, "name"), [texts(row.get("edited_files")) for row in rows]
    if names is None or None in files:
        return None
    return sorted(name for name, edited in zip(names, files, strict=True) if edited)


def _code(capture: Document, found: Gathered) -> None:
    unknown = "the notebook lies in no git repository with a commit, or the capture does not say"
    commit = text(capture.at("code", "commit"))
    found.add("code.commit", commit, capture, why=unknown)
    dirty = truth(capture.at("code", "dirty"))
    clean = None if commit is None or dirty is None else not dirty
    found.add("code.clean", clean, capture, why=unknown, note="" if clean else "files differ from the commit")
    for key in ("branch", "remote", "committer"):
        found.add(f"code.{key}", text(capture.at("code", key)), capture, why=f"the capture names no {key}")


def _coverage(capture: Document, found: Gathered) -> None:
    level = text(capture.at("coverage", "level"))
    level = level if level in _LEVELS else None
    found.add("coverage.level", level, capture, why="the capture does not say what could be seen")
    blind, unseen = texts(capture.at("coverage", "blind_spots")), tables(capture.at("coverage", "unseen"))
    count = None if blind is None else len(blind)
    found.add("coverage.blind_spots", count, capture, why="the capture does not say its blind spots")
    complete = None if level is None or unseen is None else level == "complete" and not unseen
    note = f"{len(unseen)} files were possibly missed" if unseen else ""
    found.add("coverage.complete", complete, capture, why="the capture does not say what it missed", note=note)


def _inputs(capture: Document, documents: BundleDocuments, found: Gathered) -> None:
    inputs, external = tables(capture.at("inputs")), tables(capture.at("external"))
    known = None if inputs is None else column(inputs, "path")
    count = None if known is None else len(known)
    found.add("inputs.count", count, capture, why="the capture does not list its inputs")
    found.add(
        "inputs.names", None if known is None else sorted(known), capture, why="the capture does not list its inputs"
    )
    outside = None if inputs is None or known is None else _outside(inputs)
    found.add("inputs.outside", outside, capture, why="the capture does not say where its inputs lie")
    targets = None if external is None else column(external, "target")
    found.add("inputs.external", targets, capture, why="the capture does not say what was read over the network")
    unversioned = None if external is None or targets is None else _unversioned(external)
    why = "the capture does not say which versions were read over the network"
    found.add("inputs.unversioned", unversioned, capture, why=why)
    digested = _digested(capture, documents, inputs, unversioned)
    note = f"read over the network without a version: {', '.join(unversioned)}"[:200] if unversioned else ""
    found.add("inputs.digested", digested, capture, why="the inputs are not all described, or not seen", note=note)


def _outside(inputs: tuple[dict[str, Any], ...]) -> list[str] | None:
    roles = column(inputs, "role")
    if roles is None:
        return None
    return sorted(str(row["path"]) for row, role in zip(inputs, roles, strict=True) if role == "outside")


def _unversioned(external: tuple[dict[str, Any], ...]) -> list[str]:
    """Return what was read over the network and has nothing to tell it from another version.

    The digest of a query is that of its text: it does not say what came back.
    """
    found = set()
    for row in external:
        content = row.get("digest") if row.get("kind") != "query" else None
        if not any(text(said) for said in (row.get("version"), row.get("result_digest"), content)):
            found.add(str(row["target"]))
    return sorted(found)


def _digested(
    capture: Document,
    documents: BundleDocuments,
    inputs: tuple[dict[str, Any], ...] | None,
    unversioned: list[str] | None,
) -> bool | None:
    """Whether every input has a digest and a size; None where it is not known, or where nothing was observed."""
    level = capture.at("coverage", "level")
    if inputs is None or unversioned is None or level not in _LEVELS or level == "none":
        return None
    described = {(row.get("path"), row.get("digest")) for row in inputs}
    if any((item.path, item.digest) not in described for item in documents.manifest.content.inputs):
        return None  # the manifest names an input that the capture does not have
    if not all(text(row.get("path")) and whole(row.get("size")) is not None for row in inputs):
        return None
    return all(is_digest(row.get("digest")) for row in inputs) and not unversioned
