"""A process that registers versions until it is told to stop; says after each how many there are of it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pressrun.store.bundles import BundleStore
from pressrun.store.journal.open import open_journal
from pressrun.testing.registries import Parts, register_folder
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle


def main() -> None:
    project, number = Path(sys.argv[1]), sys.argv[2]
    bundles = BundleStore(project / ".pressrun")
    with open_journal(bundles.root / "journal.db") as journal:
        turn = 0
        while not (project / "stop").exists():
            turn += 1
            name = f"crowd{number}-{turn}"
            folder = project / "work" / name
            write_sample_bundle(folder, {**SAMPLE_FILES, "models/m.bin": name.encode() * 50}, name=name)
            register_folder(Parts(journal, bundles.objects, bundles), folder, first=True)
            print(turn, flush=True)
            time.sleep(0.1)  # a backup reads all there is; it must have a chance to reach the end


main()
