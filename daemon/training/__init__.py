"""Learning from the user's own material."""
