"""The README of a folder of patches: what it is, what its columns mean, what it is not for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from nof1sim import __version__
from nof1sim.dataset.card import SIZES
from nof1sim.dataset.statements import ABOUT, LICENCE, USES, bibtex, bullets

from .plan import Style

COLUMNS: dict[str, str] = {
    "file_name": "the photograph",
    "mask_file_name": "its mask: 255 within the core of any lesion, else 0",
    "instance_file_name": "16-bit mask: lesion_id of each pixel, 0 outside; the same lesion keeps its id on all days",
    "patient_id": "of a series: the patient",
    "block": "of a series: number of the period",
    "day": "of a series: day of the study, from 1",
    "treatment": "of a series: what the period's treatment is called",
    "condition": "name of the skin condition",
    "severity": "true severity of the person on that day, 0 to 3",
    "area_share": "share of the skin in the picture that lies in a core",
    "n_lesions": "lesions whose core shows",
    "n_groups": "the same, lesions that run together counted as one",
    "skin_share": "share of the picture that is skin",
    "skin_type": "Fitzpatrick I to VI as 1 to 6",
    "ita_deg": "individual typology angle of the skin in a neutral photograph, degrees",
    "age_years": "of the person",
    "sex": "of the person, F or M",
    "site": "kind of body site whose curvature, hair and relief the skin has",
    "mm_per_px": "width of a pixel in the middle of the picture",
    "hair": "share of terminal hairs",
    "freckles": "how freckled, 0 to 1",
    "moles": "moles on the piece, also beyond the picture",
    "creases": "creases on the piece",
    "backdrop": "what lies behind the skin, where its edge shows",
    "turn_deg": "camera: turned about its axis",
    "shift_x": "camera: shifted to the right, in widths of the picture",
    "shift_y": "camera: shifted up, in widths of the picture",
    "distance": "camera: factor on its distance",
    "blur_px": "focus: SD of the blur, pixels at 256 px",
    "motion_px": "motion blur: length, pixels at 256 px",
    "motion_deg": "motion blur: direction",
    "key_deg": "main light: where it comes from, 0 right, 90 top",
    "key_height_deg": "main light: height above the skin",
    "key": "main light: strength",
    "room": "light of the room: strength",
    "flash": "flash: strength, 0 without",
    "room_k": "light of the room: shift of its colour temperature, kelvin",
    "exposure_ev": "exposure, stops",
    "white_balance_k": "white balance: shift, kelvin; below 0 is warmer",
    "tint": "white balance: log gain of green",
    "vignette": "loss of light in the corners",
    "noise": "factor on the sensor's noise",
    "sharpening": "the camera's sharpening",
    "contrast": "of the tone curve",
    "saturation": "of colour",
    "jpeg_quality": "1 to 100",
    "seed": "of the run",
    "address": "with the seed: where all random numbers of the photograph come from",
}
"""Every column of metadata.csv, in words."""


def card(table: pl.DataFrame, style: Style, told: Mapping[str, Any]) -> str:
    """The text of README.md: no date, no path, so that equal runs give equal cards."""
    about, count = ABOUT["invented"], table.height
    size = next((name for limit, name in SIZES if count < limit), "n>10M")
    name = str(table["condition"][0])
    kind = (
        f"{told['patients']} pieces of skin on {told['days']} days" if "patients" in told else f"{count} pieces of skin"
    )
    columns = "\n".join(f"| `{column}` | {COLUMNS[column]} |" for column in table.columns)
    return f"""---
pretty_name: "Synthetic patches of skin: {name}"
license: other
license_name: not-chosen-yet
language: [en]
annotations_creators: [machine-generated]
source_datasets: [original]
tags: [synthetic, simulation, dermatology, not-for-diagnosis]
task_categories: [image-segmentation, image-classification]
size_categories: [{size}]
configs:
- config_name: default
  data_files: [metadata.csv, "images/**", "masks/**", "instances/**"]
---
# Synthetic patches of skin: {name}

Photographs of {kind} ({style.size_px} x {style.size_px} pixels, quality dial {style.dial:g}), each
with a mask of ill skin and a mask of its lesions. **{about.says}** Every image says so in its metadata.

```python
from datasets import load_dataset

patches = load_dataset("imagefolder", data_dir=".")
```

## Intended use

{bullets(USES)}

**Not for:**

{bullets(about.out_of_scope)}

## Columns of metadata.csv

| column | what |
|---|---|
{columns}

`lesions.parquet` has a row for each lesion whose core shows: `file_name`, `lesion_id`, `group` (lesions that run
together share one), `stage`, place on the skin from its middle and size in mm,
`erythema`, `melanin`, `area_px`.

## Limits

- The pictures are computer graphics of one style; a network may learn the style.
- Pieces of skin are smooth forms with the hair and relief of a kind of body site; no picture shows a known place.
- Skin types come in equal shares and severities evenly, not as in any population.
- Split a series by patient, never by image.

## Licence

{LICENCE}

## Citation

```bibtex
{bibtex(__version__)}
```
"""
