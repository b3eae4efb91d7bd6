"""What goes into a bundle, made of what the runs showed: content that is equal for equal presses, and evidence."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import msgspec

from pressrun.actions.compare import find_comparators
from pressrun.actions.press import Locked, Source, references
from pressrun.actions.proof import Proof
from pressrun.actions.runs import Run, without_outputs
from pressrun.notebook.package.models import ModelFiles
from pressrun.notebook.package.neutral_notebook import neutral_notebook
from pressrun.notebook.package.pipeline import PipelineSource
from pressrun.notebook.package.provenance import Press, provenance_json
from pressrun.notebook.package.readme import ReadmeFacts, readme_text
from pressrun.notebook.package.sbom import licences_of, sbom_json
from pressrun.notebook.package.write import EvidencePiece
from pressrun.notebook.schema import parameter_schema
from pressrun.records.bundle import PROJECT, InputReference, Manifest
from pressrun.records.capture import Capture
from pressrun.records.comparison import Comparison
from pressrun.records.digest import pretty_json
from pressrun.rules.compare.outputs import compared_outputs
from pressrun.rules.compare.settings import CompareSettings
from pressrun.rules.paths import path_problem

LARGEST_COPY = 32 * 2**20  # bytes of one input that travels in the bundle by default
LARGEST_TOTAL = 128 * 2**20  # bytes of all of them


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """The pipeline; `comparison` is set where no structure gave the notebook's own results."""

    source: PipelineSource
    notes: tuple[str, ...] = ()
    comparison: Comparison | None = None


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known when the bundle is written."""

    source: Source
    run: Run
    capture: Capture
    locked: Locked
    proof: Proof | None
    models: tuple[ModelFiles, ...] = ()
    program: Program | None = None


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of the content files that are made here."""

    notebook: bytes
    parameters: bytes
    outputs: bytes
    readme: bytes
    inputs: tuple[InputReference, ...]
    notes: tuple[str, ...]


def contents_of(pressed: Pressed, inputs: Literal["auto", "copy", "reference"]) -> Contents:
    """Return the content files.

    Args:
        pressed: what the runs showed.
        inputs: which inputs travel as copies.
    """
    source = pressed.source
    neutral = neutral_notebook(source.notebook, source.inspection, injection=source.injection)
    held = held_inputs(references(pressed.capture), inputs)
    program_notes = pressed.program.notes if pressed.program else ()
    outside = tuple(
        f"{path} was imported and belongs neither to the project nor to an installed package: it does not travel"
        for path in sorted(pressed.capture.code.outside_modules)
    )
    notes = tuple(dict.fromkeys((*neutral.notes, *program_notes, *pressed.locked.lock.notes, *outside)))
    facts = ReadmeFacts(
        name=source.name,
        python=pressed.capture.environment.python,
        entry=source.entry,
        structure=pressed.program.source.structure if pressed.program else "linear",
        parameters=source.inspection.parameters,
        pressed={name: repr(value) for name, value in source.values.items()},
        inputs=held,
        models=tuple(model.description for model in pressed.models),
        notes=(*neutral.notes, *program_notes),
    )
    return Contents(
        notebook=neutral.content,
        parameters=pretty_json(schema_with_values(pressed)),
        outputs=outputs_json(pressed),
        readme=readme_text(facts).encode(),
        inputs=held,
        notes=notes,
    )


def schema_with_values(pressed: Pressed) -> dict[str, Any]:
    """Return the JSON Schema of the parameters, the pressed values as defaults.

    ``x-injection`` is the source that gives the pressed values; a replay of the bundle injects it.
    """
    source = pressed.source
    schema = parameter_schema(source.inspection)
    for name, value in source.values.items():
        try:
            msgspec.json.encode(value)
        except (TypeError, ValueError):
            schema["properties"][name]["x-pressed"] = repr(value)
        else:
            schema["properties"][name]["default"] = value
    if source.injection:
        schema["x-injection"] = source.injection
    return schema


def outputs_json(pressed: Pressed) -> bytes:
    """Return ``outputs.json``: the author's run, normalised, without what varies from run to run."""
    proof = pressed.proof
    cells = without_outputs(pressed.run.cells, proof.varying if proof else ())
    values = tuple(v for v in pressed.run.values if proof is None or v.name not in proof.varying_values)
    settings = CompareSettings(same_environment=True, folders=(str(pressed.source.project),))
    kept = compared_outputs(cells, settings, values, find_comparators())
    if proof is not None:
        kept = msgspec.structs.replace(kept, varying=proof.varying, varying_values=proof.varying_values)
    return pretty_json(kept)


def held_inputs(
    inputs: tuple[InputReference, ...], wanted: Literal["auto", "copy", "reference"]
) -> tuple[InputReference, ...]:
    """Decide which inputs travel: the smallest first, until the total is reached; only those of the project."""
    left = LARGEST_TOTAL
    held: set[str] = set()
    for reference in sorted(inputs, key=lambda item: (item.size, item.path)):
        if reference.role != "project" or wanted == "reference" or path_problem(f"{PROJECT}/{reference.path}"):
            continue
        if wanted == "copy" or (reference.size <= LARGEST_COPY and reference.size <= left):
            held.add(reference.path)
            left -= reference.size
    return tuple(
        msgspec.structs.replace(reference, held=reference.role == "project" and reference.path in held)
        for reference in inputs
    )


def evidence_of(pressed: Pressed, manifest: Manifest, created: datetime.datetime) -> Iterator[EvidencePiece]:
    """Give the evidence about a bundle whose content is written."""
    seen, replay = pressed.capture, pressed.run.replay
    lock = pressed.locked.lock.text
    digest = manifest.content_digest
    licences = licences_of(seen.environment)
    yield EvidencePiece(name="executed.ipynb", kind="executed-notebook", content=Path(replay.executed).read_bytes())
    replayed = msgspec.structs.replace(replay, executed="evidence/executed.ipynb", tasks=())
    yield EvidencePiece(name="replay.json", kind="replay", content=pretty_json(replayed))
    yield EvidencePiece(name="capture.json", kind="capture", content=pretty_json(seen))
    yield EvidencePiece(
        name="sbom.cdx.json",
        kind="sbom",
        content=sbom_json(manifest.name, digest, lock, created=created, licences=licences),
    )
    press = Press(
        name=manifest.name,
        content=manifest.content,
        notebook=pressed.source.notebook.digest,
        parameters=pressed.source.values,
        python=seen.environment.python,
        platform=seen.environment.platform,
        commit=seen.code.commit,
        remote=seen.code.remote,
        dirty=seen.code.dirty,
        started=replay.started,
        finished=created.isoformat(timespec="seconds"),
        tool_version=metadata.version("pressrun"),
    )
    yield EvidencePiece(name="provenance.json", kind="provenance", content=provenance_json(press))
