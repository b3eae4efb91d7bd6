"""Classes 7 and 8, as far as bundles go: showing, verifying, storing, exporting and importing loads no model.

Each hostile file creates a canary when anything unpickles it, by any of the ways that pickle scanners miss.
"""

from __future__ import annotations

import json
import pickle
import pickletools
import sys
import zipfile

import pytest

from pressrun.actions.exchange import open_bundle
from pressrun.interfaces.cli.main import run
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle

CALLS = [
    ("os", "system", "touch {canary}"),
    ("posix", "system", "touch {canary}"),
    ("subprocess", "check_call", ["touch", "{canary}"]),
    ("subprocess", "getoutput", "touch {canary}"),
    ("builtins", "eval", "open({canary!r}, 'w')"),
    ("builtins", "exec", "open({canary!r}, 'w')"),
    ("timeit", "timeit", "open({canary!r}, 'w')"),
    ("runpy", "run_path", "{script}"),
    ("code", "interact", "open({canary!r}, 'w')"),
    ("pydoc", "pipepager", "x"),
    ("sqlite3", "connect", "{canary}"),
    ("pip", "main", ["--log", "{canary}", "list"]),
]


def hostile_pickle(module: str, name: str, argument: object) -> bytes:
    """Written by opcodes, so that nothing has to be importable here."""
    text = json.dumps(argument)
    parts = [b"c", module.encode(), b"\n", name.encode(), b"\n", b"(", pickle.dumps(json.loads(text), 0)[:-1], b"tR."]
    return b"".join(parts)


def filled(value, **facts):
    if isinstance(value, list):
        return [filled(item, **facts) for item in value]
    return value.format(**facts)


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """A bundle full of hostile models under innocent names, in a project of its own, and the canary."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").touch()
    monkeypatch.chdir(project)
    canary = tmp_path / "canary"
    script = tmp_path / "script.py"
    script.write_text(f"open({str(canary)!r}, 'w')")
    files = dict(SAMPLE_FILES)
    for number, (module, name, argument) in enumerate(CALLS):
        raw = hostile_pickle(module, name, filled(argument, canary=str(canary), script=str(script)))
        pickletools.dis(raw, out=_Nowhere())
        for ending in ("pkl", "skops", "safetensors", "joblib", "npy", "pt", "keras", "h5", "onnx"):
            files[f"models/m{number}/model.{ending}"] = raw
    nested = tmp_path / "nested.zip"
    with zipfile.ZipFile(nested, "w") as archive:
        archive.writestr("data.pkl", files["models/m0/model.pkl"])
    files["models/zip/model.pt"] = nested.read_bytes()
    files["project/sitecustomize.py"] = f"open({str(canary)!r}, 'w')".encode()
    files["project/json.py"] = f"open({str(canary)!r}, 'w')".encode()
    files["pipeline.py"] = f"open({str(canary)!r}, 'w')".encode()
    write_sample_bundle(
        tmp_path / "bundle", files, name="hostile", evidence={"receipt.json": files["models/m0/model.pkl"]}
    )
    return tmp_path / "bundle", canary


class _Nowhere:
    def write(self, text):
        pass


def test_the_hostile_files_are_hostile(hostile):
    """The attack can succeed: unpickling one by hand creates the canary."""
    bundle, canary = hostile
    pickle.loads((bundle / "models/m0/model.pkl").read_bytes())
    assert canary.exists()


def test_no_command_on_bundles_loads_or_runs_anything_in_them(hostile, tmp_path, capsysbinary, monkeypatch):
    bundle, canary = hostile

    def never(*_arguments, **_options):
        raise AssertionError("something was unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, never)
    before = set(sys.modules)
    out = tmp_path / "out"
    commands = [
        ["show", str(bundle)],
        ["show", str(bundle), "--json"],
        ["import", str(bundle)],
        ["show", "hostile"],
        *[["export", "hostile", "--to", f"{out}{end}"] for end in ("", ".tar", ".tar.gz", ".zip")],
        ["export", str(bundle), "--to", f"oci:{out}-oci:v1"],
        *[["import", f"{out}{end}"] for end in (".tar", ".tar.gz", ".zip")],
        ["import", f"oci:{out}-oci"],
        ["show", f"{out}.zip"],
    ]
    for words in commands:
        assert run(words) == 0, (words, capsysbinary.readouterr())
    with open_bundle("hostile", tmp_path / "project") as opened:
        assert opened.manifest.name == "hostile"
    assert not canary.exists()
    loaded = set(sys.modules) - before
    assert not loaded & {"numpy", "joblib", "skops", "torch", "cloudpickle", "sklearn", "sitecustomize"}


@pytest.mark.parametrize("text", ["\x1b]0;owned\x07", "[red]x[/red]", "\u202eevil", "[link=x]y[/link]"])
def test_text_from_a_bundle_does_not_steer_the_terminal(tmp_path, monkeypatch, capsys, text):
    """Class 15 in a terminal: parameters are the only free text that is shown."""
    schema = {"properties": {f"p{text}": {"type": text, "default": text, "description": text}}}
    files = {**SAMPLE_FILES, "parameters.schema.json": json.dumps(schema).encode()}
    write_sample_bundle(tmp_path / "bundle", files)
    assert run(["show", str(tmp_path / "bundle")]) == 0
    shown = capsys.readouterr().out
    assert "\x1b]" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
    if "[" in text and "\x1b" not in text:
        assert text.split("]")[0] in shown.replace("\n", "")
