"""The option that every command which runs a notebook has: whether it is recorded from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
_WORDS = {None: "auto", True: "on", False: "off"}


def trace_option(command: Command) -> Command:
    """Give a command ``--trace/--no-trace``; it gets `trace` as ``auto`` (neither was said), ``on`` or ``off``."""
    return click.option(
        "--trace/--no-trace",
        "trace",
        default=None,
        callback=lambda context, option, value: _WORDS[value],
        help="Record from outside, with strace, what the notebook and all its children open. Default: where that "
        "works. --trace fails where it doesn't.",
    )(command)
