"""Renderers that learn: generators of photographs trained on a folder of images with severities. torch loads inside."""
