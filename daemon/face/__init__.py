"""What is seen: the default portrait, its mouth shapes, and where pictures go."""
