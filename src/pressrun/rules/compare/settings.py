"""How strict a comparison is. One frozen record whose defaults are visible; read once, passed down."""

from __future__ import annotations

import msgspec


class CompareSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How strict a comparison is.

    Attributes:
        same_environment: whether both runs had the same lock. If so, any change of representation (``np.float64(1.0)``
            for ``1.0``) is a difference; if not, it is excused and listed as a mask.
        tolerance: relative difference up to which two floats count as equal; whole numbers must be equal.
        close_tolerance: relative difference up to which nothing but the last digits can differ; only named in reasons.
        absolute_tolerance: absolute difference up to which two floats count as equal; off by default, since it hides
            every change of a small quantity.
        folders: folder prefixes that mean "where it ran" (project, working directory), masked as ``«folder»``.
        excerpt_length: characters of an excerpt in a comparison.
    """

    same_environment: bool = True
    tolerance: float = 1e-6
    close_tolerance: float = 1e-9
    absolute_tolerance: float = 0.0
    folders: tuple[str, ...] = ()
    excerpt_length: int = 160
