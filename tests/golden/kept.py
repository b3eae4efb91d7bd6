"""What earlier versions wrote, unpacked where a test may write to it."""

from __future__ import annotations

import tarfile
from pathlib import Path

GOLDEN = Path(__file__).parent


def unpack(name: str, folder: Path) -> Path:
    """Unpack one of the archives beside this file into `folder`, and return it."""
    with tarfile.open(GOLDEN / name) as archive:
        # Python below 3.11.4 has no filters, and from 3.12 on one has to be named
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    return folder
