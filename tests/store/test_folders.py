"""A bundle in a folder: every file listed, every listed file there and equal, nothing else."""

from __future__ import annotations

import json
import os

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pressrun.errors import BundleCorruptError, CannotRestoreError, PressrunError, UnsafeContentError, UsageError
from pressrun.records.bundle import Content, ContentFile, InputReference, Manifest
from pressrun.records.digest import digest_bytes, pretty_json
from pressrun.rules.paths import first_collision, path_problem
from pressrun.store.folders import attach_evidence, verify_directory
from pressrun.store.manifests import members_digest
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}(/[a-z][a-z0-9_]{0,8}){0,2}\.[a-z]{1,3}", fullmatch=True)
TREES = st.dictionaries(NAMES, st.binary(max_size=200), min_size=1, max_size=6)


def content_of(files: dict[str, bytes]) -> Content:
    return Content(
        files=tuple(
            ContentFile(path=path, role="module", digest=digest_bytes(data), size=len(data))
            for path, data in files.items()
        )
    )


def edit(bundle, change):
    manifest = json.loads((bundle / "manifest.json").read_text())
    change(manifest)
    (bundle / "manifest.json").write_text(json.dumps(manifest))


@given(TREES)
def test_the_order_of_listing_does_not_change_the_bundle_digest(files):
    backwards = dict(reversed(list(files.items())))
    assert content_of(files).digest() == content_of(backwards).digest()


@given(TREES, st.data())
def test_renaming_a_file_changes_the_bundle_digest(files, data):
    victim = data.draw(st.sampled_from(sorted(files)))
    renamed = {("x" + path if path == victim else path): content for path, content in files.items()}
    assert content_of(renamed).digest() != content_of(files).digest() or renamed.keys() == files.keys()


@given(TREES, st.data())
def test_changing_a_byte_changes_the_bundle_digest(files, data):
    victim = data.draw(st.sampled_from(sorted(files)))
    changed = {**files, victim: files[victim] + b"x"}
    assert content_of(changed).digest() != content_of(files).digest()


@given(TREES, st.data())
def test_swapping_the_content_of_two_files_changes_the_bundle_digest(files, data):
    one, other = data.draw(st.sampled_from(sorted(files))), data.draw(st.sampled_from(sorted(files)))
    swapped = {**files, one: files[other], other: files[one]}
    assert (content_of(swapped).digest() == content_of(files).digest()) == (files[one] == files[other])


def test_moving_a_file_from_content_to_inputs_changes_the_bundle_digest():
    file = content_of({"a": b"x"}).files[0]
    reference = InputReference(path="a", role="module", digest=file.digest, size=file.size)
    assert Content(files=(), inputs=(reference,)).digest() != Content(files=(file,)).digest()


def test_whether_an_input_travels_along_is_no_part_of_the_identity():
    item = InputReference(path="a", role="project", digest=digest_bytes(b"x"), size=1)
    held = msgspec.structs.replace(item, held=True)
    assert Content(files=(), inputs=(item,)).digest() == Content(files=(), inputs=(held,)).digest()


@settings(max_examples=25, deadline=None)
@given(files=TREES)
def test_a_written_bundle_is_verified(tmp_path_factory, files):
    assume(first_collision(files) is None and not any(path_problem(path) for path in files))
    folder = tmp_path_factory.mktemp("bundle")
    assert write_sample_bundle(folder, files) == verify_directory(folder)


def test_every_file_is_needed(bundle):
    """Take away one file after the other: each is named."""
    for path in [path for path in bundle.rglob("*") if path.is_file() and path.name != "manifest.json"]:
        content = path.read_bytes()
        path.unlink()
        with pytest.raises(BundleCorruptError) as caught:
            verify_directory(bundle)
        assert path.relative_to(bundle).as_posix() in str(caught.value)
        path.write_bytes(content)
    verify_directory(bundle)


def test_a_flipped_bit_anywhere_names_file_expected_and_found(bundle):
    """Class 5: the first, middle and last byte of every file."""
    for path in [path for path in bundle.rglob("*") if path.is_file() and path.name != "manifest.json"]:
        content = path.read_bytes()
        for position in {0, len(content) // 2, len(content) - 1}:
            flipped = bytearray(content)
            flipped[position] ^= 1
            path.write_bytes(flipped)
            with pytest.raises(BundleCorruptError) as caught:
                verify_directory(bundle)
            assert path.relative_to(bundle).as_posix() in str(caught.value)
            assert digest_bytes(content) in str(caught.value)
            assert digest_bytes(bytes(flipped)) in str(caught.value)
        path.write_bytes(content)


def test_a_flipped_bit_in_the_manifest_never_changes_what_the_bundle_is(bundle):
    """Class 5: it is refused, or the identity and every listed file are what they were."""
    before = verify_directory(bundle)
    raw = (bundle / "manifest.json").read_bytes()
    refused = 0
    for position in range(0, len(raw), 3):
        flipped = bytearray(raw)
        flipped[position] ^= 1 << (position % 7)
        (bundle / "manifest.json").write_bytes(flipped)
        try:
            after = verify_directory(bundle)
        except PressrunError:
            refused += 1
        else:
            assert (after.content_digest, after.content.files) == (before.content_digest, before.content.files)
    assert refused > len(raw) // 3 * 0.6


@pytest.mark.parametrize(
    "extra", ["extra.txt", "evidence/more.json", "project/extra.csv", ".hidden", "models/churn/other.bin"]
)
def test_a_file_that_is_not_listed_is_named(bundle, extra):
    (bundle / extra).write_text("extra")
    with pytest.raises(BundleCorruptError, match="not in the manifest") as caught:
        verify_directory(bundle)
    assert extra in str(caught.value)


def test_swapping_the_lock_of_two_valid_bundles_is_found(bundle, tmp_path):
    other = tmp_path / "other"
    write_sample_bundle(other, {**SAMPLE_FILES, "pylock.toml": b"# other\n"})
    (bundle / "pylock.toml").write_bytes((other / "pylock.toml").read_bytes())
    with pytest.raises(BundleCorruptError, match=r"pylock\.toml"):
        verify_directory(bundle)
    manifest = json.loads((other / "manifest.json").read_text())
    edit(bundle, lambda mine: mine["content"].update(files=manifest["content"]["files"]))
    with pytest.raises(BundleCorruptError, match="content digest"):
        verify_directory(bundle)


def test_a_link_is_refused_also_to_the_right_content(bundle):
    (bundle / "copy").write_bytes((bundle / "pipeline.py").read_bytes())
    (bundle / "pipeline.py").unlink()
    (bundle / "pipeline.py").symlink_to("copy")
    with pytest.raises(UnsafeContentError, match="symbolic link"):
        verify_directory(bundle)


def test_a_link_to_a_folder_outside_is_refused(bundle, tmp_path):
    (tmp_path / "outside").mkdir()
    (bundle / "sub").symlink_to(tmp_path / "outside")
    with pytest.raises(UnsafeContentError, match="'sub' is a symbolic link"):
        verify_directory(bundle)


def test_a_manifest_that_is_a_link_is_refused(bundle):
    (bundle / "manifest.json").rename(bundle / "other")
    (bundle / "manifest.json").symlink_to("other")
    with pytest.raises(UnsafeContentError, match="regular"):
        verify_directory(bundle)


def test_a_pipe_is_refused_without_waiting_for_it(bundle):
    (bundle / "pipeline.py").unlink()
    os.mkfifo(bundle / "pipeline.py")
    with pytest.raises(UnsafeContentError, match="neither"):
        verify_directory(bundle)


def test_what_is_no_bundle_says_so(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        verify_directory(tmp_path / "absent")
    with pytest.raises(UsageError, match=r"holds no manifest\.json"):
        verify_directory(tmp_path)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b"[]", b"null", b"{", b'{"format": "1"}', b'{"format": 1}', b'{"format": 1, "format": 1}',
     b"[" * 100_000, b'{"format": ' + b"1" * 5000 + b"}", b'{"format": NaN}', b"\xff\xfe", b" " * (5 << 20)],
)  # fmt: skip
def test_a_manifest_that_is_none_is_refused(bundle, raw):
    (bundle / "manifest.json").write_bytes(raw)
    with pytest.raises(BundleCorruptError):
        verify_directory(bundle)


def test_a_newer_bundle_format_is_refused_before_anything_else(bundle):
    (bundle / "manifest.json").write_text('{"format": 2, "parts": []}')
    with pytest.raises(CannotRestoreError, match="format 2, this pressrun reads 1"):
        verify_directory(bundle)


def _set(*keys, to):
    def change(manifest):
        for key in keys[:-1]:
            manifest = manifest[key]
        manifest[keys[-1]] = to

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set("content", "files", 0, "path", to="../outside"),
        _set("content", "files", 0, "path", to="/etc/passwd"),
        _set("content", "files", 0, "path", to="a\\b"),
        _set("content", "files", 0, "path", to="PIPELINE.py"),
        _set("content", "files", 0, "path", to="Manifest.json"),
        _set("content", "files", 0, "path", to="manifest.json"),
        _set("content", "files", 0, "path", to="pipeline.py/x"),
        _set("content", "files", 0, "path", to="evidence/x"),
        _set("content", "files", 0, "path", to="Evidence/x"),
        _set("content", "files", 0, "path", to="pipeline.py"),
        _set("content", "files", 0, "algorithm", to="md5"),
        _set("content", "files", 0, "algorithm", to="none"),
        _set("content", "files", 0, "size", to=-1),
        _set("content", "files", 0, "size", to=2**70),
        _set("content", "files", 0, "size", to=1.5),
        _set("content", "files", 0, "digest", to="sha256:" + "0" * 63),
        _set("content", "files", 0, "digest", to="sha256:" + "0" * 64 + "\n"),
        _set("content", "files", 0, "digest", to="md5:" + "0" * 32),
        _set("content", "files", 0, "role", to="virus"),
        _set("content", "inputs", 0, "path", to="../../etc/passwd"),
        _set("content", "inputs", 0, "role", to="outside"),
        _set("evidence", 0, "path", to="source.ipynb"),
        _set("evidence", 0, "path", to="evidence/../x"),
        _set("name", to="../x"),
        _set("name", to="con"),
        _set("entry", to="../x"),
        _set("entry", to="/"),
        _set("content_digest", to="sha256:" + "0" * 64),
    ],
)
def test_a_manifest_with_one_wrong_fact_is_refused(bundle, change):
    edit(bundle, change)
    with pytest.raises(PressrunError) as caught:
        verify_directory(bundle)
    assert caught.value.exit_code in {3, 5}


@pytest.mark.parametrize("path", ["../outside", "PIPELINE.PY", "a\u202eb", "nul", "x/./y", "р" + "ipeline.py"])  # noqa: RUF001
def test_a_hostile_path_is_refused_also_when_every_digest_is_right(tmp_path, path):
    """A manifest that is right in itself: only the rules for paths stand between it and the disk."""
    content = content_of({**SAMPLE_FILES, path: b"x"})
    manifest = Manifest(name="hostile", content_digest=content.digest(), content=content)
    write_sample_bundle(tmp_path / "bundle")
    (tmp_path / "bundle" / "manifest.json").write_bytes(pretty_json(manifest))
    with pytest.raises(UnsafeContentError) as caught:
        verify_directory(tmp_path / "bundle")
    assert caught.value.exit_code == 3


def test_a_held_folder_is_verified_member_by_member(tmp_path):
    members = {"a.csv": b"1\n", "sub/b.csv": b"22\n"}
    digests = {path: digest_bytes(data) for path, data in members.items()}
    item = InputReference(
        path="data", role="project", digest=members_digest(digests), size=5, held=True, members=digests
    )
    content = Content(files=(), inputs=(item,))
    folder = tmp_path / "bundle"
    for path, data in members.items():
        (folder / "project" / "data" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "project" / "data" / path).write_bytes(data)
    manifest = Manifest(name="x", content_digest=content.digest(), content=content)
    (folder / "manifest.json").write_bytes(pretty_json(manifest))
    assert verify_directory(folder) == manifest
    (folder / "project" / "data" / "sub" / "b.csv").write_bytes(b"23\n")
    with pytest.raises(BundleCorruptError, match=r"project/data/sub/b\.csv"):
        verify_directory(folder)
    edit(folder, _set("content", "inputs", 0, "members", "a.csv", to=digest_bytes(b"other")))
    with pytest.raises(BundleCorruptError, match="members of 'data'"):
        verify_directory(folder)


def test_a_local_module_that_is_also_read_as_an_input_is_one_file(tmp_path):
    write_sample_bundle(tmp_path / "b", {"project/m.py": b"X = 1\n"}, held={"m.py": b"X = 1\n"})
    verify_directory(tmp_path / "b")
    write_sample_bundle(tmp_path / "c", {"project/m.py": b"X = 1\n"}, held={"m.py": b"X = 2\n"})
    with pytest.raises(BundleCorruptError, match="listed twice"):
        verify_directory(tmp_path / "c")


def test_evidence_is_attached_to_a_folder_and_the_identity_stays(bundle):
    before = verify_directory(bundle)
    piece = attach_evidence(bundle, "receipt", "receipt.json", b"{}")
    again = attach_evidence(bundle, "receipt", "receipt.json", b"{}")
    after = verify_directory(bundle)
    assert piece == again
    assert after.content_digest == before.content_digest
    assert set(after.evidence) == {*before.evidence, piece}
    with pytest.raises(UnsafeContentError):
        attach_evidence(bundle, "other", "../x", b"x")
    assert verify_directory(bundle) == after
