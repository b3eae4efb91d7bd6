"""SBOM, provenance and README."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pressrun.notebook.package.provenance import LEVEL_TEXT, WITHHELD, Press, provenance_json, without_secrets
from pressrun.notebook.package.readme import ReadmeFacts, readme_text
from pressrun.notebook.package.sbom import licences_of, sbom_json
from pressrun.records.bundle import Content, ContentFile, InputReference
from pressrun.records.capture import Environment
from pressrun.records.cells import Parameter
from pressrun.records.digest import digest_text
from pressrun.records.model import ModelDescription

LOCK = b"""
lock-version = "1.0"
[[packages]]
name = "numpy"
version = "2.4.6"
wheels = [{ url = "https://example.org/numpy-2.4.6-cp311.whl", hashes = { sha256 = "%s" } }]
[[packages]]
name = "mine"
version = "1.0"
archive = { path = "wheels/mine-1.0.whl", hashes = { sha256 = "%s" } }
""" % (b"a" * 64, b"b" * 64)
MOMENT = datetime(2026, 1, 2, tzinfo=timezone.utc)
DIGEST = digest_text("x")
CONTENT = Content(
    files=(ContentFile(path="pylock.toml", role="lock", digest=DIGEST, size=1),),
    inputs=(InputReference(path="data/a.csv", role="project", digest=DIGEST, size=12345, held=True),),
)


def test_the_sbom_is_valid_cyclonedx_with_every_locked_package() -> None:
    """Checked against the published schema."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = sbom_json("study", DIGEST, LOCK, created=MOMENT, licences={"numpy": "BSD-3-Clause"}).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    components = {component["name"]: component for component in document["components"]}
    assert components["numpy"]["purl"] == "pkg:pypi/numpy@2.4.6"
    assert components["numpy"]["licenses"] == [{"expression": "BSD-3-Clause"}]
    assert components["mine"]["hashes"] == [{"alg": "SHA-256", "content": "b" * 64}]
    assert document["metadata"]["component"]["version"] == DIGEST


def test_licences_are_read_from_the_environment(tmp_path: Path) -> None:
    """Only declared expressions count; nothing is guessed from free text."""
    folder = tmp_path / "lib" / "python3.11" / "site-packages"
    for name, header in (
        ("One-1.dist-info", "Name: One\nLicense-Expression: MIT"),
        ("two-1.dist-info", "Name: two\nLicense: MIT"),
    ):
        (folder / name).mkdir(parents=True)
        (folder / name / "METADATA").write_text(f"Metadata-Version: 2.4\n{header}\n")
    environment = Environment(
        python="3.11.7", implementation="cpython", platform="", machine="", executable="", prefix=str(tmp_path)
    )
    assert licences_of(environment) == {"one": "MIT"}


def test_the_statement_names_subject_inputs_and_an_honest_level() -> None:
    """in-toto Statement v1 around SLSA Provenance v1."""
    press = Press(
        name="study", content=CONTENT, notebook=DIGEST, parameters={"n": 3, "api_token": "abc"}, commit="c" * 40,
        remote="https://example.org/r.git", started="2026-01-02T00:00:00Z",
    )  # fmt: skip
    text = provenance_json(press).decode()
    statement = json.loads(text)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["subject"] == [{"name": "study", "digest": {"sha256": CONTENT.digest()[7:]}}]
    build = statement["predicate"]["buildDefinition"]
    assert build["externalParameters"]["parameters"] == {"n": 3, "api_token": WITHHELD}
    assert build["internalParameters"]["slsaBuildLevel"] == 1
    assert "not signed" in LEVEL_TEXT
    names = [dependency["name"] for dependency in build["resolvedDependencies"]]
    assert names == ["source.ipynb", "pylock.toml", "project/data/a.csv", "repository"]
    assert "abc" not in text


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("n_trees", 3, True), ("password", "x", False), ("db", "postgres://u:p@h/d", False),
        ("AWS", "AKIA" + "A" * 16, False),
        ("key", "ghp_" + "a" * 36, False), ("day", MOMENT, True), ("threshold", 0.5, True),
    ],
)  # fmt: skip
def test_secrets_are_withheld_by_name_and_by_form(name: str, value: Any, kept: bool) -> None:
    """A statement is passed on to others."""
    assert (without_secrets({name: value})[name] != WITHHELD) is kept


MODEL = ModelDescription(
    name="churn", file="model.pkl", model_format="cloudpickle", unsafe=True, digest=DIGEST, size=88_000_000,
    class_name="a.B", refused_formats={"skops": "holds what the notebook defines: B"}, predictions=DIGEST,
)  # fmt: skip
FACTS = ReadmeFacts(
    name="study",
    python="3.11.7",
    entry="work",
    parameters=(Parameter(name="n_rows", expression="4 | 2", type="int", help="rows", cell=0, line=1),),
    inputs=CONTENT.inputs,
    models=(MODEL,),
    modules=True,
    notes=("cell 3: %timeit f() left out: it only measures",),
)


def test_the_readme_tells_how_to_run_it_and_what_to_beware_of() -> None:
    """One command for the environment, one to run it."""
    text = readme_text(FACTS)
    for part in (
        "uv venv --python 3.11 ../study-env && uv pip sync --python ../study-env pylock.toml",
        "../study-env/bin/python pipeline.py [--n-rows VALUE] --results ../results.json",
        "papermill --cwd ../study-work/work -k study notebook.ipynb",
        "| `--n-rows` | int | `4 \\| 2` | rows |",
        "| `data/a.csv` | `project/` | 12,345 |",
        "Unsafe format: loading it runs code",
        'sys.path.insert(0, "project/work")',
        "%timeit f() left out",
    ):
        assert part in text, part
    assert max(len(line) for line in text.splitlines() if not line.startswith("|")) <= 130
    assert not re.search(r"\n{3,}", text)


def test_the_readme_does_not_depend_on_which_inputs_travel() -> None:
    """That is no part of the identity, and the README is content."""
    away = tuple(msgspec.structs.replace(reference, held=False) for reference in CONTENT.inputs)
    assert readme_text(msgspec.structs.replace(FACTS, inputs=away)) == readme_text(FACTS)


def test_a_plain_notebook_has_a_plain_readme() -> None:
    """Sections that have nothing to say are left out."""
    text = readme_text(ReadmeFacts(name="a", python="3.12.1"))
    assert "declares none" in text
    assert "## Models" not in text
