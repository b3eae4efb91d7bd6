"""How a journal's location is read, and what opening one may cost."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pressrun.errors import UsageError
from pressrun.store.journal.open import open_journal


@pytest.mark.parametrize("form", ["{path}", "sqlite:///{path}"])
def test_a_file_is_named_by_its_path_or_by_an_address(tmp_path, form):
    path = tmp_path / "a b%20?#ü.db"
    with open_journal(form.format(path=path)) as journal:
        assert journal.head() == 0
    assert [file.name for file in tmp_path.iterdir()] == ["a b%20?#ü.db"]


def test_a_relative_path_stays_where_it_was_when_the_process_moves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open_journal("sqlite:///journal.db") as journal:
        (tmp_path / "sub").mkdir()
        monkeypatch.chdir(tmp_path / "sub")
        journal.database._idle.pop().close()  # so that the next use opens the file again
        assert journal.head() == 0
    assert list((tmp_path / "sub").iterdir()) == []


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("", "empty"), ("sqlite://", "names no file"), ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"), ("sqlite://journal.db", "names no file"),
        ("mysql://ana:secret@host/x", "'mysql'"), ("postgress://ana:secret@host/x", "did you mean 'postgres'"),
        ("postgresql://ana:secret@host:port/x", "cannot be read"),
    ],
)  # fmt: skip
def test_a_location_that_is_none_is_refused_without_its_password(location, message):
    with pytest.raises(UsageError, match=message) as raised:
        open_journal(location)
    assert "secret" not in str(raised.value)


def test_a_file_is_opened_without_the_libraries_that_only_a_server_needs(tmp_path):
    heavy = "{'alembic', 'cryptography', 'psycopg', 'rich', 'sqlalchemy', 'yaml'}"
    program = f"""
import sys
from pathlib import Path
from pressrun.store.journal.open import open_journal
open_journal(Path({str(tmp_path)!r}, "journal.db")).close()
print(sorted({heavy} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("absent", ["sqlalchemy", "psycopg"])
def test_without_the_extra_a_server_is_refused_with_the_command_that_installs_it(absent):
    program = f"""
import sys
sys.modules[{absent!r}] = None
from pressrun.errors import UsageError
from pressrun.store.journal.open import open_journal
try:
    open_journal("postgresql://ana@127.0.0.1:1/x")
except UsageError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install 'pressrun[postgres]'" in done.stdout
