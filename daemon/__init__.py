"""Digital Life: a voice-first assistant with a face that runs on a person's own computer."""

import os

__version__ = "0.1.0"

# ONNX Runtime from 1.31 on gives each computer an id and reports its use to its makers. Nothing is
# to leave this machine, so it is told before anything can import it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
