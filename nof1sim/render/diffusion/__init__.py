"""Diffusion renderers: one portrait a patient, each lesion painted once and replayed. Weights and torch load late."""
