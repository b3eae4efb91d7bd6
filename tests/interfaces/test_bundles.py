"""``pressrun show``, ``export`` and ``import`` as one types them."""

from __future__ import annotations

import json

import pytest

from pressrun.interfaces.cli.main import run
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").touch()
    write_sample_bundle(
        tmp_path / "bundle", {**SAMPLE_FILES, "models/churn/model.bin": bytes(5000)}, held={"data.csv": b"a\n"}
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said_json(capsysbinary, words):
    code = run([*words, "--json"])
    return code, json.loads(capsysbinary.readouterr().out)


def test_a_bundle_goes_out_and_comes_in(capsysbinary):
    assert said_json(capsysbinary, ["export", "bundle", "--to", "out.tar.gz"])[0] == 0
    code, imported = said_json(capsysbinary, ["import", "out.tar.gz"])
    assert (code, imported["name"], imported["known"]) == (0, "sample", False)
    code, shown = said_json(capsysbinary, ["show", imported["content_digest"][:15]])
    assert (code, shown["name"]) == (0, "sample")
    assert [item["path"] for item in shown["inputs"]] == ["data.csv"]


def test_a_reader_sees_content_inputs_parameters_and_that_there_is_no_receipt(capsys):
    assert run(["show", "bundle"]) == 0
    shown = capsys.readouterr().out
    for text in (
        "sample",
        "sha256:",
        "models/churn/model.bin",
        "5.0 kB",
        "data.csv",
        "in the bundle",
        "rows",
        "No receipt",
    ):
        assert text in shown


def test_a_reader_sees_what_was_exported_and_imported(capsys):
    assert run(["export", "bundle", "--to", "oci:layout:v1"]) == 0
    assert "artifact sha256:" in capsys.readouterr().out
    assert run(["import", "oci:layout:v1"]) == 0
    assert "stored in" in capsys.readouterr().out
    assert run(["import", "layout"]) == 0
    assert "known already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["show", "absent"], 2),
        (["export", "bundle"], 2),
        (["export", "bundle", "--to", "bundle"], 2),
        (["import", "absent.tar"], 2),
    ],
)
def test_wrong_use_has_its_exit_code_and_one_json_object(capsysbinary, words, code):
    found, said = said_json(capsysbinary, words)
    assert found == said["exit_code"] == code


def test_a_damaged_bundle_has_its_exit_code_and_names_the_file(capsysbinary, project):
    (project / "bundle" / "pipeline.py").write_text("changed")
    for words in (["show", "bundle"], ["import", "bundle"], ["export", "bundle", "--to", "out"]):
        code, said = said_json(capsysbinary, words)
        assert code == 5
        assert "pipeline.py" in said["error"]["what"]
