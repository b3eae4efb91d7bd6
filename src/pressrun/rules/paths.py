"""Which paths and names a bundle may hold: one spelling, the same file on every system, never outside its folder.

Pure functions over strings; nothing here touches a disk. A path that is refused here is refused when a bundle is
written and when one is read, so that neither side can be tricked by the other. This module is stable.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MAX_PART_BYTES = 255
MAX_PATH_BYTES = 1024
MAX_DEPTH = 32

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")
# Cc control, Cf invisible and direction-changing, Cs surrogates, Co private, Cn unassigned, Zl/Zp line ends
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# letters of other scripts that look the same as a Latin one in common fonts (UTS 39, the certain ones only)
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧον",  # noqa: RUF001
    "aeopcyxijshdqwABEKMHOPCTYXIJSABEZHIKMNOPTYXov",
)


def path_problem(path: str) -> str:
    """Say why `path` may not be a file's path in a bundle; empty when it may.

    Args:
        path: posix path relative to the bundle's root, as written in the manifest or archive.

    >>> path_problem("project/data/credit.csv")
    ''
    >>> path_problem("../outside")
    "a part is '..', which leads outside"
    """
    if not path:
        return "it is empty"
    if "\\" in path:
        return "it holds a backslash"
    if path.startswith("/"):
        return "it is absolute"
    if path.isascii():
        if not path.isprintable():
            return "it holds a control character"
    elif problem := _unicode_problem(path):
        return problem
    if len(path.encode()) > MAX_PATH_BYTES:
        return f"it is longer than {MAX_PATH_BYTES} bytes"
    parts = path.split("/")
    if len(parts) > MAX_DEPTH:
        return f"it is more than {MAX_DEPTH} folders deep"
    for part in parts:
        if problem := _part_problem(part):
            return problem
    return ""


def _part_problem(part: str) -> str:
    if not part:
        return "a part is empty"
    if part in {".", ".."}:
        return f"a part is {part!r}, which leads " + ("outside" if part == ".." else "nowhere")
    if part[-1] in ". ":
        return f"{part!r} ends in a dot or a space"
    if _DRIVE.match(part):
        return f"{part!r} begins with a drive letter"
    if _DEVICE.fullmatch(part.split(".", 1)[0].rstrip(" ")):
        return f"{part!r} is a device name on Windows"
    if len(part.encode()) > MAX_PART_BYTES:
        return f"a part is longer than {MAX_PART_BYTES} bytes"
    return ""


def _unicode_problem(path: str) -> str:
    for character in path:
        if unicodedata.category(character) in _REFUSED_CATEGORIES:
            return f"it holds U+{ord(character):04X}, a control, invisible or unassigned character"
    if unicodedata.normalize("NFC", path) != path:
        return "it is not in Unicode normal form C"
    for word in re.findall(r"[^\W\d_]+", path):
        latin = any(character.isascii() for character in word)
        disguised = [c for c in word if ord(c) in _LOOKALIKES]
        if latin and disguised:
            return f"{word!r} mixes Latin letters with U+{ord(disguised[0]):04X}, which looks like one"
    return ""


def collision_key(path: str) -> str:
    """Return what two paths share when a file system or a reader could take one for the other.

    Case, Unicode compatibility forms and letters of other scripts that look alike are folded.

    >>> collision_key("README.md") == collision_key("Readme.MD")
    True
    """
    if path.isascii():
        return path.lower()
    folded = unicodedata.normalize("NFKC", path).translate(_LOOKALIKES)
    return unicodedata.normalize("NFKC", folded.casefold())


def first_collision(paths: Iterable[str]) -> tuple[str, str] | None:
    """Return the first two paths that cannot live side by side everywhere, None when all can.

    Two paths collide when they are equal, equal but for case or look-alike letters, when a folder of one is so with a
    folder of the other, or when one is a folder of the other.
    """
    folders: dict[str, str] = {}
    files: dict[str, str] = {}
    for path in paths:
        key = collision_key(path)
        if key in files:
            return files[key], path
        if key in folders:
            return folders[key], path
        files[key] = path
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            folder_key = collision_key(folder)
            if folder_key in files:
                return files[folder_key], path
            if folders.setdefault(folder_key, folder) != folder:
                return folders[folder_key], path
    return None


def name_problem(name: str) -> str:
    """Say why `name` may not be a bundle's name; empty when it may.

    >>> name_problem("credit-default")
    ''
    """
    if not _NAME.fullmatch(name):
        return "a name is 1 to 128 of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit"
    return _part_problem(name)


def name_from(text: str) -> str:
    """Return the nearest allowed name to `text`, for example a notebook's file name without its ending.

    >>> name_from("Credit default (v2)")
    'credit-default-v2'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9._]+", "-", plain).strip("-._")[:128].rstrip("-._")
    if not name:
        return "bundle"
    return f"bundle-{name}"[:128].rstrip("-._") if name_problem(name) else name
