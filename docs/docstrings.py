"""How this project writes docstrings, told to the reference's parser: what follows `name :` is a meaning, no type.

Types stand in the annotations. The parser of numpy's style would print a meaning as a type, cut at the line's end.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

SECTION = re.compile(r"^(?P<title>[A-Z][a-z]+)\n-{3,}\n(?P<body>.*?)(?=^[A-Z][a-z]+\n-{3,}\n|\Z)", re.M | re.S)
ENTRY = re.compile(r"^(?P<name>[\w*, ]+?) : (?P<first>.*)(?P<more>(?:\n[ \t]+.*)*)$", re.M)
LONGEST_TYPE = 45
"""`path : str or Path` with an indented text below it is numpy's own style; a meaning with a second line is longer."""


def plain(docstring: str) -> str:
    """A docstring in numpy's own style: `name`, and its meaning below it.

    >>> print(plain("X.\\n\\nParameters\\n----------\\nday : of the study, from 1\\n"))
    X.
    <BLANKLINE>
    Parameters
    ----------
    day
        of the study, from 1
    """
    return SECTION.sub(_section, docstring).rstrip()


def _section(found: re.Match[str]) -> str:
    title, body = found["title"], found["body"]
    if title == "Returns":  # one value: a sentence, no list of types
        return f"**Returns:** {' '.join(body.split())}\n\n"
    if title != "Parameters":
        return found[0]
    return f"{title}\n{'-' * len(title)}\n{ENTRY.sub(_entry, body)}"


def _entry(found: re.Match[str]) -> str:
    if found["more"] and len(found["first"]) <= LONGEST_TYPE:
        return found[0]
    meaning = " ".join((found["first"] + found["more"]).split())
    return "\n".join(f"{name}\n    {meaning}" for name in found["name"].split(", "))


class Docstrings(griffe.Extension):
    """Rewrites every docstring before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = plain(obj.docstring.value)
