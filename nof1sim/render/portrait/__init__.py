"""The user's own photograph as the face: its geometry, skin and light, and lesions composited on it."""
