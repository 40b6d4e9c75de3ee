"""Proofs on a whole system: a guest with systemd, a camera, a sound card and PipeWire."""
