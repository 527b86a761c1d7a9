"""The protocol: one document that says everything about a simulated trial.

Pydantic, because it meets the outside world: every field has a unit in its name, a range, and a sentence.
`schemas/protocol.v1.json` is written from these types.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from .. import plugins
from .images import Images
from .observation import Observation
from .part import Days, Finite, Name, Part, Sd, Share, TimeConstant, Weight
from .severity import Severity

SCHEMA_VERSION = 1

Sequence = Literal[
    "abab", "baba", "thue_morse", "randomized_pairs", "counterbalanced", "restricted", "latin_square", "custom", "given"
]
NO_TREATMENT = "-"
"""The letter of a period without treatment in a custom sequence."""


class Condition(Part):
    """What a severity looks like on skin. Which options a condition has it says itself; `acne` has all of these."""

    name: str = Field(default="acne", description="A built-in condition, an entry point, or 'module:Thing'.")
    marks: Literal["realistic", "fast", "off"] = Field(
        default="fast",
        description="Post-inflammatory marks. 'fast': they fade with the lesions, so image redness follows severity. "
        "'realistic': healed red and brown marks stay for weeks to months, as on real skin: a trap for image scores.",
    )
    fidelity: Literal["exact", "smooth"] = Field(
        default="exact",
        description="How lesions follow a given severity. 'exact': the count agrees every day. "
        "'smooth': the severity is a noisy rating, smoothed first (Kalman-RTS); the residual belongs to the rater.",
    )
    count_map: Literal["hayashi", "iga"] = Field(
        default="hayashi", description="Which map G from severity to lesion count."
    )
    iga_rule: Literal["nof1sim-1", "strict"] = Field(default="nof1sim-1", description="Version of the IGA rule.")
    scars: bool = Field(default=True, description="Whether lesions may leave atrophic scars (5.7 % of them; Tan 2017).")
    comedones: bool = Field(default=True, description="Whether non-inflammatory lesions are simulated.")

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Acne and conditions of the user's own write all options; another built-in one those that were given, since
        acne's would be none of its own."""
        whole: dict[str, Any] = write(self)
        if self.name == "acne" or self.name not in plugins.BUILT_IN["conditions"]:
            return whole
        return {key: value for key, value in whole.items() if key == "name" or key in self.model_fields_set}


class Range(Part):
    """A closed interval."""

    low: float
    high: float


class Cohort(Part):
    """Who takes part. Quotas are kept in permuted blocks by patient index: one more patient changes nobody."""

    patients: Annotated[int, Field(ge=1, le=10_000_000)] = 10
    ids: list[str] | None = Field(default=None, description="Names of the patients, in order; default 1 .. n.")
    start_date: date = Field(default=date(2018, 1, 1), description="Date of day 1.")
    age_years: Range = Field(default=Range(low=14, high=45), description="Ages, 14 to 45; younger ones are likelier.")
    sex: dict[Literal["F", "M"], Weight] = Field(
        default={"F": 1.0, "M": 1.0}, description="Quota of each sex (weights)."
    )
    fitzpatrick: dict[Literal["I", "II", "III", "IV", "V", "VI"], Weight] = Field(
        default={"I": 1.0, "II": 1.0, "III": 1.0, "IV": 1.0, "V": 1.0, "VI": 1.0},
        description="Quota of each Fitzpatrick skin type (weights).",
    )


class Design(Part):
    """Periods and their order. Arms are named in `arms`; the letter A is the first, B the second, and so on."""

    arms: Annotated[list[Name], Field(min_length=1, max_length=12)]
    sequence: Sequence = Field(default="randomized_pairs", description="How the order of the periods is made.")
    cycles: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=2, description="How often every arm is given (pairs, for two arms). Not used by 'custom'."
    )
    period_days: Days | list[Days] = Field(
        default=28, description="Length of a period, or of each treatment period in order."
    )
    baseline_days: Annotated[int, Field(ge=0, le=36500)] = Field(
        default=28, description="Run-in without treatment, first."
    )
    washout_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        default=0, description="Days without treatment between periods."
    )
    custom: str | list[str] | None = Field(
        default=None,
        description="For 'custom': letters such as 'ABBA', or one such word per patient (repeated as needed).",
    )
    max_run: Annotated[int, Field(ge=1, le=100)] = Field(
        default=2, description="For 'restricted': at most so many equal periods in a row."
    )
    end_day: Days | None = Field(default=None, description="The study is cut after this day.")
    baseline_label: str = "Baseline"
    washout_label: str = "Washout"
    counterfactual: Literal["factual", "other_sequence", "no_treatment", "zero_effect"] = Field(
        default="factual", description="What happens instead of the drawn sequence; the same people, noise and cameras."
    )

    @property
    def words(self) -> tuple[str, ...]:
        """The custom sequences, one or more words of letters; empty for the other designs."""
        return (self.custom,) if isinstance(self.custom, str) else tuple(self.custom or ())

    @property
    def periods(self) -> int:
        """Number of treatment periods."""
        if self.sequence == "custom":
            return max((len(word) for word in self.words), default=0)
        return self.cycles * len(self.arms)

    @property
    def lengths_days(self) -> tuple[int, ...]:
        """Length of each treatment period, in order."""
        return tuple(self.period_days) if isinstance(self.period_days, list) else (self.period_days,) * self.periods

    @property
    def planned_days(self) -> int:
        """Days of the whole design: run-in, periods and the washouts between them."""
        return self.baseline_days + sum(self.lengths_days) + self.washout_days * max(0, self.periods - 1)

    @property
    def days(self) -> int:
        """Days of the study, after the cut."""
        return min(self.planned_days, self.end_day or self.planned_days)


class Treatment(Part):
    """One arm. Effects are at steady state: in severity units, or on the log birth rate (see `severity.model`)."""

    label: str = Field(default="", description="What the treatment column says; default: the arm's name.")
    preset: str | None = Field(
        default=None, description="A parameter set to start from, such as 'clinical/benzoyl_peroxide'."
    )
    effect: Finite = 0.0
    comedone_effect: Finite = Field(
        default=0.0, description="Effect on the log birth rate of comedones ('birth_rate' model only)."
    )
    wash_in_days: TimeConstant = Field(default=1.0, description="tau, sinot's discrete convention; 1 = at once.")
    wash_out_days: TimeConstant = Field(default=1.0, description="gamma; 1 = at once.")
    patient_sd: Sd = Field(
        default=0.0, description="SD of the individual effect (log SD of its size in the 'birth_rate' model)."
    )
    period_sd: Sd = Field(default=0.0, description="SD from period to period.")
    dose: Share = 1.0
    active: bool = Field(default=True, description="False for an 'off' arm: it starts no non-specific response.")


class GivenSeverities(Part):
    """Says that the severities come from the user's own table; the design is then 'given', too."""

    sha256: str = Field(description="Of the table as it was understood; another table makes another protocol.")
    days: Days
    scale_low: Finite = 0.0
    scale_high: Finite = 3.0
    missing: Literal["error", "skip", "interpolate"] = "error"


class Protocol(Part):
    """A simulated N-of-1 trial, complete."""

    schema_version: Literal[1] = SCHEMA_VERSION
    name: Name = "trial"
    title: str = ""
    description: str = ""
    sources: list[str] = Field(default=[], description="Where the numbers come from.")
    seed: Annotated[int, Field(ge=0, lt=2**63, strict=True)] = 0
    condition: Condition = Condition()
    cohort: Cohort = Cohort()
    design: Design
    treatments: dict[Name, Treatment]
    severity: Severity
    observation: Observation = Observation()
    images: Images = Images()
    given: GivenSeverities | None = None

    @property
    def days(self) -> int:
        """Days of the study."""
        return self.given.days if self.given else self.design.days

    def canonical_json(self) -> str:
        """The protocol as JSON with sorted keys: equal text means equal trials."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, hexadecimal.

        The layout `packed` only says how the files of `standard` are stored: it has the digest of `standard`.
        """
        text = self.canonical_json()
        if self.images.layout == "packed":
            same = self.images.model_copy(update={"layout": "standard"})
            text = self.model_copy(update={"images": same}).canonical_json()
        return hashlib.sha256(text.encode()).hexdigest()

    def label_of(self, arm: str) -> str:
        """What the treatment column says for an arm."""
        return self.treatments[arm].label or arm
