"""The table of routes as the documentation shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from pressrun.interfaces.lab.routes import FILES, Route


def routes_table(routes: Iterable[Route]) -> str:
    """Return the routes in Markdown, a line each."""
    lines = [
        "| route | takes | answers | server's authorizer | our roles | for |",
        "|---|---|---|---|---|---|",
    ]
    for route in routes:
        role = "-" if route.role == FILES else f"`{route.role}`"
        cells = (
            f"`{route.method} {route.path}`",
            _taken(route),
            _answered(route),
            f"`{route.needs}`",
            role,
            route.about,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _taken(route: Route) -> str:
    names = [f"`{name}`" if needed else f"`{name}`?" for name, needed in route.query.items()]
    if route.order is not None:
        names.append("nothing" if not route.order.__struct_fields__ else f"`{route.order.__name__}`")
    return ", ".join(names) or "-"


def _answered(route: Route) -> str:
    parts: tuple[Any, ...] = get_args(route.answers)
    name = f"[`{parts[0].__name__}`]" if parts else f"`{route.answers.__name__}`"
    return name if route.status == 200 else f"{name} ({route.status})"
