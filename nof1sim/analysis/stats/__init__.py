"""Tests and models of a treatment effect: per patient (`table`), pooled (`pooled`), with carry-over (`carryover`)."""
