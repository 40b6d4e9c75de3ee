"""Kokoro (hexgrad, 82 million weights): many voices in nine languages from one small network."""
