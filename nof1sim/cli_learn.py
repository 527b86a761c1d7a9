"""`nof1sim learn`: train, sample and compare renderers that learn."""
