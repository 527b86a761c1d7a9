"""Analytic and learned renderers, on the same people and days: how well each does what a trial needs of pictures."""

from .driver import Comparison, compare_renderers, write_comparison

__all__ = ["Comparison", "compare_renderers", "write_comparison"]
