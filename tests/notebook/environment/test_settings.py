"""Where packages come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from pressrun.notebook.environment.settings import IndexSettings, index_settings, redact, strip_credentials


@pytest.fixture
def environ(tmp_path, monkeypatch):
    """An empty home and no configuration."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / ".config" / "pip").mkdir(parents=True)
    return {"XDG_CONFIG_DIRS": str(tmp_path / "xdg"), "XDG_CONFIG_HOME": str(tmp_path / "home" / ".config")}


def pip_conf(tmp_path, text):
    (tmp_path / "home" / ".config" / "pip" / "pip.conf").write_text(text)


def test_pips_index_is_handed_to_uv_when_uv_has_none(tmp_path, environ):
    pip_conf(tmp_path, "[global]\nindex-url = https://u:p@example.org/simple\ntrusted-host = example.org\n")
    found = index_settings(environ=environ)
    assert found.source == "pip"
    assert found.additions["UV_DEFAULT_INDEX"] == "https://u:p@example.org/simple"
    assert found.additions["UV_INSECURE_HOST"] == "example.org"


def test_uvs_own_configuration_wins_over_pips(tmp_path, environ):
    pip_conf(tmp_path, "[global]\nindex-url = https://example.org/simple\n")
    assert index_settings(environ={**environ, "UV_DEFAULT_INDEX": "https://other.example"}).additions == {}
    (tmp_path / "home" / ".config" / "uv").mkdir()
    (tmp_path / "home" / ".config" / "uv" / "uv.toml").write_text('[[index]]\nurl = "https://other.example"\n')
    assert index_settings(environ=environ).source == "uv"


def test_the_projects_uv_settings_count(tmp_path, environ):
    (tmp_path / "pyproject.toml").write_text('[tool.uv]\nindex-url = "https://other.example"\n')
    assert index_settings(tmp_path, environ=environ).source == "uv"
    (tmp_path / "pyproject.toml").write_text("[tool.uv]\npackage = false\n")
    assert index_settings(tmp_path, environ=environ).source != "uv"


def test_an_environment_variable_wins_over_pips_files(tmp_path, environ):
    pip_conf(tmp_path, "[global]\nindex-url = https://file.example\n")
    found = index_settings(environ={**environ, "PIP_INDEX_URL": "https://env.example"})
    assert found.additions["UV_DEFAULT_INDEX"] == "https://env.example"


def test_folders_that_are_not_there_are_passed_over(tmp_path, environ):
    pip_conf(tmp_path, "[global]\nfind-links = /no/such/wheels\nextra-index-url = file:///no/such/simple\n")
    assert "UV_FIND_LINKS" not in index_settings(environ=environ).additions
    assert "UV_INDEX" not in index_settings(environ=environ).additions


def test_local_and_remote_places_are_told_apart(tmp_path, environ):
    (tmp_path / "wheels").mkdir()
    pip_conf(
        tmp_path,
        f"[global]\nfind-links = {tmp_path}/wheels\nextra-index-url = https://more.example\n    file://{tmp_path}/wheels\n",
    )
    found = index_settings(environ=environ)
    assert found.has_local
    assert found.additions["UV_INDEX"] == f"https://more.example file://{tmp_path}/wheels"
    assert found.without_local().additions["UV_INDEX"] == "https://more.example"
    assert "UV_FIND_LINKS" not in found.without_local().additions


def test_the_kernels_own_pip_conf_counts(tmp_path, environ):
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pip.conf").write_text("[install]\nno-index = true\n")
    assert index_settings(prefix=tmp_path / "env", environ=environ).additions["UV_NO_INDEX"] == "1"


def test_a_broken_pip_conf_is_left_to_pip(tmp_path, environ):
    pip_conf(tmp_path, "not an ini file")
    assert "UV_DEFAULT_INDEX" not in index_settings(environ=environ).additions


def test_settings_of_the_shell_do_not_reach_uv():
    found = IndexSettings({"UV_NO_INDEX": "1"}).environment(
        {"VIRTUAL_ENV": "/x", "UV_LINK_MODE": "hardlink", "UV_PYTHON": "2.7", "PYTHONPATH": "/x", "HOME": "/h"}
    )
    assert found == {
        "HOME": "/h", "UV_NO_INDEX": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1",
        "UV_SYSTEM_CERTS": "true",
    }  # fmt: skip


def test_a_user_who_does_not_want_the_systems_certificates_is_heard():
    assert IndexSettings().environment({"UV_SYSTEM_CERTS": "false"})["UV_SYSTEM_CERTS"] == "false"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:secret@example.org/simple", "https://example.org/simple"),
        ("https://token@example.org:8443/x?sig=1#egg=a", "https://example.org:8443/x"),
        ("https://a:p%40ss@example.org/x", "https://example.org/x"),
        ("https://a:p@ss@example.org/x", "https://example.org/x"),
        ("ssh://git:pw@example.org/r.git", "ssh://git@example.org/r.git"),
        ("git@example.org:team/r.git", "git@example.org:team/r.git"),
        ("file:///srv/a.whl", "file:///srv/a.whl"),
        ("/srv/r.git", "/srv/r.git"),
    ],
)
def test_credentials_are_taken_out_of_addresses(url, expected):
    assert strip_credentials(url) == expected


def test_messages_lose_credentials():
    assert "hunter2" not in redact("failed: https://bob:hunter2@example.org/simple and http://hunter2@x/")


def test_the_machines_own_configuration_is_never_an_obstacle():
    assert isinstance(index_settings(Path.cwd()), IndexSettings)
