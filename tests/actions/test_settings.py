"""Where settings come from, which of them wins, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pressrun.actions.settings import read_settings
from pressrun.errors import PressrunError, UnsafeContentError, UsageError
from pressrun.records.settings import RegistrySettings


class Place:
    """A project and a person's own folder.

    Attributes:
        environ: the environment that settings are read with.
    """

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.config = folder / "config"
        self.project.mkdir()
        (self.config / "pressrun").mkdir(parents=True)
        self.environ = {"XDG_CONFIG_HOME": str(self.config)}

    def write(self, name: str, text: str) -> Path:
        path = self.config / "pressrun" / name if name == "config.toml" else self.project / name
        path.write_text(text, encoding="utf-8")
        return path

    def read(self, **environ: str) -> RegistrySettings:
        return read_settings(self.project, self.environ | environ)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_without_any_file_the_project_keeps_everything_itself(place: Place) -> None:
    expected = RegistrySettings(journal_key=str(place.config / "pressrun" / "journal.key"))
    assert expected == place.read()


PROJECT = """
journal = "postgresql://ana@db.example/pressrun"
objects = "s3://acme/pressrun"
break-glass-hours = 12
review-hours = 48.5
approval-days = 14

[{table}.environments]
staging = "record"
production = "dir:/srv/models"
"""


@pytest.mark.parametrize(
    ("name", "table"), [("pyproject.toml", "tool.pressrun.registry"), ("pressrun.toml", "registry")]
)
def test_a_project_says_where_things_are_and_how_long_they_hold(place: Place, name: str, table: str) -> None:
    path = place.write(name, f"[{table}]" + PROJECT.format(table=table))
    found = place.read()
    assert (found.journal, found.objects) == ("postgresql://ana@db.example/pressrun", "s3://acme/pressrun")
    assert (found.break_glass_hours, found.review_hours, found.approval_days) == (12.0, 48.5, 14.0)
    assert found.environments == {"staging": "record", "production": "dir:/srv/models"}
    assert found.set_by["journal"] == str(path)


def test_the_environment_overrules_the_person_and_the_project(place: Place) -> None:
    place.write("pressrun.toml", '[registry]\njournal = "a.db"\nobjects = "b"\n')
    place.write("config.toml", 'actor = "ana"\nsigning-key = "~/.ssh/id"\n')
    found = place.read(PRESSRUN_JOURNAL="/x/j.db", PRESSRUN_ACTOR="bot", PRESSRUN_OBJECTS="")
    assert (found.journal, found.objects, found.actor) == ("/x/j.db", str(place.project / "b"), "bot")
    assert found.signing_key == str(Path.home() / ".ssh" / "id")
    assert found.set_by["actor"] == "PRESSRUN_ACTOR"
    assert found.set_by["signing_key"] == str(place.config / "pressrun" / "config.toml")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("journal.db", "{project}/journal.db"),
        ("sqlite:///journal.db", "{project}/journal.db"),
        ("sqlite:////var/journal.db", "/var/journal.db"),
        ("/var/journal.db", "/var/journal.db"),
        ("~/journal.db", "{home}/journal.db"),
        ("postgresql://db/x", "postgresql://db/x"),
    ],
)
def test_a_relative_place_is_meant_from_the_project_wherever_the_command_is_run(
    place: Place, given: str, expected: str
) -> None:
    assert expected.format(project=place.project, home=Path.home()) == place.read(PRESSRUN_JOURNAL=given).journal


def test_a_project_file_that_has_nothing_of_ours_is_not_even_parsed(place: Place) -> None:
    place.write("pyproject.toml", "this is no TOML")
    assert place.read().set_by == {}


def test_other_tables_of_a_project_file_are_left_alone(place: Place) -> None:
    place.write("pyproject.toml", '[tool.pressrun]\nallow-secrets = ["x"]\n[tool.other]\njournal = 1\n')
    assert place.read().set_by == {}


def test_a_relative_xdg_folder_is_passed_over(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(place.project))
    found = read_settings(place.project, {"XDG_CONFIG_HOME": "config"})
    assert found.journal_key == str(place.project / ".config" / "pressrun" / "journal.key")


WRONG = {
    "unknown": ("journall = 'x'", "'journall' is no setting, did you mean 'journal'?"),
    "underscore": ("approval_days = 3", "did you mean 'approval-days'?"),
    "actor": ("actor = 'ana'", "'actor' belongs to a person"),
    "signing key": ("signing-key = '/k'", "'signing-key' belongs to a person"),
    "journal key": ("journal-key = '/k'", "'journal-key' belongs to a person"),
    "number": ("journal = 1", "'journal' must be a text"),
    "empty": ("journal = '  '", "'journal' must be a text"),
    "control": ('journal = "a\\u0007b"', "a control character"),
    "days true": ("approval-days = true", "'approval-days' must be a number"),
    "days none": ("approval-days = 0", "above 0 and up to 366"),
    "days many": ("approval-days = 367", "above 0 and up to 366"),
    "days nan": ("approval-days = nan", "must be a number"),
    "days endless": ("approval-days = inf", "must be a number"),
    "hours": ("break-glass-hours = -1", "above 0 and up to 168"),
    "environments": ("environments = ['production']", "must be a table"),
    "environment's name": ("environments = {Production = 'record'}", "'Production' is no environment's name"),
    "environment's path": ("environments = {'../x' = 'record'}", "is no environment's name"),
    "target": ("environments = {production = 'ftp:x'}", "must be"),
    "target of nothing": ("environments = {production = 'dir:'}", "must be"),
    "target number": ("environments = {production = 1}", "must be"),
    "no TOML": ("journal =", "it is no TOML"),
    "deep": ("journal = " + "[" * 5000, "it is no TOML"),
    "no UTF-8": ("journal = '\udcff'", "it is no TOML"),
}


@pytest.mark.parametrize(("text", "what"), WRONG.values(), ids=list(WRONG))
def test_what_makes_no_sense_is_refused_with_its_file(place: Place, text: str, what: str) -> None:
    path = place.project / "pressrun.toml"
    path.write_bytes(f"[registry]\n{text}\n".encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError) as refused:
        place.read()
    assert what in str(refused.value)
    assert refused.value.where == str(path)


def test_a_registry_that_is_set_in_two_files_is_refused(place: Place) -> None:
    place.write("pressrun.toml", "[registry]\njournal = 'a'\n")
    place.write("pyproject.toml", "[tool.pressrun.registry]\njournal = 'b'\n")
    with pytest.raises(UsageError, match="is set here and in"):
        place.read()


def test_a_file_of_ours_without_its_table_is_refused(place: Place) -> None:
    place.write("pressrun.toml", "journal = 'a'\n")
    with pytest.raises(UsageError, match=r"no table \[registry\]"):
        place.read()


def test_a_table_that_is_a_value_is_refused(place: Place) -> None:
    place.write("pyproject.toml", "[tool]\npressrun = 1\n")
    with pytest.raises(UsageError, match=r"\[tool.pressrun\] must be a table"):
        place.read()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("actr = 'ana'", "'actr' is no setting, did you mean 'actor'?"),
        ("journal = 'x'", "'journal' is for everybody who uses the project"),
        ("actor = ''", "'actor' must be a text"),
        ("actor = ['ana']", "'actor' must be a text"),
        (f"actor = '{'a' * 321}'", "longer than 320"),
        ("signing-key = 'id_ed25519'", "must be an absolute path"),
    ],
)
def test_what_makes_no_sense_in_the_persons_own_file_is_refused(place: Place, text: str, what: str) -> None:
    path = place.write("config.toml", text)
    with pytest.raises(UsageError) as refused:
        place.read()
    assert what in str(refused.value)
    assert refused.value.where == str(path)


def test_what_makes_no_sense_in_a_variable_is_refused_with_its_name(place: Place) -> None:
    with pytest.raises(UsageError) as refused:
        place.read(PRESSRUN_SIGNING_KEY="id_ed25519")
    assert refused.value.where == "PRESSRUN_SIGNING_KEY"


def test_a_persons_own_file_that_others_may_write_is_refused(place: Place) -> None:
    path = place.write("config.toml", "actor = 'ana'")
    path.chmod(0o646)
    with pytest.raises(UnsafeContentError, match="others may write it"):
        place.read()
    path.chmod(0o644)
    assert place.read().actor == "ana"


SECRETS = [
    "postgresql://ana:hunter2hunter2@db/x",
    "postgresql+psycopg://ana:hunter2hunter2@db:5432/x",
    "postgresql://db/x?user=ana&password=hunter2hunter2",
    "postgresql://db/x?PASSWORD=hunter2hunter2",
    "postgresql://ana:hunter2hunter2@[db/x",
    "s3://AKIA:hunter2hunter2@bucket/x",
]


@pytest.mark.parametrize("key", ["journal", "objects"])
@pytest.mark.parametrize("address", SECRETS)
def test_a_password_in_a_shared_file_is_refused_and_not_repeated(place: Place, key: str, address: str) -> None:
    place.write("pressrun.toml", f"[registry]\n{key} = '{address}'\n")
    with pytest.raises(PressrunError) as refused:
        place.read()
    assert isinstance(refused.value, UnsafeContentError)
    assert "hunter2" not in str(refused.value)


def test_a_password_in_the_environment_is_taken(place: Place) -> None:
    assert place.read(PRESSRUN_JOURNAL=SECRETS[0]).journal == SECRETS[0]


def test_no_parser_is_loaded_where_no_file_has_settings(place: Place) -> None:
    program = (
        "import sys; from pathlib import Path; from pressrun.actions.settings import read_settings;"
        f"read_settings(Path({str(place.project)!r}), {place.environ!r});"
        "print(sorted({'tomllib', 'tomli', 'yaml', 'cryptography'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
