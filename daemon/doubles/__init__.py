"""Doubles: a person's voice, face and way of talking as one thing that comes and goes whole."""
