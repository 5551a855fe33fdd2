"""Huge pages for weights: a token reads all of them, and a page table walk for each 4 KiB shows.

Measured on a 1B shape in int8: 5 to 10 % of the time for a token.
"""

from __future__ import annotations

import os
import sys

_TUNABLES = "GLIBC_TUNABLES"
#: glibc's malloc then asks for transparent huge pages where the kernel gives them to who asks
#: (GNU C Library manual, "Memory Allocation Tunables"); every other C library ignores it.
_HUGE = "glibc.malloc.hugetlb=1"


def huge_page_environment() -> dict[str, str]:
    """Return this process's environment for a child that holds weights.

    Read at the start of a process alone. A choice that somebody made already stays.
    """
    given = os.environ.get(_TUNABLES, "")
    if "glibc.malloc.hugetlb" in given:
        return dict(os.environ)
    return {**os.environ, _TUNABLES: f"{given}:{_HUGE}" if given else _HUGE}


def restart_with_huge_pages() -> None:
    """Begin this program anew where it was not started for holding weights; same process."""
    environment = huge_page_environment()
    if sys.platform == "linux" and environment != dict(os.environ):
        os.execve(sys.executable, sys.orig_argv, environment)  # noqa: S606 - this very program
