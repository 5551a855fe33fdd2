"""Starts the Chromium or Chrome that is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

#: The first two keep Chromium's own requests on this machine, DNS lookups included.
_FLAGS = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
    "--no-first-run",
)


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Yield a headless browser, which is closed with the context.

    Parameters
    ----------
    *flags
        More command-line arguments of the browser.
    """
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    assert executable, "Neither chromium nor google-chrome is installed: run 'make browser'."
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    arguments = [*_FLAGS, *flags, *(["--no-sandbox"] if is_root else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        try:
            yield browser
        finally:
            browser.close()
