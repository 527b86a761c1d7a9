"""Hooks of the documentation site: links into the repository, and nothing fetched from elsewhere."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"\]\((\.\./[^)#\s]+)(#[^)\s]*)?\)")
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]+src=["']?(?:https?:)?//|<link[^>]+rel=["']?stylesheet[^>]+//"""
)


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Turn a link to a file of the repository outside docs/ into one to the repository's page."""

    def linked(found: re.Match[str]) -> str:
        place = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page.file.src_uri), found[1]))
        if place.startswith("docs/") or not (ROOT / place).exists():
            return found[0]  # mkdocs knows it, or warns of it
        kind = "tree" if (ROOT / place).is_dir() else "blob"
        return f"]({config.extra['repository']}/{kind}/main/{place}{found[2] or ''})"

    return LINK.sub(linked, markdown)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Refuse a page that would fetch a script, a style or a picture from another site."""
    if found := FETCHED.search(output):
        raise PluginError(f"{page.file.src_uri}: fetches from elsewhere: {output[found.start() : found.end() + 60]!r}")
    return output
