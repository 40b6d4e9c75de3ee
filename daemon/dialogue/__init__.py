"""The conversation: its states, and one reply from start to end."""
