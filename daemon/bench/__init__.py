"""Measuring the daemon as a person meets it: by what can be heard and seen of it."""
