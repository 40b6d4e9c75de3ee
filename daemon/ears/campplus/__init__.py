"""CAM++: who speaks, as a vector."""
