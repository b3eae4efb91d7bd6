"""A writer in a process of its own, to be killed: stores bundles and says on stdout what was acknowledged."""

from __future__ import annotations

import sys
from pathlib import Path

from pressrun.store.bundles import BundleStore


def main() -> None:
    root, seed, rounds, *folders = sys.argv[1:]
    for turn in range(int(rounds)):
        store = BundleStore(Path(root))
        folder = Path(folders[(int(seed) + turn) % len(folders)])
        manifest = store.add(folder)
        print("bundle", manifest.content_digest, flush=True)
        piece = store.add_evidence(manifest.content_digest, "receipt", "receipt.json", f"{seed}-{turn}".encode())
        print("evidence", manifest.content_digest, piece.digest, flush=True)
        store.set_name("best", manifest.content_digest)
        print("name", "best", manifest.content_digest, flush=True)
    print("done", flush=True)


main()
