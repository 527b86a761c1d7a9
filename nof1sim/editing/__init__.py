"""Photographs edited one by one: more acne, less acne, and labelled folders brought to balance."""
