"""Running uv."""

from __future__ import annotations

import sys

import pytest

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment.settings import IndexSettings
from pressrun.notebook.environment.uvtool import UvResult, run_uv, uv_binary


def test_uv_comes_with_pressrun(tmp_path):
    assert run_uv(["--version"], IndexSettings(), folder=tmp_path).output.startswith("uv ")


def test_a_failing_uv_says_why_without_credentials(tmp_path):
    dead = IndexSettings({"UV_DEFAULT_INDEX": "http://bob:hunter2@127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"})
    (tmp_path / "r.in").write_text("some-thing-nobody-has-cached==1\n")
    found = run_uv(["pip", "compile", "r.in", "--cache-dir", "cache"], dead, folder=tmp_path)
    assert found.code != 0
    assert "127.0.0.1" in found.reason()
    assert "hunter2" not in found.messages


def test_the_reason_is_short():
    assert UvResult(1, "", "\n".join(["warning: x", "error: y", *"abcdefghi"])).reason() == "error: y; a; b; c; d; e"
    assert UvResult(1, "", "").reason() == ""


def test_without_uv_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "uv", None)
    with pytest.raises(EnvironmentRestoreError, match="pip install uv"):
        uv_binary()
