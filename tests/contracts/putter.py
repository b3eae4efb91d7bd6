"""A writer in a process of its own: waits for a line, puts one content, says what came of it."""

from __future__ import annotations

import sys

from pressrun.store.open_objects import open_objects


def main() -> None:
    location, content = sys.argv[1:]
    objects = open_objects(location)
    objects.has("sha256:" + "0" * 64)  # connected before the start
    print("ready", flush=True)
    sys.stdin.readline()
    print(objects.put(content.encode() * 1000), flush=True)


main()
