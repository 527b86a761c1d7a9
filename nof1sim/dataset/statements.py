"""What every dataset says of itself, whatever was simulated: uses, limits, biases, licence, citation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import DatasetError

TITLE = "nof1sim: simulation of multimodal N-of-1 trials"
AUTHORS = "The nof1sim developers"
HOME = "https://github.com/nof1sim/nof1sim"

Persons = Literal["invented", "photographs"]
"""Who is in the pictures: nobody real, or real persons whose photographs were edited."""

SYNTHETIC = "Everything here is synthetic: no person, face or patient is real."
USES = (
    "Validating outcome pipelines (image scores, embedders, raters' models) against a known truth.",
    "Comparing designs and analyses of N-of-1 trials: power, type I error, carry-over, missing days.",
    "Teaching, and testing software that reads such data.",
)
OUT_OF_SCOPE = (
    "Diagnosis, triage or treatment of anybody. Not for diagnosis.",
    "Evidence about a real treatment: what it does here was put in, not found.",
    "Training a diagnostic device without real data to test it on.",
    "Recognising people, or judging fairness between groups of people: the people are drawn by formulas.",
)
LIMITS = (
    "Split by patient, never by image: two days of one person are nearly the same picture.",
    "A model that does well here need not do well on real photographs.",
    "The pictures of the built-in renderer are computer graphics of one style; a network may learn the style.",
    "Time courses are models: their sources, and what is a choice of the authors, stand in the documentation.",
)
BIASES = (
    "Skin types and sexes follow the quotas of the protocol (by default equal shares of Fitzpatrick I to VI, and of "
    "women and men), not the make-up of any population.",
    "Ages run from 14 to 45 years at most, the younger ones likelier, as in trials of acne. Children and old people "
    "are missing, and ages are told by the shape of a face more than by its skin.",
    "Lesions are drawn by the same rules on all skin types. Redness is harder to see on dark skin, here as in life; "
    "that a pipeline does worse there is a finding about the pipeline.",
    "Where lesions lie, how long they last and what they leave follows published figures where there are some, mostly "
    "of light skin, and assumptions elsewhere.",
)
LICENCE = (
    "Who ran nof1sim decides under which licence this dataset is passed on, and writes it here and into the header "
    "(`license:`). The MIT licence of nof1sim covers the software, not what it writes. Into the pictures of the "
    "built-in renderer went no photograph, no face and no model weights of anybody; other renderers have their own "
    "terms."
)


@dataclass(frozen=True, slots=True)
class About:
    """What is said of a dataset, by who is in its pictures.

    says : its first sentences.  short : one line for an export.  label : what each image says in its metadata.
    source : IPTC's digital source type of each image.  people : what follows a number of people.
    personal, review : answers of the datasheet.  out_of_scope, limits, biases, licence : as above.
    """

    persons: Persons
    says: str
    short: str
    label: str
    source: str
    people: str
    personal: str
    review: str
    out_of_scope: tuple[str, ...]
    limits: tuple[str, ...]
    biases: tuple[str, ...]
    licence: str


ABOUT: dict[Persons, About] = {
    "invented": About(
        persons="invented",
        says=SYNTHETIC,
        short="Synthetic: no person, face or patient is real. Not for diagnosis.",
        label="Synthetic image of a person who does not exist. Not for diagnosis.",
        source="algorithmicMedia",
        people="invented",
        personal="No. The people are drawn from random numbers.",
        review="Neither was needed: no person took part.",
        out_of_scope=OUT_OF_SCOPE,
        limits=LIMITS,
        biases=BIASES,
        licence=LICENCE,
    ),
    "photographs": About(
        persons="photographs",
        says="The pictures are edited photographs of real persons. The lesions, their courses, the treatments and all "
        "records are simulated: nothing here was observed of these persons.",
        short="Edited photographs of real persons with simulated lesions and records. Not for diagnosis.",
        label="Edited photograph of a real person: the lesions are synthetic. Not for diagnosis.",
        source="compositeSynthetic",
        people="photographed persons; of their age and sex nothing is known",
        personal="Yes. Every picture shows the face of a real person, which is personal data in itself. Names, dates "
        "and places of the photographs are not in the files; key points of the faces are, in the truth.",
        review="Whoever ran nof1sim stated this consent: {consent} Whether it covers another use is theirs to say.",
        out_of_scope=(
            *OUT_OF_SCOPE[:3],
            "Statements about the persons in the photographs: they were not treated, and the lesions are not theirs.",
            "Recognising people. Passing the pictures on without a consent that covers it.",
        ),
        limits=(
            *LIMITS[:2],
            "All pictures of a patient come from one photograph: its pose, expression, light and background never "
            "change but for what the camera does.",
            "Lesions that the photographs had already are still there, and are counted nowhere.",
            "Simulated lesions that would lie on hair, beard, glasses or beyond the picture are in the tables, but "
            "are not drawn.",
            LIMITS[-1],
        ),
        biases=(
            "The faces are those of the photographs that were at hand. Nothing is known of how they were chosen.",
            "Skin types are estimated from the photographs' colours, which depend on light and camera.",
            "Where lesions lie follows ages and sexes that were drawn by the protocol; they need not be the persons'.",
            *BIASES[2:],
        ),
        licence="The pictures show real persons: who may have them, and for what, is bound by their consent and by the "
        "law on personal data, whatever licence is written here and into the header (`license:`). The MIT licence of "
        "nof1sim covers the software, not what it writes.",
    ),
}


def about(manifest: Mapping[str, Any]) -> About:
    """What is said of the dataset of a manifest. A DatasetError where it tells of persons that nobody knows."""
    persons = manifest.get("persons", "invented")
    if persons not in ABOUT:
        raise DatasetError(f"manifest.json: persons {persons!r}; known: {', '.join(ABOUT)}. Upgrade nof1sim.")
    return ABOUT[persons]


def bullets(sentences: tuple[str, ...]) -> str:
    """The sentences as a Markdown list."""
    return "\n".join(f"- {sentence}" for sentence in sentences)


def bibtex(version: str) -> str:
    """How to cite the software."""
    return (
        "@software{nof1sim,\n"
        f"  title = {{{{{TITLE}}}}},\n"
        f"  author = {{{{{AUTHORS}}}}},\n"
        f"  version = {{{version}}},\n"
        f"  url = {{{HOME}}}\n"
        "}"
    )
