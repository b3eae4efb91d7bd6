"""Which magics do what, as far as a program is concerned."""

from __future__ import annotations

DISPLAY_ONLY = frozenset(
    [
        "matplotlib",
        "config",
        "colors",
        "xmode",
        "autoreload",
        "load_ext",
        "reload_ext",
        "unload_ext",
        "pdb",
        "autocall",
        "automagic",
        "autoawait",
        "gui",
        "doctest_mode",
        "pprint",
        "history",
        "hist",
        "logstart",
        "logstop",
        "logon",
        "logoff",
        "logstate",
        "lsmagic",
        "magic",
        "quickref",
        "rehashx",
        "alias",
        "alias_magic",
        "unalias",
        "load",
        "loadpy",
        "notebook",
        "connect_info",
        "tb",
        "debug",
        "pinfo",
        "pinfo2",
        "pdoc",
        "pdef",
        "pfile",
        "psource",
        "psearch",
        "page",
        "pycat",
        "qtconsole",
        "killbgscripts",
        "bookmark",
        "dhist",
        "autosave",
        "clear",
        "cls",
        "subplots",
    ]
)
"""They steer the front end; no result depends on them."""

MEASURING = frozenset(("timeit", "memit", "mprun", "lprun", "snakeviz", "pyinstrument", "heat"))
"""They run code only to measure it, in a namespace of its own."""

INSTALLING = frozenset(("pip", "pip3", "conda", "mamba", "micromamba", "uv", "conda_install"))

TELLING = frozenset(
    [
        "who",
        "who_ls",
        "whos",
        "store",
        "precision",
        "watermark",
        "tensorboard",
        "reset",
        "reset_selective",
        "macro",
        "edit",
        "ed",
        "save",
        "recall",
        "rep",
        "rerun",
        "system_info",
    ]
)
"""They tell of, or change, what only an interactive session has."""

ALIASES = {
    **{name: name for name in ("ls", "cat", "cp", "mv", "rm", "mkdir", "rmdir", "man", "more", "less")},
    **dict.fromkeys(("ll", "lf", "lk", "lx", "ldir"), "ls -l"),
}
"""Magics that are shell commands."""

PROGRAMS = frozenset(("bash", "sh", "script", "perl", "ruby", "python", "python3", "pypy"))

MARKUP = {
    "html": "HTML",
    "HTML": "HTML",
    "markdown": "Markdown",
    "latex": "Latex",
    "svg": "SVG",
    "SVG": "SVG",
    "javascript": "Javascript",
    "js": "Javascript",
}
"""Cell magics that show their body as markup, by the class of IPython.display that does."""
