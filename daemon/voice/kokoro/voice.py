"""A voice of Kokoro: text in any of its languages, clause by clause, in one and the same voice."""

from collections.abc import Iterator, Sequence

from daemon.languages import codes, language
from daemon.media import Audio
from daemon.voice.kokoro.clauses import pieces
from daemon.voice.kokoro.levels import levels
from daemon.voice.kokoro.network import NETWORK, PACKS, KokoroNetwork, read_pack
from daemon.voice.kokoro.symbols import tokens
from daemon.voice.language_runs import BOTH, LanguageRun, runs
from daemon.voice.loudness import fingerprint
from daemon.voice.pauses import pause_after, trim
from daemon.worker import CancelToken

_FEMALE = "f"
_BRITISH = "b"


class Kokoro:
    """Speaks with the voice ``name``, such as ``af_heart``; ``speed`` is 0.5 to 2 times its pace.

    The first letter of a voice's name is its language, the second its sex. Raises ``SetupError``.
    """

    def __init__(self, network: KokoroNetwork, name: str, speed: float = 1.0) -> None:
        self.name = name
        self.language = language_of_voice(name)
        """The language that is its own."""
        self.loudness = levels().get(name)
        """LUFS of its speech as it comes; ``None`` for a voice that was not measured."""
        self._network = network
        self._pack = read_pack(network.directory, name)
        files = [network.directory / NETWORK, network.directory / PACKS]
        self.fingerprint = f"{name} {fingerprint(files, speed)}"
        self.set_speed(speed)

    def set_speed(self, speed: float) -> None:
        """Speak at ``speed`` times its own pace from the next piece on."""
        self._speed = speed

    def warm_up(self) -> None:
        """Speak once: the first run prepares what later ones reuse."""
        for _ in self.synthesize(language(self.language).said.preview, CancelToken()):
            return

    def close(self) -> None:
        """Leave the network to whoever opened it: it may serve other voices."""

    def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
        """Yield the speech of ``text`` at ``RATE``, the first clause first."""
        known = dict.fromkeys((self.language, *BOTH))
        yield from self.synthesize_runs(runs(text, tuple(known), self.language), cancel)

    def synthesize_runs(self, runs: Sequence[LanguageRun], cancel: CancelToken) -> Iterator[Audio]:
        """Yield the speech of runs that belong together, each with its own language's sounds."""
        for piece in pieces(runs, self.name.startswith(_BRITISH)):
            if cancel.cancelled:
                return
            spoken = tokens(piece.sounds + piece.mark)
            sound = self._network.speak(spoken, self._pack, self._speed)
            audio = trim(sound, pause_after(piece.mark))
            if len(audio.samples):
                yield audio


def language_of_voice(name: str) -> str:
    """Return the language of a voice by its name; English where the letter says nothing."""
    for code in codes():
        if name[:1] in tuple(language(code).voices.kokoro):
            return code
    return "en"


def is_female(name: str) -> bool:
    """Whether a voice is a woman's, by its name."""
    return name[1:2] == _FEMALE
