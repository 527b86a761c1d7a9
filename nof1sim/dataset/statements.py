"""What every dataset says of itself, whatever was simulated: uses, limits, biases, licence, citation."""

from __future__ import annotations

TITLE = "nof1sim: simulation of multimodal N-of-1 trials"
AUTHORS = "The nof1sim developers"
HOME = "https://github.com/nof1sim/nof1sim"

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
