"""What stands in for the folders of the system that a sandboxed kernel must not see: home, temporary files, users."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

import msgspec

TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108  as a sandbox has them
USUAL_IN_HOME = (".cache", ".config", ".local/share", ".local/state")
"""Made in the private home where they are in the real one, so that looking for them says nothing."""

FONT_LISTS = ".cache/matplotlib/fontlist-*.json"
"""Copied: which fonts there are is the environment's, and finding it out costs seconds a run."""


class Private(msgspec.Struct, frozen=True):
    """Folders and files below `path` that are shown at places of the system.

    Attributes:
        home: the home folder's path, as the kernel's environment has it; empty for none.
    """

    path: Path
    home: str

    @property
    def folders(self) -> dict[str, Path]:
        """Place -> folder of ours that may be written to."""
        found = {place: self.path / place.strip("/").replace("/", "-") for place in TEMPORARY}
        return {**found, self.home: self.path / "home"} if self.home else found

    @property
    def files(self) -> dict[str, Path]:
        """Place -> file of ours."""
        return {f"/etc/{name}": self.path / name for name in ("passwd", "group", "hosts", "nsswitch.conf")}

    def make(self) -> None:
        """Make them: an almost empty home, and system files that name nobody but the user."""
        for folder in self.folders.values():
            folder.mkdir(parents=True)
        user, group = os.getuid(), os.getgid()
        name = _user_name(user)
        home = self.home or "/"
        others = "" if user == 0 else "root:x:0:0:root:/root:/bin/sh\n"
        users = f"{others}{name}:x:{user}:{group}:{name}:{home}:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
        groups = ("" if group == 0 else "root:x:0:\n") + f"{name}:x:{group}:\nnogroup:x:65534:\n"
        texts = {
            "passwd": users,
            "group": groups,
            "hosts": "127.0.0.1 localhost\n::1 localhost\n",
            "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        }
        for place, file in self.files.items():
            file.write_text(texts[place.removeprefix("/etc/")], encoding="utf-8")
        if self.home:
            self._fill_home(Path(self.home), self.path / "home")

    def _fill_home(self, real: Path, private: Path) -> None:
        for name in USUAL_IN_HOME:
            if (real / name).is_dir():
                (private / name).mkdir(parents=True)
        for file in real.glob(FONT_LISTS):
            copy = private / file.relative_to(real)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:  # a container may run as a user that nobody knows
        return "user"
