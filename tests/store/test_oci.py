"""Bundles as OCI image layouts: what the specification asks for, the same every time, and back again strictly."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess

import pytest

from pressrun.errors import PressrunError, UsageError
from pressrun.records.digest import canonical_json, digest_bytes
from pressrun.store.archive import temporary_folder
from pressrun.store.bundles import verify_directory
from pressrun.store.folders import open_directory
from pressrun.store.oci import ARTIFACT_TYPE, Layout, parse_layout, unpack_layout, write_layout


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def layout(bundle, tmp_path):
    target = Layout(tmp_path / "layout", "v1")
    write_layout(open_directory(bundle), target)
    return target


def blob(layout, digest):
    return layout.folder / "blobs" / "sha256" / digest.removeprefix("sha256:")


def artifact_of(layout):
    index = json.loads((layout.folder / "index.json").read_text())
    return json.loads(blob(layout, index["manifests"][0]["digest"]).read_text())


def replace_artifact(layout, artifact):
    """Put a changed artifact in place, with right digests all the way up."""
    raw = canonical_json(artifact)
    index = json.loads((layout.folder / "index.json").read_text())
    index["manifests"][0].update(digest=digest_bytes(raw), size=len(raw))
    blob(layout, digest_bytes(raw)).write_bytes(raw)
    (layout.folder / "index.json").write_bytes(canonical_json(index))


def test_a_bundle_comes_back_byte_for_byte(bundle, layout, tmp_path):
    with temporary_folder() as fresh:
        found = unpack_layout(Layout(layout.folder, ""), fresh, sync=False)
        assert found.manifest == verify_directory(bundle)
        assert contents(fresh) == contents(bundle)


def test_the_layout_is_what_the_specification_says(bundle, layout):
    """image-layout.md and manifest.md of image-spec 1.1, "guidelines for artifact usage"."""
    assert json.loads((layout.folder / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads((layout.folder / "index.json").read_text())
    assert (index["schemaVersion"], index["mediaType"]) == (2, "application/vnd.oci.image.index.v1+json")
    (entry,) = index["manifests"]
    assert entry["annotations"] == {"org.opencontainers.image.ref.name": "v1"}
    artifact = artifact_of(layout)
    assert artifact["schemaVersion"] == 2
    assert artifact["mediaType"] == entry["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert artifact["artifactType"] == ARTIFACT_TYPE
    assert artifact["config"] == {
        "mediaType": "application/vnd.oci.empty.v1+json",
        "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "size": 2,
        "data": "e30=",
    }
    described = [entry, artifact["config"], *artifact["layers"]]
    for item in described:
        raw = blob(layout, item["digest"]).read_bytes()
        assert (len(raw), "sha256:" + hashlib.sha256(raw).hexdigest()) == (item["size"], item["digest"])
    files = {path.name for path in (layout.folder / "blobs" / "sha256").iterdir()}
    assert files == {item["digest"].removeprefix("sha256:") for item in described}
    titles = [layer["annotations"]["org.opencontainers.image.title"] for layer in artifact["layers"]]
    assert titles[0] == "manifest.json"
    assert set(titles) == set(contents(bundle))


def test_equal_bundles_give_equal_layouts(bundle, store, layout, tmp_path):
    store.add(bundle)
    write_layout(store.open("sample"), Layout(tmp_path / "other", "v1"))
    assert contents(tmp_path / "other") == contents(layout.folder)


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")
def test_skopeo_copies_it_and_it_is_the_same_bundle(bundle, layout, tmp_path):
    copy = f"oci:{tmp_path / 'copy'}:v2"
    subprocess.run(["skopeo", "copy", "--quiet", f"oci:{layout.folder}:v1", copy], check=True, timeout=120)
    with temporary_folder() as fresh:
        assert unpack_layout(parse_layout(copy), fresh, sync=False).manifest == verify_directory(bundle)


@pytest.mark.parametrize("text", ["oci:", "oci::v1", "oci:x:a/b", "oci:x:a:b", "oci:x:-a"])
def test_a_layout_that_cannot_be_meant_is_refused(text):
    with pytest.raises(UsageError, match="oci:FOLDER"):
        parse_layout(text)


def test_a_tag_that_is_not_there_is_refused(layout, tmp_path):
    with pytest.raises(UsageError, match="the tag 'v9'"):
        unpack_layout(Layout(layout.folder, "v9"), tmp_path / "out", sync=False)
    with pytest.raises(UsageError, match="no oci-layout"):
        unpack_layout(Layout(tmp_path, "v1"), tmp_path / "out", sync=False)


def test_a_folder_that_is_taken_is_not_touched(bundle, layout):
    before = contents(layout.folder)
    with pytest.raises(UsageError, match="not empty"):
        write_layout(open_directory(bundle), layout)
    assert contents(layout.folder) == before


def test_a_flipped_bit_in_any_blob_is_refused(layout, tmp_path):
    """Class 5 on the layout. The empty config is not looked at: there is nothing in it."""
    config = artifact_of(layout)["config"]["digest"]
    for path in (layout.folder / "blobs" / "sha256").iterdir():
        if path == blob(layout, config):
            continue
        raw = path.read_bytes()
        flipped = bytearray(raw)
        flipped[len(raw) // 2] ^= 1
        path.write_bytes(flipped)
        with pytest.raises(PressrunError):
            unpack_layout(layout, tmp_path / "out", sync=False)
        path.write_bytes(raw)
        shutil.rmtree(tmp_path / "out", ignore_errors=True)


def _drop(artifact):
    artifact["layers"].pop()


def _double(artifact):
    artifact["layers"].append(artifact["layers"][-1])


def _swap(artifact):
    one, other = artifact["layers"][1], artifact["layers"][2]
    one["annotations"], other["annotations"] = other["annotations"], one["annotations"]


def _escape(artifact):
    artifact["layers"][1]["annotations"]["org.opencontainers.image.title"] = "../../canary"


def _untitled(artifact):
    del artifact["layers"][1]["annotations"]


def _other_digest(artifact):
    artifact["layers"][1]["digest"] = "sha256:../../../canary"


def _not_first(artifact):
    artifact["layers"].reverse()


def _no_layers(artifact):
    artifact["layers"] = []


def _odd_layers(artifact):
    artifact["layers"] = ["x"]


def _other_type(artifact):
    artifact["artifactType"] = "application/vnd.example"


def _huge(artifact):
    artifact["layers"][0]["size"] = 1 << 40


@pytest.mark.parametrize(
    "change",
    [_drop, _double, _swap, _escape, _untitled, _other_digest, _not_first, _no_layers, _odd_layers, _other_type, _huge],
)
def test_a_layout_that_was_rewritten_is_refused(layout, tmp_path, change):
    """Digests are right all the way up: only what the bundle's own manifest lists tells."""
    artifact = artifact_of(layout)
    change(artifact)
    replace_artifact(layout, artifact)
    with pytest.raises(PressrunError) as caught:
        unpack_layout(layout, tmp_path / "out", sync=False)
    assert caught.value.exit_code in {3, 5}
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"manifests": {}}', b'{"manifests": [1]}', b"[" * 100_000])
def test_an_index_that_is_none_is_refused(layout, tmp_path, raw):
    (layout.folder / "index.json").write_bytes(raw)
    with pytest.raises(PressrunError):
        unpack_layout(layout, tmp_path / "out", sync=False)


def test_a_blob_that_is_a_link_is_refused(layout, tmp_path):
    digest = artifact_of(layout)["layers"][1]["digest"]
    (tmp_path / "elsewhere").write_bytes(blob(layout, digest).read_bytes())
    blob(layout, digest).unlink()
    blob(layout, digest).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PressrunError, match="cannot be opened"):
        unpack_layout(layout, tmp_path / "out", sync=False)
