"""What the attacks share: a place with something worth protecting, and archives as an attacker makes them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from pressrun.records.bundle import Content, ContentFile, Manifest
from pressrun.records.digest import digest_bytes, pretty_json


class Outside:
    """A folder that holds a canary beside the one that is worked in; nothing may be written anywhere in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inside = folder / "deep" / "inside"
        self.inside.mkdir(parents=True)
        (folder / "canary").write_text("alive")

    def is_untouched(self) -> bool:
        found = {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*")}
        return found == {"canary", "deep", "deep/inside"} and (self.folder / "canary").read_text() == "alive"


@pytest.fixture
def outside(tmp_path):
    return Outside(tmp_path / "outside")


def manifest_for(files: dict[str, bytes]) -> bytes:
    """A manifest that is right in itself for any paths."""
    content = Content(
        files=tuple(
            ContentFile(path=path, role="module", digest=digest_bytes(data), size=len(data))
            for path, data in files.items()
        )
    )
    return pretty_json(Manifest(name="attack", content_digest=content.digest(), content=content))


def hostile_tar(files: dict[str, bytes], *infos: tarfile.TarInfo, listed: bool = True, packed: str = "") -> bytes:
    """A tar with a manifest, the given files, and then anything."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{packed}", format=tarfile.USTAR_FORMAT) as archive:
        for path, data in {"manifest.json": manifest_for(files if listed else {}), **files}.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in infos:
            archive.addfile(info, io.BytesIO(bytes(info.size)) if info.isreg() else None)
    return buffer.getvalue()


def hostile_zip(files: dict[str, bytes], *more: tuple[zipfile.ZipInfo, bytes], listed: bool = True) -> bytes:
    """A zip with a manifest, the given files, and then anything."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", manifest_for(files if listed else {}))
        for path, data in files.items():
            archive.writestr(path, data)
        for info, data in more:
            archive.writestr(info, data)
    return buffer.getvalue()


@pytest.fixture
def crafted():
    """The makers above; test modules cannot import each other."""

    class Crafted:
        manifest = staticmethod(manifest_for)
        tar = staticmethod(hostile_tar)
        zip = staticmethod(hostile_zip)

    return Crafted
