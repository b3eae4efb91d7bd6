"""Write the golden files. Run once, when a format is new: ``python tests/golden/make.py``; it never overwrites."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

import msgspec

from pressrun.records.digest import pretty_json
from pressrun.store.archive import write_archive
from pressrun.store.bundles import BundleStore, verify_directory
from pressrun.store.folders import open_directory
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle

HERE = Path(__file__).parent


def main() -> None:
    if (HERE / "bundle-v1.tar").exists():
        raise SystemExit("the golden files are there already")
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        write_sample_bundle(
            bundle,
            {**SAMPLE_FILES, "models/churn/model.bin": bytes(range(64)), "project/local.py": b"RATE = 0.5\n"},
            name="golden",
            evidence={"notes.txt": b"pressed once, kept for good\n"},
            held={"data/train.csv": b"a,b\n1,2\n"},
        )
        manifest = msgspec.structs.replace(verify_directory(bundle), created_by="pressrun 0.1.0")
        (bundle / "manifest.json").write_bytes(pretty_json(manifest))
        write_archive(open_directory(bundle), HERE / "bundle-v1.tar")
        store = BundleStore(Path(folder) / "store")
        digest = store.add(bundle).content_digest
        store.add_evidence(digest, "other", "later.txt", b"added later\n")
        store.set_name("kept", digest)
        with tarfile.open(HERE / "store-v1.tar", "w") as archive:
            for path in sorted(store.root.rglob("*")):
                info = archive.gettarinfo(path, str(path.relative_to(store.root)))
                info.uid = info.gid = info.mtime = 0
                info.uname = info.gname = ""
                with path.open("rb") if path.is_file() else tempfile.TemporaryFile() as file:
                    archive.addfile(info, file)
    print(digest)


if __name__ == "__main__":
    main()
