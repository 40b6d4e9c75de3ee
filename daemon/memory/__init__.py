"""What is kept of conversations, on this machine only, and only when the user asked for it."""
