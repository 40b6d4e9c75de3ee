"""Digital Life: a voice-first assistant with a face that runs on a person's own computer."""

import os
import sys

__version__ = "0.2.0"

# ONNX Runtime from 1.31 on gives each computer an id and reports its use to its makers. Nothing is
# to leave this machine, so it is told before anything can import it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# OpenVINO tells its makers of each import, by a package that it does without if it is not found.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

# Three things that libraries read once, when they are loaded; a user's own choice goes before.
#
# llama.cpp's and PyTorch's threads wait for each other hundreds of times a token, by default in a
# loop. Where the voice or another program needs the same cores, that loop takes the time the
# awaited thread needs: under 1 token/s, against 7 when they loop briefly and then sleep (llama.cpp,
# 0.5B model, two cores, six programs at work). The reader is libgomp.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
# NumPy's matrix products here are small: a second thread gains nothing in them, and whoever calls
# waits for it whenever another program has its core. Whisper's features of 4 s of sound took 50 ms
# on a busy machine, and 2 to 9 ms with one thread. The reader is OpenBLAS.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Each token reads all weights from end to end, and with pages of 4 KB the processor spends a third
# of that time on looking addresses up; PyTorch then asks for pages of 2 MB.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
