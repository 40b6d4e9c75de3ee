"""Digital Life: a voice-first assistant with a face that runs on a person's own computer."""

__version__ = "0.1.0"
