"""The tests for one patient, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..course import Contrast, Course, Effect
from .blocks import block_t
from .classic import mann_whitney, student_t, welch_t
from .design import REALISED
from .hac import hac, hac_fixed_b
from .randomise import permutation, randomisation
from .serial import gls, gls_bootstrap, gls_nugget, gls_residual, gls_satterthwaite, glsar, serial_t


@dataclass(frozen=True, slots=True)
class Test:
    """A test for one patient: what it is called, what it estimates and what to beware of. Never raises on data."""

    __test__ = False  # not one of pytest's

    run: Callable[[Course, Contrast], Effect]
    title: str
    estimand: str
    caution: str


SHIFT = "shift of location between days (Hodges-Lehmann)"
ALIKE = "takes days as independent: far too sure where neighbouring days are alike (30 % false positives at phi 0.6)"
BARE = "a bare indicator: biased towards zero by wash-in and wash-out, more than the plain difference of means"

TESTS: dict[str, Test] = {
    "gls": Test(gls, "AR(1) regression, Kenward-Roger", REALISED, BARE),
    "gls_nugget": Test(gls_nugget, "AR(1) plus noise, Kenward-Roger", REALISED, BARE),
    "gls_satterthwaite": Test(gls_satterthwaite, "AR(1) regression, Satterthwaite", REALISED, BARE),
    "gls_residual": Test(gls_residual, "AR(1) regression, t(n - p)", REALISED, "liberal below 40 days; " + BARE),
    "gls_bootstrap": Test(gls_bootstrap, "AR(1) regression, parametric bootstrap", REALISED, BARE),
    "glsar": Test(glsar, "iterated Cochrane-Orcutt (GLSAR)", REALISED, "liberal below 40 days; " + BARE),
    "serial_t": Test(serial_t, "serial t", REALISED, "the AR(1) model must hold"),
    "block_t": Test(block_t, "t on period means", REALISED, "little power with few periods"),
    "randomisation": Test(
        randomisation,
        "randomisation of periods",
        REALISED,
        "tests the sharp null of no effect on any day; few periods allow no small p",
    ),
    "hac": Test(hac, "least squares, Newey-West", REALISED, "too sure with slow correlation or few days"),
    "hac_fixed_b": Test(hac_fixed_b, "least squares, fixed-b HAC", REALISED, "little power"),
    "welch_t": Test(welch_t, "Welch t", REALISED, ALIKE),
    "student_t": Test(student_t, "Student t", REALISED, ALIKE),
    "permutation": Test(permutation, "permutation of days", REALISED, ALIKE),
    "mann_whitney": Test(mann_whitney, "Mann-Whitney", SHIFT, ALIKE),
}
