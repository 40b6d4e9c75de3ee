"""The dialogues from which the small default brain learns to talk; see README.md."""
