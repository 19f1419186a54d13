"""A real Chromium for tests, headless, driven by Playwright; a test skips, with the reason, where either is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
AXE = os.environ.get("CHAOSKIT_AXE", "")
"""Path of axe-core's axe.min.js (npm package axe-core), which is not kept here."""


def chromium() -> str:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    return path


@contextmanager
def browser() -> Iterator[Any]:
    """A Playwright browser."""
    path = chromium()
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[browser]'")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def opened(
    chrome: Any, url: str, scheme: str = "light", width: int = 1400, *, scripts: bool = True, offline: bool = False
) -> Iterator[Any]:
    """A page in a context of its own. Fails for an error of a script, and for a request to any other host."""
    context = chrome.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts, bypass_csp=False
    )
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    foreign: list[str] = []
    page.on(
        "request",
        lambda request: foreign.append(request.url) if not request.url.startswith(url.rsplit("/", 1)[0]) else None,
    )
    page.set_default_timeout(60_000)
    if offline:
        context.set_offline(True)
    page.goto(url)
    page.problems = problems
    try:
        yield page
        assert [address for address in foreign if not address.startswith("data:")] == []
    finally:
        context.close()


def findings_of_axe(page: Any) -> list[str]:
    """What axe-core finds against the page (WCAG 2.2 A and AA, and good practice)."""
    page.evaluate(Path(AXE).read_text(encoding="utf-8") + "; 0")
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{finding['id']}: {node['html'][:120]}" for finding in result["violations"] for node in finding["nodes"]]


def is_wider_than_its_window(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
