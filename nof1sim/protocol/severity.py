"""The part of a protocol that says how severity moves. Symbols: docs of `nof1sim.severity.trajectory`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .part import Finite, Name, Part, Phi, Sd, Share, TimeConstant


class Baseline(Part):
    """Untreated level x0: severity units, or whole-face inflammatory lesions in the 'birth_rate' model."""

    distribution: Literal["normal", "lognormal"] = "normal"
    mean: Finite = Field(default=3.0, description="Mean (normal) or median (lognormal).")
    sd: Sd = Field(default=0.0, description="SD (normal) or SD of the logarithm (lognormal).")
    low: Finite | None = Field(default=None, description="Truncated below here.")
    high: Finite | None = Field(default=None, description="Truncated above here.")


class NonSpecific(Part):
    """Placebo response and regression to the mean: the same curve in every arm."""

    effect: Finite = 0.0
    comedone_effect: Finite = 0.0
    wash_in_days: TimeConstant = 1.0
    wash_out_days: TimeConstant = Field(default=60.0, description="Used where `washes_out` is true.")
    washes_out: bool = Field(
        default=False,
        description="Whether it fades on days without an active treatment; else it stays once it has begun.",
    )
    patient_sd: Sd = 0.0
    starts: Literal["first_treatment", "enrolment"] = "first_treatment"


class Autoregression(Part):
    """A stationary AR(1) process: its SD and its lag-1 correlation."""

    sd: Sd = 0.0
    phi: Phi = 0.0


class Walk(Part):
    """A random walk (what sinot calls drift): mean and SD of its daily step."""

    mean_per_day: Finite = 0.0
    sd_per_day: Sd = 0.0


class Trend(Part):
    """A straight line per patient: mean and SD of the slopes."""

    mean_per_day: Finite = 0.0
    sd_per_day: Sd = 0.0


class Cycle(Part):
    """A premenstrual rise in a share of the women."""

    amplitude: Finite = 0.0
    share_of_women: Share = 0.55
    length_days: Annotated[float, Field(ge=7, le=90)] = 28.0
    flare_days: Annotated[float, Field(ge=1, le=45)] = 9.0


class Adherence(Part):
    """Days on which the treatment is taken: two-state Markov chain around an individual mean."""

    mean: Share = 1.0
    concentration: Annotated[float, Field(gt=0)] = Field(
        default=8.0,
        description="a + b of the Beta distribution of individual means; Beta(6, 2) is mean .75, concentration 8.",
    )
    persistence: Annotated[float, Field(ge=0, lt=1)] = Field(default=0.5, description="Lag-1 correlation of taking it.")


class Edge(Part):
    """An arrow of the covariate graph."""

    source: str
    coefficient: Finite
    lag_days: Annotated[int, Field(ge=0, le=60)] = 0


class Covariate(Part):
    """Something measured beside the outcome that may move it. Arrows between covariates form a DAG at lag 0."""

    name: Name
    distribution: Literal["normal", "uniform", "poisson", "flag"] = "normal"
    mean: Finite = Field(default=0.0, description="Mean; probability for 'flag'; rate for 'poisson'.")
    sd: Sd = Field(default=1.0, description="SD ('normal') or half-width ('uniform'); unused otherwise.")
    varies: Literal["daily", "per_patient"] = "daily"
    phi: Annotated[float, Field(ge=0, lt=1)] = Field(default=0.0, description="AR(1) of a daily normal covariate.")
    low: Finite | None = None
    high: Finite | None = None
    parents: list[Edge] = []
    effect: Finite = Field(default=0.0, description="Coefficient on the latent, at `effect_lag_days`.")
    effect_lag_days: Annotated[int, Field(ge=0, le=60)] = 0
    recorded: bool = Field(default=True, description="Whether observations.csv has it as a column.")


class Severity(Part):
    """The daily model of severity."""

    parameters: str = Field(default="hettich2024", description="Name of the parameter set that these numbers are.")
    model: Literal["score", "birth_rate"] = Field(
        default="score",
        description="'score': the latent is in severity units and lesions follow it. 'birth_rate': the latent is the "
        "log birth rate of lesions, relative to baseline, and severity emerges from the lesions.",
    )
    form: Literal["recursion", "exponential"] = Field(
        default="recursion", description="Wash-in and wash-out: sinot's daily recursion, or the exact exponential."
    )
    scale_low: Finite = 0.0
    scale_high: Finite = 3.0
    baseline: Baseline = Baseline()
    comedone_ratio: Baseline = Field(
        default=Baseline(distribution="lognormal", mean=1.5, sd=0.35),
        description="Non-inflammatory per inflammatory lesion, per patient.",
    )
    nonspecific: NonSpecific = NonSpecific()
    response_wobble: Autoregression = Field(
        default=Autoregression(), description="u: multiplies the treatment response."
    )
    fluctuation: Autoregression = Field(default=Autoregression(), description="a: spontaneous, additive.")
    drift: Walk = Walk()
    trend: Trend = Trend()
    cycle: Cycle = Cycle()
    adherence: Adherence = Adherence()
    covariates: list[Covariate] = []
    responder_contrast: Annotated[float, Field(gt=0)] = Field(
        default=0.5, description="Responder: |steady-state contrast between arms| of at least this many grades."
    )
    saturation_warning: Share = Field(
        default=0.25, description="Warn when more than this share of days sits at a bound."
    )
