"""The bundle's own README: what it is, how to make its environment, how to run it. Content, so it is deterministic."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pressrun.notebook.package.models import loading_snippet
from pressrun.notebook.package.options import option_name
from pressrun.notebook.secret_parameters import holds_secret
from pressrun.records.bundle import InputReference
from pressrun.records.cells import Parameter
from pressrun.records.model import ModelDescription


class ReadmeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the README tells.

    Attributes:
        python: version that the lock was made for, for example ``3.11.7``.
        entry: folder, relative to ``project/``, that the notebook runs in.
        pressed: name -> value as text, for the parameters that the bundle was pressed with.
        modules: whether modules of the project travel in ``project/``.
        notes: what was left out or refused, by cell.
    """

    name: str
    python: str
    entry: str = "."
    structure: str = "linear"
    parameters: Sequence[Parameter] = ()
    pressed: dict[str, str] = {}
    inputs: Sequence[InputReference] = ()
    models: Sequence[ModelDescription] = ()
    modules: bool = False
    notes: Sequence[str] = ()


def readme_text(facts: ReadmeFacts) -> str:
    """Return the README in Markdown."""
    sections = [
        _OPENING.format(name=facts.name),
        _environment_section(facts),
        _run_section(facts),
        _papermill_section(facts),
        _parameters_section(facts),
        _inputs_section(facts),
        _models_section(facts),
        _notes_section(facts),
        _FILES,
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


_OPENING = """\
# {name}

A notebook, pressed: replayed from top to bottom in a clean kernel, its results recorded, packed with everything that
it needs. It runs without the tool that made it. This folder is immutable: its identity is the `content_digest` in
`manifest.json`, which covers every file listed there."""

_ENVIRONMENT = """\
## Make the environment

The lock is for Python {minor} (pressed with {python}). With [uv](https://docs.astral.sh/uv/), from this folder:

```sh
uv venv --python {minor} {place} && uv pip sync --python {place} pylock.toml
```

The environment lies outside of this folder, so that the folder stays as it is. uv itself: `pip install uv`."""

_RUN = """\
## Run it

```sh
{place}/bin/python pipeline.py{example} --results ../results.json
```

`pipeline.py` is the notebook as a plain Python program, {form}. It works in a fresh temporary
copy of `project/`; `--workdir DIR` works in DIR instead, where files that are there already are used as they are.
`--results FILE` writes parameters, metrics and what each cell printed and showed; `outputs.json` holds what the
recorded run gave. `--figures DIR` saves figures, `--models DIR` saves models that were trained anew. The exit code is
1 when a cell or a check fails, 2 for a wrong option; `--help` lists all options."""

_PAPERMILL = """\
## Or with papermill

Any papermill, wherever it is installed, runs `notebook.ipynb` on this environment's kernel:

```sh
{place}/bin/python -m ipykernel install --prefix {place} --name {name}
cp -r project ../{name}-work
JUPYTER_PATH={place}/share/jupyter papermill --cwd {work} -k {name} notebook.ipynb ../{name}-executed.ipynb
```"""

_SECRETS = """\
A secret is given as a reference. `secret://NAME` is looked up where the notebook runs: in the environment variable
NAME, then in the file NAME in the folder that `PRESSRUN_SECRETS` names and in `/run/secrets`, then in the keyring.
`secret://env/NAME`, `secret://file/NAME` and `secret://keyring/SERVICE/USER` say which. No file here holds it."""

_UNSAFE = """\
**Unsafe format: loading it runs code from the file.** Load it only when you trust who made this bundle and its digest
is the one that they named. Why no safer format: {reasons}."""

_FILES = """\
## Files

`source.ipynb` the notebook as its author saved it; `notebook.ipynb` the same without declarations and outputs;
`pipeline.py`, `notebook_runtime.py` the program; `pylock.toml`, `wheels/` the environment; `inputs.json`,
`outputs.json`, `parameters.schema.json`; `project/` modules and inputs; `evidence/` receipts, provenance, SBOM, and
`capture.json`: what the notebook read, which recorders watched it (`coverage`), and what they could not see."""


def _environment_section(facts: ReadmeFacts) -> str:
    minor = ".".join(facts.python.split(".")[:2])
    return _ENVIRONMENT.format(minor=minor, python=facts.python, place=_place(facts))


def _place(facts: ReadmeFacts) -> str:
    return f"../{facts.name}-env"


def _run_section(facts: ReadmeFacts) -> str:
    example = ""
    if facts.parameters:
        first = facts.parameters[0]
        example = f" [{option_name(first.name)} VALUE]"
    form = "one function a step" if facts.structure == "functions" else "the cells one after the other"
    return _RUN.format(place=_place(facts), example=example, form=form)


def _papermill_section(facts: ReadmeFacts) -> str:
    work = f"../{facts.name}-work" + ("" if facts.entry == "." else f"/{facts.entry}")
    return _PAPERMILL.format(place=_place(facts), name=facts.name, work=work)


def _parameters_section(facts: ReadmeFacts) -> str:
    if not facts.parameters:
        return "## Parameters\n\nThe notebook declares none."
    rows = ["| option | type | default | meaning |", "|---|---|---|---|"]
    for parameter in facts.parameters:
        default = facts.pressed.get(parameter.name, parameter.expression)
        derived = f" (follows from {', '.join(parameter.derived_from)})" if parameter.derived_from else ""
        cells = [f"`{option_name(parameter.name)}`", parameter.type, f"`{default}`", parameter.help + derived]
        rows.append(f"| {' | '.join(_cell(text) for text in cells)} |")
    table = "\n".join(rows)
    text = f"## Parameters\n\n{table}\n\n`parameters.schema.json` says the same as JSON Schema."
    return f"{text}\n\n{_SECRETS}" if any(map(holds_secret, facts.parameters)) else text


def _inputs_section(facts: ReadmeFacts) -> str:
    if not facts.inputs:
        return "## Inputs\n\nThe notebook reads no files but those of installed packages."
    rows = ["| input | place | bytes | digest |", "|---|---|---|---|"]
    places = {"project": "`project/`", "outside": "outside of the project", "package-data": "in an installed package"}
    for reference in sorted(facts.inputs, key=lambda item: (item.role, item.path)):
        place = places.get(reference.role, reference.role)
        rows.append(f"| `{_cell(reference.path)}` | {place} | {reference.size:,} | `{reference.digest}` |")
    # Whether a copy travels is no part of the bundle's identity, so this text must not depend on it.
    table = "\n".join(rows)
    return (
        f"## Inputs\n\n{table}\n\nAn input that is not in `project/` of this folder has to be provided: "
        "put it at its path\nbelow a folder of your own, and name that folder with `--workdir`."
    )


def _models_section(facts: ReadmeFacts) -> str:
    if not facts.models:
        return ""
    parts = ["## Models"]
    for model in facts.models:
        parts.append(f"### {model.name}\n\n`{model.class_name}`, {model.size:,} bytes, format {model.model_format}.")
        if model.unsafe:
            parts.append(_UNSAFE.format(reasons="; ".join(dict.fromkeys(model.refused_formats.values()))))
        elif model.trusted_types:
            listed = ", ".join(f"`{name}`" for name in model.trusted_types)
            parts.append(f"Loading it allows these types and no others: {listed}.")
        snippet = loading_snippet(model, entry=facts.entry if facts.modules else None)
        parts.append(f"```python\n{snippet.rstrip()}\n```")
        parts.append(
            "In a fresh process of the locked environment it predicted `predictions.json` for `sample.json`."
            if model.predictions
            else "It was loaded in a fresh process of the locked environment; there was no sample to predict on."
        )
    return "\n\n".join(parts)


def _notes_section(facts: ReadmeFacts) -> str:
    if not facts.notes:
        return ""
    rows = "\n".join(f"- {note}" for note in facts.notes)
    return f"## What the program does not do as the notebook did\n\n{rows}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
