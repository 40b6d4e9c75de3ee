"""Servers that hear or speak in the place of this machine, and when this machine does it itself."""
