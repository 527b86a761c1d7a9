"""Simulate multimodal N-of-1 trials: repeated within-person crossover trials whose outcome is a daily photograph.

The public names load what they need when they are first used; importing the package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "load_protocol": "nof1sim.protocol",
    "Protocol": "nof1sim.protocol",
    "prepare": "nof1sim.simulation.request",
    "Table": "nof1sim.simulation.request",
    "design_report": "nof1sim.report.design",
    "import_studyu": "nof1sim.protocol.studyu",
    "simulate": "nof1sim.simulation.driver",
    "Outcome": "nof1sim.simulation.driver",
    "Plan": "nof1sim.simulation.plan",
    "draw": "nof1sim.simulation.single",
    "verify": "nof1sim.simulation.verify",
    "validate": "nof1sim.simulation.validation",
    "read_severities": "nof1sim.severity.given",
    "open_dataset": "nof1sim.dataset.reader",
    "read_study": "nof1sim.analysis.study",
    "Study": "nof1sim.analysis.study",
    "analyze": "nof1sim.analysis.analyze",
    "Settings": "nof1sim.analysis.analyze",
    "AnalysisResult": "nof1sim.analysis.result",
    "calibrate": "nof1sim.evaluation.calibrate",
    "Dataset": "nof1sim.dataset.reader",
    "Nof1simError": "nof1sim.errors",
}
__all__ = [  # the keys of _PUBLIC
    "AnalysisResult",
    "Dataset",
    "Nof1simError",
    "Outcome",
    "Plan",
    "Protocol",
    "Settings",
    "Study",
    "Table",
    "__version__",
    "analyze",
    "calibrate",
    "design_report",
    "draw",
    "import_studyu",
    "load_protocol",
    "open_dataset",
    "prepare",
    "read_severities",
    "read_study",
    "simulate",
    "validate",
    "verify",
]

if TYPE_CHECKING:
    from .analysis.analyze import Settings, analyze
    from .analysis.result import AnalysisResult
    from .analysis.study import Study, read_study
    from .dataset.reader import Dataset, open_dataset
    from .errors import Nof1simError
    from .evaluation.calibrate import calibrate
    from .protocol import Protocol, load_protocol
    from .protocol.studyu import import_studyu
    from .report.design import design_report
    from .severity.given import read_severities
    from .simulation.driver import Outcome, simulate
    from .simulation.plan import Plan
    from .simulation.request import Table, prepare
    from .simulation.single import draw
    from .simulation.validation import validate
    from .simulation.verify import verify


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'nof1sim' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
