"""The daemon's Mandarin voice for a process that has none of ours, such as Pipecat's.

``python -m tests.bench.mandarin_pipe CONFIG``: each line of standard input is a text as JSON. Each
clause of it comes to standard output as a line with its size in bytes and then so many bytes of
sound, 16-bit mono at ``RATE``; a size of 0 ends the text.
"""

import json
import sys
from pathlib import Path

import numpy as np

from daemon.config import load
from daemon.store.model_store import open_store
from daemon.voice.plain_factory import PlainFactory
from daemon.worker import CancelToken

RATE = 24_000


def main(config: Path) -> None:
    """Speak until the input ends."""
    settings = load(config).settings
    factory = PlainFactory(settings, open_store(settings.models.directory))
    voice = factory.mandarin(factory.chosen().get("zh"))
    assert voice is not None
    voice.warm_up()
    out = sys.stdout.buffer
    for line in sys.stdin:
        for clause in voice.synthesize(json.loads(line), CancelToken()):
            samples = np.clip(clause.at_rate(RATE).samples, -1, 1)
            data = (samples * 32767).astype(np.int16).tobytes()
            out.write(b"%d\n" % len(data) + data)
            out.flush()
        out.write(b"0\n")
        out.flush()
    voice.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
