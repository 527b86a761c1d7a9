"""The parameters in a datasheet: what was put into a simulation, from truth/manifest.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TWINS = {
    "factual": "The sequence as it was drawn.",
    "other_sequence": "A twin: the same people under another sequence.",
    "no_treatment": "A twin: the same people without any treatment.",
    "zero_effect": "A null twin: the arms do nothing; the non-specific response stays.",
}
ARM = ("effect", "wash_in_days", "wash_out_days", "patient_sd", "period_sd", "dose", "active")


def parameters(truth: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Questions and answers. `truth`: the truth manifest."""
    protocol: Mapping[str, Any] = truth["protocol"]
    severity, observation, images = protocol["severity"], protocol["observation"], protocol["images"]
    given = protocol["given"]
    answers = [
        ("Which protocol?", f"`{protocol['name']}`, seed {truth['seed']}. {_line(protocol['description'])}"),
        ("Which twin?", TWINS[protocol["design"]["counterfactual"]]),
        (
            "What do the arms do?",
            "Unknown: the severities are the user's own." if given else _arms(protocol["treatments"], truth),
        ),
        ("How does severity move?", _settings(severity, skip=("responder_contrast", "saturation_warning"))),
        ("What does severity look like?", _settings(protocol["condition"])),
        ("What is recorded, and what gets lost?", _settings(observation)),
        ("How do the photographs differ?", _settings(truth["nuisance_dials"]) + _confounded(images["confounding"])),
        ("Where do the numbers come from?", "\n".join(f"- {_line(source)}" for source in protocol["sources"]) or "-"),
    ]
    if quality := truth.get("quality"):
        answers.append(("What was measured of the finished dataset?", _settings(quality, skip=("nuisance",))))
    return tuple(answers)


def _arms(treatments: Mapping[str, Mapping[str, Any]], truth: Mapping[str, Any]) -> str:
    unit = truth["latent_unit"]
    head = f"Effects at steady state, in units of the latent ({unit}); times in days.\n\n| arm | {' | '.join(ARM)} |"
    rule = "|---" * (len(ARM) + 1) + "|"
    rows = [f"| {arm} | {' | '.join(_value(one[name]) for name in ARM)} |" for arm, one in treatments.items()]
    return "\n".join([head, rule, *rows])


def _settings(part: Mapping[str, Any], skip: tuple[str, ...] = ()) -> str:
    """A part of the protocol as a list: `key`: value."""
    return "\n".join(f"- `{key}`: {_value(value)}" for key, value in part.items() if key not in skip)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_value(inner)}" for key, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return "; ".join(_value(inner) for inner in value) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _line(str(value)).replace("|", "/")


def _confounded(part: Mapping[str, Any]) -> str:
    if not part["strength"]:
        return "\n\nThey do not differ between treatments."
    return f"\n\n**They differ with the treatment, on purpose**: {_value(part)}."


def _line(text: str) -> str:
    return " ".join(text.split())
