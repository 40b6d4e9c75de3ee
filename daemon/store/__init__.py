"""Weights on disk: what is known, where it comes from, and fetching it safely."""
