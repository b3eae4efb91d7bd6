"""Whoever only asks leaves nothing behind: where there is no registry, none is made."""

import pytest

from pressrun.interfaces.cli.main import run

ASKED = [
    (["status"], 0),
    (["versions"], 0),
    (["runs"], 0),
    (["search", "name = x"], 0),
    (["show", "x@1"], 2),
    (["check", "x@1", "--to", "production"], 2),
    (["history", "x", "--in", "production"], 2),
    (["members", "show"], 0),
    (["policy", "show"], 0),
    (["policy", "explain", "ID-1"], 0),
    (["audit", "verify"], 0),
    (["fsck"], 0),
]


@pytest.mark.parametrize(("words", "status"), ASKED, ids=lambda value: value[0] if isinstance(value, list) else "")
def test_asking_makes_no_registry(words, status, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRESSRUN_ACTOR", "ana")
    assert run(words) == status
    assert list(tmp_path.iterdir()) == []
    assert "Traceback" not in capfd.readouterr().err
