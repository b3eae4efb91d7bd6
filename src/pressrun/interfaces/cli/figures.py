"""How times and sizes are written for a reader."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return a duration in the unit that a reader would use.

    >>> duration(0.0042), duration(3.25), duration(75.2), duration(3700)
    ('4 ms', '3.2 s', '1 min 15 s', '1 h 1 min')
    """
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def size(count: int) -> str:
    """Return a number of bytes in the unit that a reader would use.

    >>> size(512), size(2048), size(183 * 2**20), size(3 * 2**30)
    ('512 B', '2.0 KiB', '183 MiB', '3.0 GiB')
    """
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"
