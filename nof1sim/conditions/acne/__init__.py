"""Facial acne: fixed sites, a stock-and-flow lesion engine with a stage graph, marks, clinical scores.

Light to import; the compiled kernels (numba) and the count map (scipy) load on first use.
"""

from .condition import Acne, stage_names
from .counts import CountMap, count_map
from .scores import scores_of_tables

__all__ = ["Acne", "CountMap", "count_map", "scores_of_tables", "stage_names"]
