"""From a file, a shipped name or a dict to a checked Protocol; all faults reported together."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from .. import plugins
from ..errors import Fault, InputError, UnknownNameError, did_you_mean, nearest, refuse, shorten
from .checks import cross_faults
from .faults import type_faults
from .presets import PARAMETER_SETS, TREATMENTS
from .raw import raw_faults
from .timetable import without_timetable
from .types import Protocol

Document = dict[str, Any]

TRUTH_FORMAT = "nof1sim-truth"
"""The `format` of a dataset's truth/manifest.json, which holds the resolved protocol: it can be read as one."""


NAME_OR_FILE = "an existing file, or a shipped name (nof1sim protocol list)"

NULL = "_null"
"""How the names of null twins end; they are not listed beside the names of their trials."""

FILE_ENDINGS = (".yaml", ".yml", ".json")


class _Loader(yaml.SafeLoader):
    """YAML 1.2 booleans (an arm may be called `off`), and a key given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]  # type: ignore[no-untyped-call]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"the key {key!r} is given twice{node.start_mark}")
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def shipped_folder() -> Path:
    """The folder of the shipped protocols: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "protocols"
    return inside if inside.is_dir() else package.parent / "protocols"


def shipped_protocols() -> dict[str, Path]:
    """Names and files of the protocols that come with the package."""
    return {path.stem: path for path in sorted(shipped_folder().glob("*.yaml"))}


def read_document(source: str | Path) -> Document:
    """The raw document of a YAML or JSON file, or of a shipped protocol's name.

    A document with the key ``extends: other`` starts from another one, a shipped name or a file (relative to its own
    folder), and changes what it says itself, mapping by mapping; lists are replaced whole.

    Raises
    ------
    UnknownNameError
        Neither a file nor a shipped name.
    InputError
        Not readable as YAML or JSON, not a mapping, or a circle of 'extends'.
    """
    return _extended(source, ())


def _extended(source: str | Path, seen: tuple[Path, ...]) -> Document:
    path, document = _read(source)
    if "extends" not in document:
        return document
    base, own = document.pop("extends"), (*seen, path.resolve())
    if not isinstance(base, str) or not base:
        raise InputError(f"{path}: extends: got {shorten(base)}; allowed: a shipped name or a file.")
    beside = path.parent / base
    own_file = beside.is_file() or (_looks_like_a_file(base) and not Path(base).is_file())
    target = beside if own_file else base
    if beside.resolve() in own or (target == base and _shipped_path(base) in own):
        raise InputError(f"{path}: extends: got {base!r}, which extends this file in turn. Break the circle.")
    return merge(_long_treatments(_extended(target, own)), document)


def _shipped_path(name: str) -> Path | None:
    path = shipped_protocols().get(name)
    return path.resolve() if path else None


def _long_treatments(document: Document) -> Document:
    """`cream: some/preset` as `cream: {preset: some/preset}`, so that a single number of it can be changed."""
    treatments = document.get("treatments")
    if not isinstance(treatments, dict):
        return document
    long = {arm: {"preset": given} if isinstance(given, str) else given for arm, given in treatments.items()}
    return {**document, "treatments": long}


def _read(source: str | Path) -> tuple[Path, Document]:
    """The file's path and its document as written."""
    path, shipped = Path(source), shipped_protocols()
    if str(source) in shipped and not path.exists():
        path = shipped[str(source)]
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        is_file = False
    if not is_file:
        raise _not_found(str(source), shipped)
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = json.loads(text) if path.suffix == ".json" else yaml.load(text, _Loader)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as YAML or JSON ({error}). Check the file's syntax.") from error
    if isinstance(document, dict) and document.get("format") == TRUTH_FORMAT:
        document = document.get("protocol")
    if not isinstance(document, dict):
        raise InputError(f"{path}: a protocol is a mapping of keys to values; got {type(document).__name__}.")
    return path, document


def _looks_like_a_file(name: str) -> bool:
    return bool(Path(name).suffix) or "/" in name or "\\" in name


def _not_found(name: str, shipped: Mapping[str, Path]) -> UnknownNameError:
    """A file that is not there, or a name that no shipped protocol has."""
    if _looks_like_a_file(name):
        path = Path(name)
        fault = Fault("--protocol", name, NAME_OR_FILE, _nearest_file(path) or did_you_mean(path.stem, shipped))
        return UnknownNameError(f"No such file. {fault}", [fault])
    listed = ", ".join(known for known in shipped if not known.endswith(NULL))
    fault = Fault("--protocol", name, f"{listed}; or a file", did_you_mean(name, shipped))
    return UnknownNameError(f"Unknown protocol (neither a file nor a shipped name). {fault}", [fault])


def _nearest_file(path: Path) -> str:
    """A sentence that offers the file beside it with the nearest name."""
    try:
        names = [beside.name for beside in path.parent.iterdir() if beside.suffix in FILE_ENDINGS]
    except (OSError, ValueError):
        return ""
    hit = nearest(path.name, names)
    return f"Did you mean {str(path.parent / hit)!r}?" if hit else ""


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> Document:
    """`base` with `over` laid on top, mapping by mapping; lists are replaced whole."""
    merged = dict(base)
    for key, value in over.items():
        known = merged.get(key)
        merged[key] = merge(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def expand(document: Mapping[str, Any]) -> tuple[Document, list[Fault]]:
    """The document with its parameter sets written out, and faults about unknown sets."""
    faults: list[Fault] = []
    document = dict(document)
    if isinstance(document.get("condition"), str):
        document["condition"] = {"name": document["condition"]}
    severity = document.setdefault("severity", {"parameters": "hettich2024"})
    if isinstance(severity, str):
        severity = document["severity"] = {"parameters": severity}
    name = severity.get("parameters", "hettich2024") if isinstance(severity, dict) else None
    if isinstance(name, str) and name in PARAMETER_SETS:
        document = merge(_fitting(PARAMETER_SETS[name], document.get("condition")), document)
    elif isinstance(name, str) and "model" not in severity:
        known = sorted(PARAMETER_SETS)
        advice = f"{did_you_mean(name, known)} A set of your own must say 'severity.model'.".strip()
        faults.append(Fault("severity.parameters", name, ", ".join(known), advice))
    design = document.get("design")
    if isinstance(design, dict) and "timetable" in design:
        document["design"] = without_timetable(design, faults)
    treatments = document.get("treatments")
    if isinstance(treatments, dict):
        document["treatments"] = {arm: _treatment(str(arm), given, faults) for arm, given in treatments.items()}
    return document, faults


def _fitting(parameters: Document, condition: Any) -> Document:
    """A parameter set for a document's condition: one for another built-in condition says nothing about its options."""
    name = condition.get("name") if isinstance(condition, dict) else None
    own = parameters["condition"].get("name", "acne")
    foreign = isinstance(name, str) and name != own and name in plugins.BUILT_IN["conditions"]
    return {key: part for key, part in parameters.items() if key != "condition"} if foreign else parameters


def _treatment(arm: str, given: Any, faults: list[Fault]) -> Any:
    if isinstance(given, str):
        given = {"preset": given}
    preset = given.get("preset") if isinstance(given, dict) else None
    if not isinstance(preset, str):
        return given
    if preset not in TREATMENTS:
        faults.append(
            Fault(f"treatments.{arm}.preset", preset, ", ".join(TREATMENTS), did_you_mean(preset, TREATMENTS))
        )
        return given
    return merge(TREATMENTS[preset], given)


def protocol_from(document: Mapping[str, Any], what: str = "The protocol") -> Protocol:
    """A checked protocol from a document.

    Raises
    ------
    ProtocolError
        Lists every fault: its path, the value, what is allowed, the nearest known name.
    """
    expanded, faults = expand(document)
    try:
        protocol = Protocol.model_validate(expanded)
    except ValidationError as error:
        faults += type_faults(error, Protocol)
        refuse([*faults, *raw_faults(expanded, {fault.where for fault in faults})], what)
        raise  # unreachable: a validation error always has faults
    refuse([*faults, *cross_faults(protocol)], what)
    return protocol


def load_protocol(source: str | Path | Mapping[str, Any]) -> Protocol:
    """Read and check a protocol: a YAML or JSON file, the name of a shipped one, or a dict.

    Examples
    --------
    >>> load_protocol("default").design.arms
    ['antibiotic', 'cream']
    """
    if isinstance(source, Mapping):
        return protocol_from(source)
    return protocol_from(read_document(source), what=f"The protocol {str(source)!r}")


def with_changes(protocol: Protocol, **changes: Any) -> Protocol:
    """The protocol with nested values changed, e.g. ``cohort={"patients": 3}``, checked anew."""
    return protocol_from(merge(protocol.model_dump(mode="json"), changes))
