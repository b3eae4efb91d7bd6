"""Which parameters, inputs, models and packages are new, gone or changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pressrun.records.bundle import ContentFile, InputReference
from pressrun.records.digest import canonical_json
from pressrun.records.version_diff import Change, FileChange, FileVersion, PackageChange, ValueChange


def diff_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[ValueChange, ...]:
    """Compare values by what JSON makes of them: 1, 1.0 and true are three different values."""
    changes = []
    for name in sorted({*before, *after}):
        if name not in before:
            changes.append(ValueChange(name=name, change="added", after=after[name]))
        elif name not in after:
            changes.append(ValueChange(name=name, change="removed", before=before[name]))
        elif canonical_json(before[name]) != canonical_json(after[name]):
            changes.append(ValueChange(name=name, change="changed", before=before[name], after=after[name]))
    return tuple(changes)


def diff_value(name: str, before: str, after: str) -> ValueChange | None:
    """Compare one text, where the empty one means that there is none."""
    left, right = ({name: text} if text else {} for text in (before, after))
    return next(iter(diff_values(left, right)), None)


def diff_inputs(before: Iterable[InputReference], after: Iterable[InputReference]) -> tuple[FileChange, ...]:
    """Compare inputs by content; of a folder it is told how many of its files differ."""
    left, right = {item.path: item for item in before}, {item.path: item for item in after}
    changes = _diff_files(_versions(left.values()), _versions(right.values()))
    return tuple(_with_members(change, left, right) for change in changes)


def diff_models(before: Iterable[ContentFile], after: Iterable[ContentFile]) -> tuple[FileChange, ...]:
    """Compare the files of models by content."""
    return _diff_files(*(_versions(file for file in files if file.role == "model") for files in (before, after)))


def diff_packages(
    before: Mapping[str, tuple[str, str]], after: Mapping[str, tuple[str, str]]
) -> tuple[PackageChange, ...]:
    """Compare locks.

    Args:
        before: canonical name -> version, and whatever pins its file.
        after: likewise.
    """
    changes = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            change: Change = "added" if old is None else "removed" if new is None else "changed"
            changes.append(
                PackageChange(name=name, change=change, before=old[0] if old else "", after=new[0] if new else "")
            )
    return tuple(changes)


def _versions(files: Iterable[ContentFile | InputReference]) -> dict[str, FileVersion]:
    return {file.path: FileVersion(digest=file.digest, size=file.size) for file in files}


def _diff_files(before: Mapping[str, FileVersion], after: Mapping[str, FileVersion]) -> tuple[FileChange, ...]:
    gone = {path: file for path, file in before.items() if path not in after}
    changes = []
    for path, file in sorted(after.items()):
        old = before.get(path)
        source = next((p for p, g in sorted(gone.items()) if g.digest == file.digest), "") if old is None else ""
        if source:
            moved = gone.pop(source)
            changes.append(FileChange(path=path, change="moved", before=moved, after=file, moved_from=source))
        elif old is None:
            changes.append(FileChange(path=path, change="added", after=file))
        elif old.digest != file.digest:
            changes.append(FileChange(path=path, change="changed", before=old, after=file))
    changes += [FileChange(path=path, change="removed", before=file) for path, file in gone.items()]
    return tuple(sorted(changes, key=lambda change: change.path))


def _with_members(
    change: FileChange, before: Mapping[str, InputReference], after: Mapping[str, InputReference]
) -> FileChange:
    if change.change != "changed" or not (before[change.path].members or after[change.path].members):
        return change
    counts: dict[Change, int] = {}
    for member in diff_values(before[change.path].members, after[change.path].members):
        counts[member.change] = counts.get(member.change, 0) + 1
    return FileChange(path=change.path, change=change.change, before=change.before, after=change.after, members=counts)
