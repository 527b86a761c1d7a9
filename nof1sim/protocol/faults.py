"""Pydantic's error list as letters to the user."""

from __future__ import annotations

import re
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ..errors import Fault, did_you_mean


def type_faults(error: ValidationError, root: type[BaseModel]) -> list[Fault]:
    """One Fault per wrong place: its path, the value, what is allowed, the nearest known name."""
    found: dict[tuple[str, ...], Fault] = {}
    tagged: set[tuple[str, ...]] = set()
    for entry in error.errors(include_url=False):
        path = _path(entry)
        fault = _fault(entry, list(path), root)
        if len(path) < len(entry["loc"]):
            tagged.add(path)
        if path in found:  # another member of a union: `period_days` is a number or a list of numbers
            fault = Fault(fault.where, fault.given, f"{found[path].allowed}, or {fault.allowed}", fault.advice)
        found[path] = fault
    deeper = {path[:i] for path in found for i in range(len(path))}
    return [fault for path, fault in found.items() if path not in tagged & deeper]


_TAG = re.compile(r"\[key\]|constrained-\w+|list\[.*\]")
_PLAIN = {"str": "string", "int": "int", "float": "float", "bool": "bool"}


def _path(entry: Any) -> tuple[str, ...]:
    """Where the user wrote it: without what pydantic adds for a mapping's key or for a member of a union."""
    if not entry["loc"]:
        return ()
    *parents, last = (str(part) for part in entry["loc"])
    path = [part for part in parents if not _TAG.fullmatch(part)]
    kind = entry["type"]
    is_plain = last in _PLAIN and kind.startswith(_PLAIN[last])
    if kind == "extra_forbidden" or not (_TAG.fullmatch(last) or is_plain):
        path.append(last)
    return tuple(path)


def _fault(entry: Any, path: list[str], root: type[BaseModel]) -> Fault:
    where, kind, given = ".".join(path) or "the document", entry["type"], entry.get("input")
    ctx = entry.get("ctx", {})
    if kind == "extra_forbidden":
        known = _fields_at(root, path[:-1])
        advice = did_you_mean(path[-1], known) or "Remove the key."
        return Fault(where, given, "no such key; known here: " + ", ".join(known), advice)
    if kind == "missing":
        return Fault(where, None, "a value is required", "Add the key.")
    if kind == "literal_error":
        allowed = str(ctx.get("expected", ""))
        return Fault(where, given, allowed, did_you_mean(given, re.findall("'([^']*)'", allowed)))
    return Fault(where, given, _sentence(str(entry["msg"])), "")


def _sentence(message: str) -> str:
    message = message.removeprefix("Input should be ").removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _fields_at(model: Any, path: list[str]) -> list[str]:
    """Names of the fields of the model that lies at `path`."""
    for part in path:
        fields = getattr(model, "model_fields", None)
        model = fields[part].annotation if fields and part in fields else _value_type(model)
        model = _model_within(model)
    return sorted(getattr(model, "model_fields", {}))


def _value_type(annotation: Any) -> Any:
    """Of `dict[K, V]` the V, of `list[V]` the V; a model stays itself."""
    args = get_args(annotation)
    return args[-1] if args else annotation


def _model_within(annotation: Any) -> Any:
    """`X | None` and `Annotated[X, ...]` as X where X is a model; containers stay as they are."""
    for arg in get_args(annotation):
        if isinstance(arg, type) and issubclass(arg, BaseModel) and "Union" in repr(type(annotation)):
            return arg
    return annotation
