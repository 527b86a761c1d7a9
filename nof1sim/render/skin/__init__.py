"""Lesions and skin optics in canonical face coordinates: shared by every renderer."""
