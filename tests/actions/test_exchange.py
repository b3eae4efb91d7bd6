"""Bundles found wherever they are, given away, and taken in."""

from __future__ import annotations

import msgspec
import pytest

from pressrun.actions.exchange import export_bundle, import_bundle, open_bundle, store_of
from pressrun.actions.show import show_bundle
from pressrun.errors import BundleCorruptError, UsageError
from pressrun.records.comparison import Receipt
from pressrun.records.digest import digest_bytes, pretty_json
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def receipt(grade, created):
    return pretty_json(
        Receipt(
            subject=digest_bytes(b""), grade=grade, environment="rebuilt", against="bundle", verdict="completed",
            created=created,
        )
    )  # fmt: skip


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "bundle"
    write_sample_bundle(
        folder,
        SAMPLE_FILES,
        evidence={
            "receipt-a.json": receipt("R4", "2026-01-02T00:00:00+00:00"),
            "receipt-b.json": receipt("R2", "2026-01-01T00:00:00+00:00"),
        },
        held={"data.csv": b"a\n"},
    )
    return folder


FORMS = ["{out}", "{out}.tar", "{out}.tar.gz", "{out}.tgz", "{out}.zip", "oci:{out}", "oci:{out}:v1"]


@pytest.mark.parametrize("form", FORMS)
def test_what_is_exported_is_imported_as_the_same_bundle(project, bundle, tmp_path, form):
    to = form.format(out=tmp_path / "out")
    exported = export_bundle(str(bundle), project, to)
    imported = import_bundle(to, project)
    assert imported.content_digest == exported.content_digest == show_bundle(str(bundle), project).content_digest
    assert (imported.files, imported.size) == (exported.files, exported.size)
    assert not imported.known
    assert import_bundle(to, project).known
    with open_bundle("sample", project) as opened:
        assert contents(opened.folder) == contents(bundle)
    assert not opened.folder.exists()


@pytest.mark.parametrize("form", FORMS)
def test_any_form_can_be_opened_and_shown(project, bundle, tmp_path, form):
    to = form.format(out=tmp_path / "out")
    export_bundle(str(bundle), project, to)
    with open_bundle(to, project) as opened:
        assert contents(opened.folder) == contents(bundle)
    assert show_bundle(to, project) == show_bundle(str(bundle), project)
    assert bundle.exists()
    assert not (project / ".pressrun").exists()


def test_a_folder_is_opened_where_it_is(project, bundle):
    with open_bundle(str(bundle), project) as opened:
        assert opened.folder == bundle


def test_a_bundle_is_opened_from_the_store_by_what_it_is_known_by(project, bundle):
    digest = import_bundle(str(bundle), project).content_digest
    for reference in ("sample", digest, digest[7:15]):
        with open_bundle(reference, project) as opened:
            assert opened.manifest.content_digest == digest


def test_a_folder_that_is_called_like_a_bundle_does_not_hide_it(project, bundle, monkeypatch):
    import_bundle(str(bundle), project)
    monkeypatch.chdir(project)
    (project / "sample").mkdir()
    assert show_bundle("sample", project).name == "sample"
    with pytest.raises(UsageError, match=r"no manifest\.json"):
        show_bundle("./sample", project)


@pytest.mark.parametrize("reference", ["absent", "./absent", "/absent/x.tar", "oci:absent", ""])
def test_a_bundle_that_is_not_there_is_a_clear_error(project, reference):
    with pytest.raises(UsageError), open_bundle(reference, project):
        pass
    with pytest.raises(UsageError):
        import_bundle(reference, project)


def test_what_is_shown_is_what_is_in_it(project, bundle):
    shown = show_bundle(str(bundle), project)
    assert {file.path for file in shown.files} == set(SAMPLE_FILES)
    assert [(item.path, item.held) for item in shown.inputs] == [("data.csv", True)]
    (parameter,) = shown.parameters
    assert (parameter.name, parameter.type, parameter.default) == ("rows", "integer", 3)
    assert shown.receipt is not None
    assert shown.receipt.grade == "R4"
    assert shown.size == sum(len(raw) for path, raw in contents(bundle).items() if path != "manifest.json")


def test_showing_a_bundle_in_the_store_says_the_same(project, bundle):
    import_bundle(str(bundle), project)
    assert show_bundle("sample", project) == show_bundle(str(bundle), project)


def test_a_receipt_that_cannot_be_read_is_told_and_the_latest_other_one_shown(project, tmp_path):
    write_sample_bundle(
        tmp_path / "b", evidence={"receipt-a.json": b"garbage", "receipt-b.json": receipt("R3", "2026")}
    )
    shown = show_bundle(str(tmp_path / "b"), project)
    assert shown.unread == ("evidence/receipt-a.json",)
    assert shown.receipt is not None
    assert shown.receipt.grade == "R3"


def test_a_bundle_without_parameters_or_receipt_is_shown(project, tmp_path):
    write_sample_bundle(tmp_path / "b", {"source.ipynb": b"{}"})
    shown = show_bundle(str(tmp_path / "b"), project)
    assert (shown.parameters, shown.receipt) == ((), None)
    assert msgspec.json.encode(shown)


@pytest.mark.parametrize("raw", [b"{", b"[" * 100_000])
def test_parameters_that_cannot_be_read_are_named(project, tmp_path, raw):
    write_sample_bundle(tmp_path / "b", {"parameters.schema.json": raw})
    with pytest.raises(BundleCorruptError, match=r"parameters\.schema\.json"):
        show_bundle(str(tmp_path / "b"), project)


def test_an_import_that_fails_takes_nothing_in(project, bundle, tmp_path):
    export_bundle(str(bundle), project, str(tmp_path / "a.tar"))
    raw = bytearray((tmp_path / "a.tar").read_bytes())
    raw[raw.index(b"print('hello')")] ^= 1
    (tmp_path / "a.tar").write_bytes(raw)
    with pytest.raises(BundleCorruptError, match=r"pipeline\.py"):
        import_bundle(str(tmp_path / "a.tar"), project)
    assert not (project / ".pressrun").exists()


def test_nothing_is_overwritten(project, bundle, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine").write_text("mine")
    (tmp_path / "taken.zip").write_text("mine")
    for to in ("taken", "taken.zip", "oci:taken"):
        place = to.replace("taken", str(tmp_path / "taken"))
        with pytest.raises(UsageError):
            export_bundle(str(bundle), project, place)
    assert (tmp_path / "taken" / "mine").read_text() == (tmp_path / "taken.zip").read_text() == "mine"


def test_a_store_is_where_the_project_is(project):
    assert store_of(project).root == project / ".pressrun"
