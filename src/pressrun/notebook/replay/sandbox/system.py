"""The parts of a sandbox that are the same for every notebook: what is cut off, and what of the system is there."""

from __future__ import annotations

from pathlib import Path

LIBRARY_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SYSTEM_FOLDERS = ("/usr", "/nix/store", "/gnu/store", "/var/cache/fontconfig")
SYSTEM_FACTS = ("/sys/devices/system", "/sys/fs/cgroup", "/sys/kernel/mm/transparent_hugepage")
"""How many processors and how much memory there are: libraries choose the number of threads from it."""

SETTINGS = (
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime", "/etc/timezone",
    "/etc/fonts", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/tls/openssl.cnf",
    "/etc/pki/ca-trust/extracted", "/etc/ca-certificates", "/etc/crypto-policies", "/etc/mime.types", "/etc/magic",
    "/etc/locale.alias", "/etc/locale.conf", "/etc/os-release", "/etc/debian_version", "/etc/protocols",
    "/etc/services", "/etc/jupyter", "/etc/ipython", "/etc/matplotlibrc", "/etc/OpenCL", "/etc/vulkan", "/etc/glvnd",
)  # fmt: skip
"""No users, hosts, credentials or machine names: those are made up (`pressrun.notebook.replay.sandbox.private`)."""


NO_MORE_NAMESPACES = "--disable-userns"
"""Bubblewrap 0.8 and later: no user namespace inside, where a process would have privileges again."""


def isolation_words() -> list[str]:
    """Return the words that cut a process off: no network, no other processes, no terminal, no privileges."""
    return [
        "--unshare-all",  # network, processes, IPC, host name, control groups
        "--unshare-user",
        "--die-with-parent",
        "--new-session",  # else characters could be pushed into the terminal
        *("--cap-drop", "ALL"),
    ]


def system_words() -> list[str]:
    """Return the words that give a process the system's programs and libraries, and empty /proc, /dev and /tmp."""
    words: list[str] = []
    for name in SYSTEM_FOLDERS:
        words += ["--ro-bind-try", name, name]
    for name in LIBRARY_FOLDERS:
        folder = Path(name)
        if folder.is_symlink():
            words += ["--symlink", str(folder.readlink()), name]
        elif folder.is_dir():
            words += ["--ro-bind", name, name]
    for name in (*SYSTEM_FACTS, *SETTINGS):
        if Path(name).is_symlink():  # /etc/localtime: the name of the time zone is where the link points
            words += ["--symlink", str(Path(name).readlink()), name]
        else:
            words += ["--ro-bind-try", name, name]
    # Where a real root runs this, files below /proc/sys would be its own to write to, capabilities or not.
    words += ["--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev"]
    for name in ("/tmp", "/var/tmp", "/run"):  # noqa: S108  as a sandbox has them
        words += ["--dir", name]
    return words
