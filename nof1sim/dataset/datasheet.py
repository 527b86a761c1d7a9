"""The datasheet of a dataset: the questions of Gebru et al. 2018 (Datasheets for Datasets), answered from its files."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from . import layout
from .datasheet_truth import parameters
from .reader import IMAGE_COLUMN, Dataset
from .statements import HOME, USES, About, bibtex, bullets

Answers = tuple[tuple[str, str], ...]
"""Questions and answers, in Markdown."""


def datasheet(dataset: Dataset, truth: bool = False) -> str:
    """The datasheet, in Markdown. Without `truth` it opens nothing below truth/ and says nothing of it.

    Raises
    ------
    DatasetError
        With `truth`, the dataset comes without its truth/ folder.
    """
    sections: list[tuple[str, Answers]] = [
        ("Motivation", _motivation()),
        ("Composition", _composition(dataset)),
        ("Collection process", _collection(dataset, truth)),
        ("Preprocessing, cleaning, labelling", _preprocessing()),
        ("Uses", _uses(dataset.about)),
        ("Distribution", _distribution(dataset)),
        ("Maintenance", _maintenance(dataset)),
    ]
    if truth:
        sections.append(("Parameters (what only the simulator knows)", parameters(dataset.truth_manifest)))
    lines = ["# Datasheet", "", "After Gebru et al., Datasheets for Datasets (arXiv 1803.09010, 2018).", ""]
    for title, answers in sections:
        lines += [f"## {title}", ""]
        for question, answer in answers:
            lines += [f"**{question}**", "", answer, ""]
    return "\n".join(lines)


def _motivation() -> Answers:
    return (
        (
            "For what purpose was the dataset created?",
            "To test methods for N-of-1 trials whose outcome is a photograph, where the truth is known:\n\n"
            + bullets(USES),
        ),
        ("Who created it, and who paid?", "Whoever ran nof1sim; the files do not say who. Write it here."),
    )


def _composition(dataset: Dataset) -> Answers:
    said, table = dataset.manifest, dataset.observations()
    views = [name for name in table.columns if name.startswith(IMAGE_COLUMN)]
    pictures, size = said["images"]["count"], said["images"]["size_px"]
    counts = (
        f"{said['patients']} patients, {said['days']} days, {table.height} rows (a patient, day and occasion each), "
        f"{pictures} images{f' of {size} x {size} pixels ({_words(dataset.views())})' if pictures else ''}."
    )
    return (
        ("What is in it?", f"{dataset.about.says} {counts}"),
        ("How many of each?", _by_treatment(table)),
        ("Is anything missing?", _missing(table, views)),
        (
            "Are there labels?",
            f"Recorded severity (`AcneSeverity`) and what else `{layout.OBSERVATIONS}` has: {_words(table.columns)}. "
            f"The true values, lesion masks and all else that only a simulator knows are in `{layout.TRUTH}/`, unless "
            "it was taken out for somebody blinded.",
        ),
        ("Are there recommended splits?", "By patient, never by image. `dataset.to_torch(part=...)` splits so."),
        (
            "Are there errors, noise, redundancy?",
            "Recorded scores have the noise that was put in. Days of one patient resemble each other by design.",
        ),
        ("Does it hold personal, confidential or sensitive data?", dataset.about.personal),
        ("Does it identify groups of people?", bullets(dataset.about.biases)),
    )


def _by_treatment(table: pl.DataFrame) -> str:
    score = pl.col("AcneSeverity")
    groups = table.group_by("treatment", maintain_order=True).agg(
        pl.len().alias("rows"), score.mean().alias("mean"), score.min().alias("low"), score.max().alias("high")
    )
    lines = ["| treatment | rows | recorded severity: mean | lowest | highest |", "|---|---|---|---|---|"]
    for label, rows, *numbers in groups.iter_rows():
        cells = (f"{number:.3g}" if number is not None else "none" for number in numbers)
        lines.append(f"| {' '.join(label.split()).replace('|', '/')} | {rows} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _missing(table: pl.DataFrame, views: list[str]) -> str:
    gaps = {"the recorded severity": table["AcneSeverity"].null_count()}
    gaps |= {f"the photograph `{name.removeprefix(IMAGE_COLUMN)}`": table[name].null_count() for name in views}
    told = ", ".join(f"{what} on {count} of {table.height} rows" for what, count in gaps.items() if count)
    return f"Empty: {told}. Rows stay." if told else "No: every row has its score and its photographs."


def _collection(dataset: Dataset, truth: bool) -> Answers:
    versions = ", ".join(f"{name} {version}" for name, version in dataset.manifest["versions"].items())
    photographs = dataset.about.persons == "photographs"
    drawing = "which are drawn into one photograph of the person" if photographs else "a renderer draws the photograph"
    where = "below" if truth else f"in `{layout.TRUTH_MANIFEST}` (`nof1sim datasheet --truth` prints it)"
    return (
        (
            "How was the data acquired?",
            f"It was computed, by {versions}. A stochastic model draws each day's severity, a lesion process turns it "
            f"into lesions at fixed places of that face, {drawing}. The protocol stands {where}; "
            f"its digest is `{dataset.manifest['digest']}`.",
        ),
        ("Over what time?", "The dates are those of the simulated study; nothing was observed."),
        (
            "Was there an ethical review? Did people consent?",
            dataset.about.review.format(consent=dataset.manifest.get("consent")),
        ),
    )


def _preprocessing() -> Answers:
    return (
        (
            "Was the data preprocessed?",
            "No. Images are encoded as a camera would (the phone's own processing is part of the simulation) and say "
            "in their metadata that they are synthetic. Names of files carry no label.",
        ),
        ("Is the software available?", f"Yes: {HOME}. The same protocol and versions give the same bytes."),
    )


def _uses(said: About) -> Answers:
    return (
        ("What could it be used for?", bullets(USES)),
        ("What should it not be used for?", bullets(said.out_of_scope)),
        ("What should users know?", bullets(said.limits)),
    )


def _distribution(dataset: Dataset) -> Answers:
    version = dataset.manifest["versions"]["nof1sim"]
    return (
        ("Under which licence?", dataset.about.licence),
        ("How is it cited?", f"The software:\n\n```bibtex\n{bibtex(version)}\n```"),
        (
            "In which formats?",
            "CSV, Parquet, JPEG, PNG or WebP as they lie here; `nof1sim export --list` names the others.",
        ),
    )


def _maintenance(dataset: Dataset) -> Answers:
    return (
        ("Who maintains it?", "Whoever published it. Write it here."),
        (
            "How does one know that it is whole?",
            f"`nof1sim validate DIR` checks it; `{layout.MANIFEST_SHA}` starts the chain of SHA-256 sums (schema "
            f"version {dataset.manifest['schema_version']}).",
        ),
        ("Will it be updated?", "Its bytes do not change: another protocol or version makes another dataset."),
    )


def _words(names: Iterator[str] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
