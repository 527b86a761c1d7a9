"""Words for faces and lesions: templates of a protocol, filled with a patient's attributes."""

from __future__ import annotations

import string
from typing import Annotated

from pydantic import AfterValidator, Field

from ...model import STAGES, Patient
from ...protocol.part import Part

SKIN_WORDS = ((55.0, "very fair"), (41.0, "fair"), (28.0, "medium"), (10.0, "tan"), (-30.0, "brown"))
"""Lower edge of the individual typology angle, degrees -> word; below the last, DARKEST.
The classes of Chardon, Cretois & Hourseau, Int J Cosmet Sci 1991;13:191-208; the words are ours."""
DARKEST = "dark brown"
ADULT_YEARS = 18

PORTRAIT_WORDS = ("age", "person", "skin")
LESION_WORDS = ("lesion",)

LESION_PHRASES = {
    "microcomedone": "a barely visible clogged pore",
    "closed_comedone": "a whitehead, a small skin-coloured bump",
    "open_comedone": "a blackhead, a small dark dot",
    "papule": "an inflamed papule, a small red raised pimple",
    "pustule": "a pustule, a red pimple with a yellow-white top",
    "nodule": "a large inflamed nodule, deep red and swollen",
    "crust": "a small scab, a brownish crust on red skin",
    "excoriation": "a scratched pimple, a small raw red spot",
    "erythema": "a flat red mark left by a pimple",
    "hyperpigmentation": "a flat brown mark left by a pimple",
    "scar": "a small shallow acne scar",
    "resolving": "a fading pink pimple",
}
"""Stage of a lesion -> words. A choice: no look was checked on real weights."""


def _template(*known: str) -> AfterValidator:
    def check(text: str) -> str:
        try:
            names = [name for _, name, spec, _ in string.Formatter().parse(text) if name is not None and not spec]
        except ValueError as error:
            raise ValueError(f"text with {{{'}, {'.join(known)}}} in it ({error})") from None
        unknown = [name for name in names if name not in known]
        if unknown or text.count("{") != len(names):
            raise ValueError(f"text whose only names in braces are {', '.join(known)}")
        return text

    return AfterValidator(check)


PortraitText = Annotated[str, _template(*PORTRAIT_WORDS)]
"""A template that `filled` fills."""


def _known_stages(phrases: dict[str, str]) -> dict[str, str]:
    if set(phrases) - set(STAGES):
        raise ValueError(f"phrases of the stages {', '.join(STAGES)}")
    return phrases


class Prompts(Part):
    """Templates of what is asked of the network."""

    portrait: PortraitText = Field(
        default="clinical portrait photograph of a {age}-year-old {person} with {skin} skin, clear skin without acne, "
        "facing the camera, neutral expression, head and shoulders, plain background, even soft light, sharp focus",
        description="{age} in years, {person} (woman, man, teenage girl, teenage boy), {skin} from the typology angle.",
    )
    portrait_negative: str = Field(
        default="acne, pimples, make-up, jewellery, glasses, hair over the face, drawing, deformed, blurry, nudity"
    )
    lesion: Annotated[str, _template(*LESION_WORDS)] = Field(
        default="close-up clinical photograph of facial skin with {lesion}, natural skin texture, sharp focus",
        description="{lesion}: the phrase of the lesion's stage.",
    )
    lesion_negative: str = "drawing, painting, render, text, blurry, smooth plastic skin"
    phrases: Annotated[dict[str, str], AfterValidator(_known_stages)] = Field(
        default={}, description="Stage of a lesion -> phrase, in place of ours."
    )

    def portrait_of(self, patient: Patient) -> str:
        """The portrait's prompt for a patient."""
        return filled(self.portrait, patient)

    def lesion_of(self, stage: str) -> str:
        """The prompt for a lesion of a stage (`nof1sim.model.STAGES`)."""
        return self.lesion.format(lesion=self.phrases.get(stage, LESION_PHRASES[stage]))


def filled(text: str, patient: Patient) -> str:
    """A PortraitText with a patient's attributes in its braces."""
    return text.format(age=round(patient.age_years), person=person_word(patient), skin=skin_word(patient.ita_deg))


def person_word(patient: Patient) -> str:
    """What the prompt calls a patient."""
    if patient.age_years >= ADULT_YEARS:
        return "woman" if patient.sex == "F" else "man"
    return "teenage girl" if patient.sex == "F" else "teenage boy"


def skin_word(ita_deg: float) -> str:
    """The skin tone as a word."""
    return next((word for edge, word in SKIN_WORDS if ita_deg > edge), DARKEST)
