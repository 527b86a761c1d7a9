"""Pydantic's error list as letters to the user."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ..errors import Fault, did_you_mean


def type_faults(error: ValidationError, root: type[BaseModel]) -> list[Fault]:
    """One Fault per pydantic error: its path, the value, what is allowed, the nearest known name."""
    return [_fault(entry, root) for entry in error.errors(include_url=False)]


def _fault(entry: Any, root: type[BaseModel]) -> Fault:
    path = [str(part) for part in entry["loc"] if part != "[key]"]
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
        return Fault(where, given, allowed, did_you_mean(given, [word.strip("'") for word in allowed.split(", ")]))
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
