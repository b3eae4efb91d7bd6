"""Assembling a bundle."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from pressrun.notebook.package.pipeline import PipelineSource
from pressrun.notebook.package.write import BundlePieces, EvidencePiece, add_evidence, assemble
from pressrun.records.bundle import InputReference, Manifest
from pressrun.records.digest import digest_bytes, digest_text


@pytest.fixture
def pieces(tmp_path: Path) -> BundlePieces:
    """Return a bundle's pieces with a module, an input that travels and one that does not."""
    root = tmp_path / "origin"
    (root / "work").mkdir(parents=True)
    (root / "work" / "tool.py").write_text("x = 1\n")
    (root / "data").mkdir()
    (root / "data" / "a.csv").write_text("1\n")
    return BundlePieces(
        name="study",
        source=b"{}",
        notebook=b"{}\n",
        pipeline=PipelineSource(text="print()\n", runtime="\n", structure="linear"),
        lock=b"",
        parameters=b"{}",
        outputs=b"{}",
        readme=b"# x\n",
        project_root=root,
        modules=("work/tool.py",),
        inputs=(
            InputReference(path="data/a.csv", role="project", digest=digest_bytes(b"1\n"), size=2, held=True),
            InputReference(path="data/big.csv", role="project", digest=digest_text("big"), size=10**10),
        ),
        evidence=(EvidencePiece(name="replay.json", kind="replay", content=b"{}"),),
        entry="work",
        created_by="pressrun 0.1.0",
    )


def _files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_every_content_file_is_listed_with_its_digest(pieces: BundlePieces, tmp_path: Path) -> None:
    """And the identity is the content's digest."""
    manifest = assemble(pieces, tmp_path / "bundle")
    files = _files(tmp_path / "bundle")
    listed = {file.path: file.digest for file in manifest.content.files}
    assert set(files) == {*listed, "manifest.json", "evidence/replay.json", "project/data/a.csv"}
    assert all(digest_bytes(files[path]) == digest for path, digest in listed.items())
    assert manifest.content_digest == manifest.content.digest()
    assert msgspec.json.decode(files["manifest.json"], type=Manifest) == manifest
    roles = {file.path: file.role for file in manifest.content.files}
    assert roles["notebook_runtime.py"] == "pipeline"
    assert roles["project/work/tool.py"] == "module"


def test_the_same_pieces_give_the_same_bytes(pieces: BundlePieces, tmp_path: Path) -> None:
    """In any folder; file modes too."""
    for name in ("one", "other"):
        assemble(pieces, tmp_path / name)
    assert _files(tmp_path / "one") == _files(tmp_path / "other")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "one").rglob("*") if path.is_file()}
    assert modes == {0o644}


def test_whether_an_input_travels_does_not_change_the_identity(pieces: BundlePieces, tmp_path: Path) -> None:
    """Nor does evidence."""
    lighter = msgspec.structs.replace(
        pieces, inputs=tuple(msgspec.structs.replace(i, held=False) for i in pieces.inputs), evidence=()
    )
    digests = {assemble(p, tmp_path / str(n)).content_digest for n, p in enumerate((pieces, lighter))}
    assert len(digests) == 1


def test_evidence_is_added_beside_the_content_once(pieces: BundlePieces, tmp_path: Path) -> None:
    """A second piece of the same name would hide the first."""
    manifest = assemble(pieces, tmp_path / "bundle")
    piece = EvidencePiece(name="receipt-1.json", kind="receipt", content=b"1")
    changed = add_evidence(tmp_path / "bundle", manifest, piece)
    assert changed.content_digest == manifest.content_digest
    assert changed.evidence[-1].digest == digest_bytes(b"1")
    with pytest.raises(ValueError, match="already"):
        add_evidence(tmp_path / "bundle", changed, piece)


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "a\\..\\x"])
def test_a_path_that_leaves_the_bundle_is_refused(pieces: BundlePieces, tmp_path: Path, path: str) -> None:
    """Whoever wrote it."""
    with pytest.raises((ValueError, OSError)):
        assemble(msgspec.structs.replace(pieces, modules=(path,)), tmp_path / "bundle")


def test_a_folder_with_something_in_it_is_refused(pieces: BundlePieces, tmp_path: Path) -> None:
    """Nothing is overwritten."""
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "mine.txt").write_text("")
    with pytest.raises(ValueError, match="not empty"):
        assemble(pieces, tmp_path / "bundle")
