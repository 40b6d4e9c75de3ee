"""Kokoro (hexgrad, 82 million weights): many voices in eight languages from one small network."""
