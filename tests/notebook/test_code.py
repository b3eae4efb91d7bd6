"""Where a notebook's code came from."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys

import pytest

from pressrun.errors import NotebookFormatError
from pressrun.notebook import git as git_module
from pressrun.notebook.code import code_state, local_modules
from pressrun.notebook.git import git_state
from pressrun.records.capture import Distribution, Environment, ImportedModule

IDENTITY = ["-c", "user.name=a", "-c", "user.email=a@b"]


def git(folder, *arguments):
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True, env=environment)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "pkg" / "sub").mkdir(parents=True)
    for path in ("pkg/__init__.py", "pkg/sub/__init__.py", "pkg/sub/mod.py", "flat.py", "n.ipynb"):
        (folder / path).write_text(f"# {path}\n")
    return folder


@pytest.fixture
def repository(project):
    git(project, "init", "--quiet", "--initial-branch", "trunk")
    git(project, "add", "--all")
    git(project, *IDENTITY, "commit", "--quiet", "-m", "one")
    return project


def module(path, name="m"):
    return ImportedModule(name=name, file=str(path))


def sha256(path):
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_clean_tree_is_told_by_commit_and_branch(repository):
    state = code_state(repository / "n.ipynb", repository, [])
    assert state.commit == git(repository, "rev-parse", "HEAD")
    assert (state.branch, state.dirty, state.patch) == ("trunk", False, "")
    assert state.notebook == sha256(repository / "n.ipynb")


def test_a_changed_tree_has_a_patch_that_brings_it_back(repository, tmp_path):
    (repository / "flat.py").write_text("changed = 1\n")
    state = code_state(repository / "n.ipynb", repository, [])
    assert state.dirty
    git(tmp_path, "clone", "--quiet", str(repository), "copy")
    (tmp_path / "p.diff").write_text(state.patch)
    git(tmp_path / "copy", "apply", str(tmp_path / "p.diff"))
    assert (tmp_path / "copy" / "flat.py").read_text() == "changed = 1\n"


def test_an_untracked_notebook_or_module_makes_the_tree_dirty(repository):
    (repository / "new.ipynb").write_text("{}")
    (repository / "new.py").write_text("")
    assert code_state(repository / "new.ipynb", repository, []).dirty
    assert code_state(repository / "n.ipynb", repository, [module(repository / "new.py")]).dirty
    assert not code_state(repository / "n.ipynb", repository, []).dirty


def test_a_large_patch_is_left_out(repository, monkeypatch):
    monkeypatch.setattr(git_module, "MAX_PATCH_BYTES", 10)
    (repository / "flat.py").write_text("changed = 1\n")
    state = git_state(repository)
    assert (state.dirty, state.patch) == (True, "")


def test_the_remote_has_no_credentials(repository):
    git(repository, "remote", "add", "origin", "https://user:hunter2@example.org/team/repo.git")
    assert git_state(repository).remote == "https://example.org/team/repo.git"


def test_a_repository_without_a_commit_is_dirty(project):
    git(project, "init", "--quiet", "--initial-branch", "trunk")
    state = git_state(project)
    assert (state.commit, state.branch, state.dirty) == ("", "trunk", True)


def test_without_a_repository_everything_is_empty(project):
    state = code_state(project / "n.ipynb", project, [])
    assert (state.commit, state.branch, state.remote, state.dirty, state.patch) == ("", "", "", False, "")


def test_without_git_everything_is_empty(repository, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert git_state(repository) == git_module.GitState()


def test_a_detached_head_has_no_branch(repository):
    git(repository, "checkout", "--quiet", "--detach")
    assert git_state(repository).branch == ""


def test_programs_named_by_a_repository_are_not_run(repository, tmp_path):
    """A repository's settings may name a monitor, hooks, a pager and a diff tool; asking must start none of them."""
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran-$(basename $0)\n")
    trap.chmod(trap.stat().st_mode | stat.S_IEXEC)
    for key in (
        "core.fsmonitor",
        "diff.external",
        "core.pager",
        "core.sshCommand",
        "diff.py.textconv",
        "diff.py.command",
    ):
        git(repository, "config", key, str(trap))
    (repository / ".gitattributes").write_text("*.py diff=py\n")
    for hook in ("post-index-change", "pre-commit", "post-checkout"):
        (repository / ".git" / "hooks" / hook).symlink_to(trap)
    (repository / "flat.py").write_text("changed = 1\n")
    assert git_state(repository).dirty
    assert [p.name for p in tmp_path.glob("ran-*")] == []


def test_variables_of_a_hook_do_not_lead_elsewhere(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert git_state(repository).commit


def test_a_notebook_that_is_gone_is_an_error_of_ours(project):
    with pytest.raises(NotebookFormatError, match=r"gone\.ipynb"):
        code_state(project / "gone.ipynb", project, [])


def test_a_module_of_a_package_brings_the_packages_around_it(project):
    local, outside = local_modules(project, [module(project / "pkg/sub/mod.py")])
    assert list(local) == ["pkg/__init__.py", "pkg/sub/__init__.py", "pkg/sub/mod.py"]
    assert local["pkg/sub/mod.py"] == sha256(project / "pkg/sub/mod.py")
    assert outside == {}


def test_only_imported_modules_are_taken(project):
    assert list(local_modules(project, [module(project / "flat.py")])[0]) == ["flat.py"]


def test_the_standard_library_and_installed_packages_are_not_local(project):
    found = [module(os.__file__), module(pytest.__file__), module(sys.modules["json"].__file__)]
    assert local_modules(project, found) == ({}, {})


def test_an_environment_inside_the_project_is_not_local(project):
    (project / ".venv" / "lib" / "tool").mkdir(parents=True)
    (project / ".venv" / "pyvenv.cfg").write_text("")
    (project / ".venv" / "lib" / "tool" / "x.py").write_text("")
    assert local_modules(project, [module(project / ".venv/lib/tool/x.py")]) == ({}, {})


def test_a_module_from_elsewhere_is_named(project, tmp_path):
    (tmp_path / "lib.py").write_text("")
    local, outside = local_modules(project, [module(tmp_path / "lib.py")])
    assert (local, list(outside)) == ({}, [str(tmp_path / "lib.py")])


def test_an_editable_install_outside_the_project_is_installed(project, tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "lib.py").write_text("")
    environment = Environment(
        python="3.11.7", implementation="cpython", platform="", machine="", executable="", prefix="/opt/env",
        distributions=(Distribution(name="lib", version="1", origin="editable", url=str(tmp_path / "tree")),),
    )  # fmt: skip
    assert local_modules(project, [module(tmp_path / "tree/lib.py")], environment) == ({}, {})


def test_byte_code_stands_for_its_source(project):
    cached = project / "__pycache__" / "flat.cpython-311.pyc"
    assert list(local_modules(project, [module(cached)])[0]) == ["flat.py"]


def test_a_project_seen_through_a_link_is_the_same(project, tmp_path):
    (tmp_path / "link").symlink_to(project)
    assert list(local_modules(tmp_path / "link", [module(tmp_path / "link" / "flat.py")])[0]) == ["flat.py"]
    assert list(local_modules(project, [module(tmp_path / "link" / "flat.py")])[0]) == ["flat.py"]


def test_a_module_that_is_gone_is_passed_over(project):
    assert local_modules(project, [module(project / "gone.py"), module("<frozen x>")]) == ({}, {})
