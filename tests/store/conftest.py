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
