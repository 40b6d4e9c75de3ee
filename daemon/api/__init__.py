"""What programs may ask of the daemon, and how they are answered."""
