"""Patches: photographs of a piece of skin, with the truth of every lesion on it."""
