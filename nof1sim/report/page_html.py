"""The page's HTML: a template, the style and scripts of web/, and documents that cannot break out of their place."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterator
from importlib.resources import files
from string import Template
from typing import Any

SCRIPTS = ("base", "theme", "plot", "lesions", "photos", "timeline", "patient", "cohort", "quality", "texts", "main")
"""The modules of web/, in the order in which they are put together."""


def script() -> str:
    """All scripts as one, in a scope of their own."""
    parts = [_web(f"{name}.js") for name in SCRIPTS]
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "\n})();\n"


def style() -> str:
    return _web("report.css")


def document(value: Any) -> str:
    """JSON that may stand in a script element: no `<`, `>` or `&`, no NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def head(title: str, served: bool) -> str:
    """Everything up to the documents. Nothing may be loaded but what the policy names."""
    policy = [
        "default-src 'none'",
        f"script-src '{_hash(script())}'",
        f"style-src '{_hash(style())}'",
        "img-src 'self' data: blob:" if served else "img-src data: blob:",
        "connect-src 'self'" if served else "connect-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return Template(_web("head.html")).substitute(
        policy=html.escape("; ".join(policy)), title=html.escape(title), style=style()
    )


def embedded(name: str, value: Any) -> str:
    """A document of the page."""
    return f'<script type="application/json" id="{name}">{document(value)}</script>\n'


def tail() -> Iterator[str]:
    """The script, and the end."""
    yield f"<script>{script()}</script>\n"
    yield "</body>\n</html>\n"


def fixed_bytes() -> int:
    """Bytes of a page without documents."""
    return sum(len(part.encode()) for part in (head("", False), *tail()))


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _web(name: str) -> str:
    return (files("nof1sim.report") / "web" / name).read_text(encoding="utf-8")
