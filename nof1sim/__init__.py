"""Simulate multimodal N-of-1 trials: repeated within-person crossover trials whose outcome is a daily photograph."""

__version__ = "0.1.0"
