"""A plain Pipecat pipeline; runs in an environment of its own, so nothing of ours is imported.

``python pipecat_script.py SETTINGS``, a JSON file: ``whisper``, ``voices`` and ``voice`` (where the
models are), ``socket`` and ``key`` (of the language model's server), ``persona``, ``temperature``,
``top_p``, ``max_tokens``; for Chinese, of which its Piper has no voice here, ``mandarin``, the
command of a process that speaks it, and ``mandarin_rate``. Everything else is Pipecat's default.
Writes one line of JSON to standard output when it is ready, and when the bot begins and ends to
speak.
"""

import asyncio
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import sounddevice
from loguru import logger
from openai import AsyncOpenAI
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InputAudioRawFrame,
    OutputAudioRawFrame,
    StartFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.piper.tts import PiperTTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

WALL_CLOCK = time.time() - time.monotonic()  # Pipecat's time stamps are on the wall clock
HAN = re.compile("[\u4e00-\u9fff]")
HEARING_S = 0.02  # the blocks in which Pipecat's LocalAudioTransport listens


def tell(event: str, **marks: float) -> None:
    """Write one line for whoever measures; marks are seconds since the end of speech."""
    print(json.dumps({"event": event, "at": time.monotonic(), "marks": marks}), flush=True)


class Microphone(BaseInputTransport):
    """Pipecat's LocalAudioInputTransport with sounddevice: PyAudio has no wheel for Linux."""

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        loop = asyncio.get_running_loop()
        rate = self._params.audio_in_sample_rate or frame.audio_in_sample_rate

        def heard(data: Any, frames: int, times: Any, status: Any) -> None:
            sound = InputAudioRawFrame(audio=bytes(data), sample_rate=rate, num_channels=1)
            asyncio.run_coroutine_threadsafe(self.push_audio_frame(sound), loop)

        self._stream = sounddevice.RawInputStream(
            samplerate=rate, channels=1, dtype="int16", latency="low",
            blocksize=round(rate * HEARING_S), callback=heard,
        )  # fmt: skip
        self._stream.start()
        await self.set_transport_ready(frame)
        tell("ready")

    async def cleanup(self) -> None:
        await super().cleanup()
        self._stream.close()


class Loudspeaker(BaseOutputTransport):
    """Pipecat's LocalAudioOutputTransport likewise."""

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        rate = self._params.audio_out_sample_rate or frame.audio_out_sample_rate
        self._executor = ThreadPoolExecutor(max_workers=1)
        self._stream = sounddevice.RawOutputStream(
            samplerate=rate, channels=1, dtype="int16", latency="low"
        )
        self._stream.start()
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, self._stream.write, frame.audio)
        return True

    async def cleanup(self) -> None:
        await super().cleanup()
        self._executor.shutdown()
        self._stream.close()


class LocalLLMService(OpenAILLMService):
    """The client of an OpenAI-compatible server on a unix socket."""

    socket = ""

    def create_client(self, api_key: str, **others: Any) -> AsyncOpenAI:
        transport = httpx2.AsyncHTTPTransport(uds=self.socket)
        client = httpx2.AsyncClient(transport=transport, timeout=60)
        return AsyncOpenAI(api_key=api_key, base_url="http://localhost/v1", http_client=client)


class MandarinPipe:
    """A process that speaks Chinese: a line of text in, its sound out (``mandarin_pipe.py``)."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._one = asyncio.Lock()

    async def start(self) -> None:
        """Start it; it ends with its standard input."""
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe
        )

    async def stop(self) -> None:
        """End it, and wait for that: what it computed then counts as this process's work."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """Yield its sound by clauses."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        async with self._one:
            stdin.write(json.dumps(text).encode() + b"\n")
            while size := int(await stdout.readline()):
                yield await stdout.readexactly(size)


class BilingualTTS(PiperTTSService):
    """Pipecat's Piper, and for what has Chinese characters the pipe."""

    def __init__(self, pipe: MandarinPipe, rate: int, **others: Any) -> None:
        super().__init__(**others)
        self._pipe, self._rate = pipe, rate

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        if HAN.search(text):
            frames = self._stream_audio_frames_from_iterator(
                self._pipe.speak(text), in_sample_rate=self._rate, context_id=context_id
            )
        else:
            frames = super().run_tts(text, context_id)
        async for frame in frames:
            yield frame


class Told(BaseObserver):
    """Tells when the bot begins and ends to speak; a frame passes many processors."""

    speaking = False
    spoken_at = 0.0

    async def on_push_frame(self, data: FramePushed) -> None:
        if isinstance(data.frame, VADUserStoppedSpeakingFrame):
            self.spoken_at = data.frame.timestamp - data.frame.stop_secs - WALL_CLOCK
        elif isinstance(data.frame, BotStartedSpeakingFrame) and not self.speaking:
            self.speaking = True
            tell("speaking", first_audible=time.monotonic() - self.spoken_at)
        elif isinstance(data.frame, BotStoppedSpeakingFrame) and self.speaking:
            self.speaking = False
            tell("listening")


async def main(given: dict[str, Any]) -> None:
    """Run until a signal; ``given`` is what ``pipecat_baseline.py`` wrote."""
    LocalLLMService.socket = given["socket"]
    params = TransportParams(audio_in_enabled=True, audio_out_enabled=True)
    # int8 as in the daemon; on a processor the default would be float32, which is slower
    stt = WhisperSTTService(
        device="cpu",
        compute_type="int8",
        # its default is to take everything for English; None has Whisper find out
        settings=WhisperSTTService.Settings(model=given["whisper"], language=None),
    )
    llm = LocalLLMService(
        api_key=given["key"],
        settings=OpenAILLMService.Settings(
            model="local",
            temperature=given["temperature"],
            top_p=given["top_p"],
            max_tokens=given["max_tokens"],
        ),
    )
    pipe = MandarinPipe(given["mandarin"])
    await pipe.start()
    tts = BilingualTTS(
        pipe,
        given["mandarin_rate"],
        download_dir=Path(given["voices"]),
        settings=PiperTTSService.Settings(voice=given["voice"]),
    )
    context = LLMContext([{"role": "system", "content": given["persona"]}])
    pair = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    pipeline = Pipeline(
        [Microphone(params), stt, pair.user(), llm, tts, Loudspeaker(params), pair.assistant()]
    )
    worker = PipelineWorker(pipeline, observers=[Told()])
    runner = WorkerRunner(handle_sigterm=True)
    await runner.add_workers(worker)
    try:
        await runner.run()
    finally:
        await pipe.stop()


def end_with_parent() -> None:
    """Stop as for a signal when whoever measures is gone."""

    def wait() -> None:
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level=os.environ.get("PIPECAT_LOG", "WARNING"))
    end_with_parent()
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
