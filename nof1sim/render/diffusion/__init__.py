"""The diffusion renderers: InstantID, IP-Adapter, masked inpainting. Nothing heavy is imported before it is needed."""
