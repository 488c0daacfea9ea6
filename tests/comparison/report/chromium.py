"""Chromium as the tests drive it: that of the system, headless, without network."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
"""What Debian and others call it."""


def found() -> str | None:
    """Return the browser's program."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def lacking() -> str | None:
    """Return why no page can be opened here; None: it can."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed: pip install 'bio_fa[browser]'"
    return None if found() else "no Chromium is installed: apt install chromium"


@contextmanager
def browser() -> Iterator[Any]:
    """Start the browser, yield it, and end it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found(), args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()


class Tab:
    """A page that was opened, and everything of which it complained."""

    def __init__(self, browser: Any, file: Path, width: int = 1200, **context: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, **context)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda request: self.complaints.append(request.url))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message) or dialog.dismiss())
        self.page.goto(file.as_uri())

    def close(self) -> None:
        """Close the page."""
        self.context.close()
