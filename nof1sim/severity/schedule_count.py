"""How many schedules a design admits, and the smallest p that its randomisation test can reach.

The rule. A randomisation test compares the observed |mean difference between two arms| with its values under all
schedules that the design could have drawn; p is the probability of schedules at least as extreme. With generic data
only schedules that give both arms the same periods, or exactly exchanged ones, tie with the most extreme. So

    smallest p = min over schedules of P(schedules with the same unordered pair {periods of A, periods of B}),

minimised over the pairs of arms. It is 2/N for two arms where every schedule's mirror image (A <-> B) is admissible
too: 2/2^k for k randomised pairs (4 pairs: 0.125; 2 pairs: 0.5). A fixed order admits one schedule: p is always 1.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations, product

from ..protocol.types import Design
from .schedule_letters import williams
from .schedule_restricted import all_restricted, count_restricted

ENUMERATED = 5000
"""Designs with at most so many schedules per patient are enumerated; beyond, the rule's closed form is used."""

Word = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Admissible:
    """Schedules a design could have drawn.

    per_patient : their number for one patient.  trial : for all patients together.
    smallest_p : smallest two-sided p of one patient's randomisation test.  exact : False where it is a lower bound.
    trial_smallest_p : the same for one test of the whole trial: a lower bound for three and more arms.
    """

    per_patient: int
    trial: int
    smallest_p: float
    exact: bool
    trial_smallest_p: float


def admissible(design: Design, patients: int, periods_begun: int) -> Admissible:
    """Count the schedules of a design of which only the first `periods_begun` periods take place."""
    arms = len(design.arms)
    n = _count(design, periods_begun)
    if n == 1 or not periods_begun:
        return Admissible(1, 1, 1.0, True, 1.0)
    if n <= ENUMERATED:
        words = Counter(word[:periods_begun] for word in _words(design, periods_begun))
        per_patient, smallest, exact = len(words), _smallest_p(words, arms), True
    else:
        # In closed form: the schedule and its mirror image; every order of the other arms on their periods ties.
        per_patient, smallest = n, min(1.0, 2 * math.factorial(arms - 2) / n)
        whole = periods_begun == design.periods
        exact = design.sequence == "randomized_pairs" or (whole and (arms <= 3 or design.sequence == "latin_square"))
    trial = _trial(design, patients, per_patient) if periods_begun >= arms else per_patient**patients
    # The mirror image of a Williams square's rows need not be rows of it.
    ties = 1 if design.sequence == "counterbalanced" and arms > 3 else 2 * math.factorial(max(0, arms - 2))
    return Admissible(per_patient, trial, smallest, exact, min(1.0, ties / trial))


def _count(design: Design, begun: int) -> int:
    """Number of equally likely words of one patient."""
    arms = len(design.arms)
    match design.sequence:
        case "randomized_pairs":
            return 2 ** math.ceil(begun / 2)
        case "restricted":
            return count_restricted(arms, design.cycles, design.max_run)
        case "counterbalanced":
            return len(williams(arms))
        case "latin_square":
            return math.factorial(arms)
        case _:
            return 1


def _words(design: Design, begun: int) -> Iterator[Word]:
    """Every word that one patient could be given, all equally likely."""
    arms, cycles = len(design.arms), design.cycles
    match design.sequence:
        case "randomized_pairs":
            pairs = product(((0, 1), (1, 0)), repeat=math.ceil(begun / 2))
            return (sum(word, ()) for word in pairs)
        case "restricted":
            return all_restricted(arms, cycles, design.max_run)
        case "counterbalanced":
            return (tuple(row) * cycles for row in williams(arms).tolist())
        case _:
            return (word * cycles for word in permutations(range(arms)))


def _smallest_p(words: Counter[Word], arms: int) -> float:
    """The rule of this module, by enumeration; 1 where no schedule compares two arms."""
    whole, smallest = words.total(), 1.0
    for a, b in combinations(range(arms), 2):
        ties: Counter[frozenset[Word]] = Counter()
        for word, times in words.items():
            places = [tuple(i for i, arm in enumerate(word) if arm == wanted) for wanted in (a, b)]
            if all(places):
                ties[frozenset(places)] += times
        if ties:
            smallest = min(smallest, min(ties.values()) / whole)
    return smallest


def _trial(design: Design, patients: int, per_patient: int) -> int:
    """Schedules of the whole trial: a product over patients, or over blocks of patients."""
    arms = len(design.arms)
    if design.sequence == "counterbalanced":
        size = len(williams(arms))
        blocks, rest = divmod(patients, size)
        return math.factorial(size) ** blocks * math.perm(size, rest)
    if design.sequence == "latin_square":
        blocks, rest = divmod(patients, arms)
        return _squares(arms) ** blocks * _rows(arms, rest)
    return per_patient**patients


def _squares(arms: int) -> int:
    """Latin squares that permuting rows, columns and symbols of the cyclic one can reach.

    n!^3 / (n^2 phi(n)): the cyclic group's square has n^2 phi(n) autotopisms. 2, 12, 432, ... for n = 2, 3, 4.
    """
    totient = sum(math.gcd(i, arms) == 1 for i in range(1, arms + 1))
    return math.factorial(arms) ** 3 // (arms**2 * totient)


def _rows(arms: int, rows: int) -> int:
    """The first `rows` rows of such squares: exact for none, one and all but one row, else a lower bound."""
    if rows == 0:
        return 1
    return _squares(arms) if rows == arms - 1 else math.factorial(arms) * math.perm(arms - 1, rows - 1)
