"""Parameter sets by name: a treatment or a severity model starts from one and may change any number.

`hettich2024` reproduces a published simulated trial; `clinical` reproduces published trials. They are never averaged.
Sources and fits: docs/models.md.
"""

from __future__ import annotations

from typing import Any

ADHERENCE_CORRECTION = 0.75 / 0.85
"""`clinical` effects are divided by this, so that trial-like adherence (.75) gives trial-like effects."""


def _clinical(label: str, effect: float, comedone: float, tau: float, gamma: float) -> dict[str, Any]:
    # Effects on the log birth rate, tuned to published reductions; time constants from the course of trials.
    return {
        "label": label,
        "effect": round(effect / ADHERENCE_CORRECTION, 4),
        "comedone_effect": round(comedone / ADHERENCE_CORRECTION, 4),
        "wash_in_days": tau,
        "wash_out_days": gamma,
        "patient_sd": 0.75,
        "period_sd": 0.2,
    }


TREATMENTS: dict[str, dict[str, Any]] = {
    "hettich2024/antibiotic": {
        "label": "Antibiotics",
        "effect": -2.25,
        "wash_in_days": 5.0,
        "wash_out_days": 8.1,
        "patient_sd": 0.06,
        "period_sd": 0.0,
    },
    "hettich2024/cream": {
        "label": "Cream",
        "effect": -0.99,
        "wash_in_days": 3.1,
        "wash_out_days": 5.4,
        "patient_sd": 0.39,
        "period_sd": 0.20,
    },
    "clinical/vehicle": _clinical("Vehicle", 0.0, 0.0, 1.0, 1.0),
    "clinical/benzoyl_peroxide": _clinical("Benzoyl peroxide", -0.50, -0.26, 21.0, 14.0),
    "clinical/adapalene": _clinical("Adapalene", -0.36, -0.34, 28.0, 28.0),
    "clinical/adapalene_bpo": _clinical("Adapalene/BPO", -0.86, -0.55, 25.0, 21.0),
    "clinical/oral_antibiotic": _clinical("Oral antibiotic", -0.48, -0.36, 28.0, 21.0),
    "clinical/isotretinoin": _clinical("Isotretinoin", -3.2, -2.2, 45.0, 300.0),
    "exanthem/culprit_drug": {
        "label": "Drug",
        "effect": 8.9,
        "wash_in_days": 1.0,
        "wash_out_days": 2.0,
        "patient_sd": 0.05,
    },
    "off": {"label": "Off", "active": False},
}

PARAMETER_SETS: dict[str, dict[str, Any]] = {
    "hettich2024": {
        "severity": {
            "model": "score",
            "baseline": {"mean": 3.0, "sd": 0.0},
            # The first-day step: on from the first contact with a treatment.
            "nonspecific": {"effect": -0.74, "wash_in_days": 1.0},
            "response_wobble": {"sd": 0.067, "phi": 0.98},
        },
        "condition": {"marks": "fast", "scars": False},
        "observation": {"recording_sd": 0.154},
    },
    "clinical": {
        "severity": {
            "model": "birth_rate",
            # Counts before a trial's door: those who pass it (20 lesions or more on the day) have 30 on average.
            "baseline": {"distribution": "lognormal", "mean": 22.0, "sd": 0.30, "low": 16.0, "high": 45.0},
            # Wide differences between people (log-SD 1.25): few clear up on vehicle, and most hardly change.
            "nonspecific": {
                "effect": -0.68,
                "comedone_effect": -0.45,
                "wash_in_days": 28.0,
                "wash_out_days": 60.0,
                "patient_sd": 1.25,
            },
            "fluctuation": {"sd": 0.20, "phi": 0.90},
            "cycle": {"amplitude": 0.50},
            "adherence": {"mean": 0.75, "concentration": 8.0},
        },
        "condition": {"marks": "realistic", "scars": True},
        "observation": {"raters": [{"name": "rater1", "scores": "count", "bias_sd": 0.18, "noise_sd": 0.20}]},
    },
    "exanthem": {
        "severity": {
            "model": "birth_rate",
            # Skin without a rash: a spot now and then. The drug's effect is exp(8.9) = 7300 times that: 370 lesions.
            "baseline": {"distribution": "lognormal", "mean": 0.05, "sd": 0.1},
        },
        "condition": {"name": "exanthem", "marks": "realistic"},
    },
}
"""Per set, defaults for the protocol's parts of the same name; what the protocol says wins."""
