"""What a protocol says of the photographs that are its patients: `images.renderer_options` of the portrait renderer.

No path and no file name is among it: a protocol's digest depends on the pictures and their landmarks, not on where they
lie or what somebody called them. The pictures themselves are never written to a dataset.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from ...protocol.part import Finite, Part

WHERE = "images.renderer_options"
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
PointName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Consent = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class PatientPhotograph(Part):
    """The photograph of one patient."""

    sha256: Sha256 = Field(description="Of the file's bytes.")
    points_px: dict[PointName, tuple[Finite, Finite]] = Field(
        min_length=5, description="Key points in pixels of the upright picture; names as `nof1sim landmarks` has them."
    )
    landmarks: Annotated[str, StringConstraints(max_length=120)] = Field(
        default="", description="Where the points come from."
    )
    ita_deg: Annotated[float, Field(ge=-90, le=90)] = Field(
        description="Individual typology angle of the skin as estimated from the picture: lesions heal as on that skin."
    )


class PortraitOptions(Part):
    """Options of the portrait renderer. `nof1sim simulate --faces DIR --consent TEXT` writes them."""

    consent: Consent = Field(description="What consent covers this use of the photographs, such as 'form v2, signed'.")
    photographs: list[PatientPhotograph] = Field(min_length=1, description="One a patient, in order.")
