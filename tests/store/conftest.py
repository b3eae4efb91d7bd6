"""What the tests of the store share."""

from __future__ import annotations

import pytest

from pressrun.store.bundles import BundleStore
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle


@pytest.fixture
def bundle(tmp_path):
    """A small bundle in a folder, with a model, evidence and an input whose copy travels along."""
    folder = tmp_path / "bundle"
    write_sample_bundle(
        folder,
        {**SAMPLE_FILES, "models/churn/model.bin": bytes(range(256)) * 40, "project/local.py": b"X = 1\n"},
        evidence={"receipt-1.json": b"{}", "notes.txt": b"seen"},
        held={"data/train.csv": b"a,b\n1,2\n"},
    )
    return folder


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    return BundleStore(tmp_path / ".pressrun")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder with two small bundles, ``one`` and ``two``, that share files."""
    found = tmp_path_factory.mktemp("bundles")
    files = {path: SAMPLE_FILES[path] for path in ("source.ipynb", "pipeline.py")}
    write_sample_bundle(found / "one", files, name="one", evidence={"receipt.json": b'{"grade": "R4"}'})
    write_sample_bundle(found / "two", {**files, "pylock.toml": b"lock"}, name="two", held={"data.csv": b"a,b\n1,2\n"})
    return found
