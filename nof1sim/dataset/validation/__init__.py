"""What is wrong with a dataset: checks by theme, each a function of a `Subject` that reports to a `Log`."""
