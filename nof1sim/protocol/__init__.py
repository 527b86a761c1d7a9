"""Protocols: their types, their checks, and reading them from files."""

from .load import load_protocol, merge, protocol_from, read_document, shipped_protocols, with_changes
from .types import NO_TREATMENT, Protocol

__all__ = [
    "NO_TREATMENT",
    "Protocol",
    "load_protocol",
    "merge",
    "protocol_from",
    "read_document",
    "shipped_protocols",
    "with_changes",
]
