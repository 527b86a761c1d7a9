"""How long the mixed models take beside R's nlme and lme4: `python benchmarks/mixed.py [observations.csv]`.

Without a file it makes a trial of 10 patients x 140 days; a file needs patient_id, day, treatment and AcneSeverity.
Each fit is the best of three. Without Rscript (or nlme, lme4) R's columns stay empty, with the reason.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from nof1sim.analysis.stats.mixed import fit_mixed
from nof1sim.randomness import stream

MODELS = {  # name: (random effects, residual, slopes, R)
    "random intercept": (1, "independent", "full", "lme(y ~ t, d, ~ 1 | g)"),
    "random intercept, lme4": (1, "independent", "full", "lmer(y ~ t + (1 | g), d)"),
    "random intercept, AR(1)": (1, "ar1", "full", "lme(y ~ t, d, ~ 1 | g, corAR1(form = ~ day | g))"),
    "slopes": (None, "independent", "full", "lme(y ~ t, d, ~ t | g)"),
    "slopes, lme4": (None, "independent", "full", "lmer(y ~ t + (t | g), d)"),
    "diagonal slopes, AR(1)": (None, "ar1", "diagonal",
                               "lme(y ~ t, d, list(g = pdDiag(~ t)), corAR1(form = ~ day | g))"),
    "slopes, AR(1)": (None, "ar1", "full", "lme(y ~ t, d, ~ t | g, corAR1(form = ~ day | g))"),
    "gls, AR(1)": (0, "ar1", "full", "gls(y ~ t, d, corAR1(form = ~ day | g))"),
}  # fmt: skip


def made_up() -> list[tuple[str, int, str, float]]:
    """A trial of 10 x 140 with effects that differ and AR(1) days."""
    rng = stream(0, "benchmark", "mixed")
    rows = []
    for patient in range(10):
        level, effect, e = rng.standard_normal(), 1.0 + 0.5 * rng.standard_normal(), rng.standard_normal()
        for day in range(1, 141):
            on = (day - 1) // 28 % 2
            e = 0.5 * e + np.sqrt(0.75) * rng.standard_normal()
            rows.append((str(patient), day, "AB"[on], level + effect * on + e))
    return rows


def read(path: str) -> list[tuple[str, int, str, float]]:
    """The rows of an observations.csv that have a score."""
    with Path(path).open() as file:
        table = list(csv.DictReader(file))
    kept = [r for r in table if r["AcneSeverity"] not in ("", "NA")]
    return [(r["patient_id"], int(r["day"]), r["treatment"], float(r["AcneSeverity"])) for r in kept]


def in_r(rows: list[tuple[str, int, str, float]], levels: list[str]) -> tuple[dict[str, tuple[float, float]], str]:
    """Seconds and log-likelihood of each model in R, and why there are none."""
    if shutil.which("Rscript") is None:
        return {}, "Rscript is not installed (apt: r-base-core r-cran-nlme r-cran-lme4)"
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "d.csv"
        text = "\n".join(f"{g},{day},{t},{y!r}" for g, day, t, y in rows)
        table.write_text("g,day,t,y\n" + text.replace("np.float64(", "").replace(")", "") + "\n")
        names = ",".join(f'"{level}"' for level in levels)
        lines = [
            "suppressMessages({library(nlme); library(lme4)})",
            f'd <- read.csv("{table}"); d$t <- factor(d$t, levels = c({names})); d$g <- factor(d$g)',
            "run <- function(name, e) { for (i in 1:3) { s <- system.time(f <- try(suppressWarnings(suppressMessages("
            "eval(e))), silent = TRUE))[[3]]; if (inherits(f, 'try-error')) { cat(name, 'NA', 'NA', sep = '|'); "
            "cat('\\n'); return() }; best <- if (i == 1) s else min(best, s) }; "
            "cat(name, best, format(as.numeric(logLik(f)), digits = 12), sep = '|'); cat('\\n') }",
            *(f'run("{name}", quote({code}))' for name, (_, _, _, code) in MODELS.items()),
        ]
        script = Path(folder) / "fit.R"
        script.write_text("\n".join(lines))
        done = subprocess.run(["Rscript", str(script)], capture_output=True, text=True, check=False)
    if done.returncode:
        return {}, f"R failed: {done.stderr.strip()[-200:]}"
    parts = [line.split("|") for line in done.stdout.splitlines() if line.count("|") == 2]
    return {name: (float(s.replace("NA", "nan")), float(v.replace("NA", "nan"))) for name, s, v in parts}, ""


def main() -> None:
    """Print the table."""
    rows = read(sys.argv[1]) if len(sys.argv) > 1 else made_up()
    group, day, label, y = (np.array(column) for column in zip(*rows, strict=True))
    levels = [str(t) for t in dict.fromkeys(label)]
    x = np.column_stack([np.ones(y.size), *((label == level).astype(float) for level in levels[1:])])
    theirs, reason = in_r(rows, levels)
    print(f"{y.size} rows, {np.unique(group).size} patients. {reason}")
    print(f"{'model':26s}{'here, ms':>10s}{'R, ms':>10s}{'R / here':>10s}{'logLik here - R':>18s}")
    for name, (k, residual, slopes, _) in MODELS.items():
        taken = []
        for _ in range(4):  # the first one compiles
            start = time.perf_counter()
            fit = fit_mixed(y, x, x[:, :k], group, day, names=levels, residual=residual, slopes=slopes)  # type: ignore[arg-type]
            taken.append(time.perf_counter() - start)
        here = min(taken[1:])
        seconds, loglik = theirs.get(name, (np.nan, np.nan))
        ratio, gain = seconds / here, fit.loglik - loglik
        print(f"{name:26s}{1e3 * here:10.1f}{1e3 * seconds:10.1f}{ratio:10.1f}{gain:18.6f}")


if __name__ == "__main__":
    main()
