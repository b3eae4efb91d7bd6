"""Which environment variables a kernel gets.

A kernel gets the variables below, those that the caller names, and what the replay sets; nothing else, so that what a
shell or a CI job holds (tokens, PYTHONPATH, proxies with passwords) is no silent input of a notebook. Values are handed
on and stored nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

USUAL = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TEMP", "TMP", "TZ", "LANG", "LANGUAGE",
    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "JAVA_HOME", "SPARK_HOME", "HADOOP_HOME",
    "CUDA_HOME", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS",
    "OMP_DYNAMIC", "OMP_THREAD_LIMIT", "MKL_DYNAMIC", "MKL_CBWR",
)  # fmt: skip
"""Let through without being asked for; every ``LC_...`` too."""


def names_let_through(present: Mapping[str, str], asked: Sequence[str]) -> tuple[str, ...]:
    """Return the names of those variables in `present` that a kernel may have, sorted.

    Args:
        present: the caller's environment.
        asked: names that the caller lets through besides the usual ones; one that is not set is left out.
    """
    allowed = {*USUAL, *asked}
    return tuple(sorted(name for name in present if name in allowed or name.startswith("LC_")))


def kernel_environment(
    present: Mapping[str, str], names: Sequence[str], fixed: Mapping[str, str], program_folder: str = ""
) -> dict[str, str]:
    """Return the environment for a kernel.

    Args:
        present: the caller's environment.
        names: what `names_let_through` gave.
        fixed: variables to set; they win over the caller's.
        program_folder: goes first on PATH, so that ``!python`` and ``!pip`` are those of the kernel's environment.
    """
    environment = {name: present[name] for name in names if name in present} | dict(fixed)
    if program_folder:
        rest = environment.get("PATH", os.defpath)
        environment["PATH"] = f"{program_folder}{os.pathsep}{rest}"
    return environment
