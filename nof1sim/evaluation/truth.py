"""What an analysis should have found, per patient and per estimand. Only simulated trials have it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from ..analysis.course import Contrast, Floats
from ..dataset.reader import Dataset
from ..simulation import frames
from ..simulation.plan import Block, Plan

STEADY, REALISED, DROPPED = "steady state", "realised contrast", "dropped"


@dataclass(frozen=True, slots=True)
class Truth:
    """The tables `patients` and `days` of `truth/`: who they are, and how they truly fared (severity_true)."""

    patients: pl.DataFrame
    days: pl.DataFrame

    @staticmethod
    def of_dataset(dataset: Dataset) -> Truth:
        """As a dataset's folder has it. DatasetError where `truth/` is missing."""
        return Truth(dataset.truth("patients"), dataset.truth("days"))

    @staticmethod
    def of_plan(plan: Plan, block: Block) -> Truth:
        """As it would be written, without writing it."""
        return Truth(frames.patients(plan, block, block.fields), frames.days(plan, block))

    @property
    def patient_ids(self) -> list[str]:
        """Names of the patients, in order."""
        return self.patients["patient_id"].to_list()

    def effects(self, contrast: Contrast, drop_days: int = 0) -> dict[str, Floats]:
        """Estimand -> each patient's true effect (patients,), NaN where it has none; severities cut to their scale.

        realised contrast : mean true severity of the days under the treatment minus that under the reference, all days
        of the design, wash-in and carry-over among them.  dropped : the same without the first `drop_days` of each
        period.  steady state : the difference of the long-run levels.
        """
        kept = self.days.with_columns(
            (pl.col("day") - pl.col("day").min().over("patient_id", "block")).alias("place")
        ).filter(pl.col("place") >= drop_days)
        return {
            REALISED: self._difference(self.days, contrast),
            DROPPED: self._difference(kept, contrast),
            STEADY: self._steady(contrast.treatment) - self._steady(contrast.reference),
        }

    def _difference(self, days: pl.DataFrame, contrast: Contrast) -> Floats:
        means = days.group_by("patient_id", "treatment").agg(pl.col("severity_true").mean())
        found = {(patient, label): mean for patient, label, mean in means.iter_rows()}
        missing = float("nan")
        return np.array([found.get((p, contrast.treatment), missing) - found.get((p, contrast.reference), missing)
                         for p in self.patient_ids])  # fmt: skip

    def _steady(self, label: str) -> Floats:
        """Long-run severity under a label, (patients,)."""
        arms = self.days.filter(pl.col("treatment") == label)["arm"].unique()
        arm = "untreated" if not len(arms) or arms[0] is None else arms[0]
        name = f"steady_{arm}"
        if name not in self.patients.columns:  # a user's own trajectories: nobody knows
            return np.full(self.patients.height, np.nan)
        return self.patients[name].to_numpy().astype(float)

    def severity(self, rows: pl.DataFrame) -> Floats:
        """True severity of each of some rows (patient_id, day), (n,)."""
        days = self.days.select("patient_id", "day", "severity_true")
        return rows.join(days, on=["patient_id", "day"], how="left", maintain_order="left")["severity_true"].to_numpy()

    def lesions(self, rows: pl.DataFrame) -> Floats:
        """True number of inflammatory lesions of each of some rows, (n,): the oracle that no picture can beat."""
        days = self.days.select("patient_id", "day", pl.col("n_inflammatory").cast(pl.Float64).alias("n"))
        return rows.join(days, on=["patient_id", "day"], how="left", maintain_order="left")["n"].to_numpy()


def estimand_of(text: str) -> str:
    """Which of `Truth.effects` an estimate's own words name; "" for none of them."""
    if text.startswith(STEADY):
        return STEADY
    if text.startswith(REALISED):
        return DROPPED if "dropped" in text else REALISED
    return ""
