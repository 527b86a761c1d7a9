"""How far to trust an analysis: its results beside the truth of one dataset, or of many simulated trials."""
