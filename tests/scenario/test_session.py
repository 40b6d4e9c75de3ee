"""Whole conversations on scripted parts, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import replace

import numpy as np
import pytest

from daemon.bus import Bus
from daemon.dialogue.conversion import Conversion
from daemon.dialogue.events import ConversationStep
from daemon.dialogue.parts import Parts
from daemon.dialogue.session import Session
from daemon.dialogue.state import Phase
from daemon.ears.events import (
    EarEvent,
    SpeechContinued,
    SpeechEnded,
    SpeechFaded,
    SpeechPaused,
    SpeechStarted,
    SpeechTooShort,
)
from daemon.errors import SetupError
from daemon.media import LISTEN_RATE, SPEAK_RATE, Audio, Mouth, Utterance
from daemon.stages import VoiceConverter
from daemon.worker import CancelToken
from tests.fakes import (
    PERSONA,
    FakeChat,
    FakeConverter,
    FakeFace,
    FakePlayer,
    FakeRecognizer,
    FakeScreen,
    FakeVoice,
    VirtualWorker,
    parts,
    silence,
    untimed,
    utterance_audio,
)
from tests.virtual_time import run_virtual

Script = list[tuple[float, EarEvent]]


class Stage:
    """A session with everything that can be looked at afterwards."""

    def __init__(self, made: Parts) -> None:
        self.player, self.screen = FakePlayer(), FakeScreen()
        self.bus = Bus()
        self.bus.subscribe(ConversationStep, lambda step: self.note(step.state.phase))
        self.phases: list[tuple[float, Phase]] = []
        self.history = made.history
        self.parts = made
        self.session = Session(
            made,
            self.player,
            self.screen,
            {"en": np.ones(4800, np.float32)},
            barge_in_s=0.4,
            bus=self.bus,
        )

    def note(self, phase: Phase) -> None:
        if not self.phases or self.phases[-1][1] is not phase:
            self.phases.append((asyncio.get_running_loop().time(), phase))

    def path(self) -> list[Phase]:
        return [phase for _, phase in self.phases]

    def play(
        self, script: Script, until: float, also: Coroutine[None, None, None] | None = None
    ) -> None:
        async def hear() -> AsyncIterator[EarEvent]:
            loop = asyncio.get_running_loop()
            for at, event in script:
                await asyncio.sleep(at - loop.time())
                yield event
            await asyncio.Event().wait()

        async def main() -> None:
            other = asyncio.create_task(also) if also else None
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(self.session.run(hear()), until)
            if other:
                await other

        run_virtual(main())

    def remembered(self) -> list[tuple[str, str]]:
        return [(m.role, m.content) for m in untimed(self.history.messages("?")[1:-1])]


def says(turn: int, begin: float, end: float) -> Script:
    """One utterance, noticed 0.2 s after its begin, paused 0.25 s and ended 0.3 s after its end."""
    position = round(begin * LISTEN_RATE)
    audio = utterance_audio(end - begin)
    stop = round(end * LISTEN_RATE)
    script: Script = [(begin + 0.2, SpeechStarted(turn, position + 3200, 0.2))]
    at = begin + 0.3
    while at < end:
        script.append((at, SpeechContinued(turn, round(at * LISTEN_RATE), round(at - begin, 3))))
        at += 0.1
    said = Utterance(turn, audio, position, stop)
    paused = SpeechPaused(said, stop + round(0.25 * LISTEN_RATE), end - begin)
    ended = SpeechEnded(said, stop + round(0.3 * LISTEN_RATE))
    return [
        *script,
        (end + 0.1, SpeechFaded(said, stop + round(0.1 * LISTEN_RATE))),
        (end + 0.25, paused),
        (end + 0.3, ended),
    ]


L, H, T, S = Phase.LISTENING, Phase.HEARING, Phase.THINKING, Phase.SPEAKING
HELD, CLASSIFYING = Phase.PAUSED, Phase.CLASSIFYING


def test_a_question_is_answered_and_remembered() -> None:
    stage = Stage(parts(FakeRecognizer("how are you"), FakeChat(["I am ", "fine, thank you."])))
    stage.play(says(1, 0.0, 1.0), until=10)
    assert stage.path() == [H, T, S, L]
    assert stage.remembered() == [("user", "how are you"), ("assistant", "I am fine, thank you.")]
    numbers = [int(frame.mouth[0]) for frame in stage.screen.frames]
    assert numbers == list(range(len(numbers)))
    assert [frame.at for frame in stage.screen.frames[:3]] == [0, 1920, 3840]


def test_three_turns_share_one_history() -> None:
    chat = FakeChat(["One."], ["Two."], ["Three."])
    stage = Stage(parts(FakeRecognizer("a", "b", "c"), chat))
    stage.play([*says(1, 0, 1), *says(2, 5, 6), *says(3, 10, 11)], until=20)
    assert stage.path() == [H, T, S, L] * 3
    assert [m.content for m in chat.asked[2]] == [PERSONA, "a", "One.", "b", "Two.", "c"]


LONG = ["The first sentence is here. ", "The second one is never heard."]


def test_a_barge_in_mid_sentence_keeps_what_was_heard() -> None:
    stage = Stage(parts(FakeRecognizer("tell me", "and then"), FakeChat(LONG, ["Yes."])))
    stage.play([*says(1, 0, 1), *says(2, 3, 5)], until=12)
    assert stage.path()[:6] == [H, T, S, HELD, H, T]
    paused = [at for at, what in stage.player.log if what == "pause"]
    assert paused == [pytest.approx(3.4, abs=0.01)], "silent as soon as 0.4 s were voiced"
    flushed = [at for at, what in stage.player.log if what == "flush"]
    assert flushed[0] == pytest.approx(4.0, abs=0.01), "for good once nobody would call it a yeah"
    assert stage.screen.cleared == 1, "and the mouth closed"
    role, heard = stage.remembered()[1]
    assert role == "assistant"
    assert "The first sentence is here.".startswith(heard)
    assert heard and heard.split()[-1] in ["The", "first", "sentence", "is", "here."]
    assert len(heard) * 0.1 <= 3.4, "no more than the time allowed"
    assert stage.remembered()[2:] == [("user", "and then"), ("assistant", "Yes.")]


def test_a_short_word_that_interrupts_does() -> None:
    stage = Stage(parts(FakeRecognizer("tell me", "stop", "stop"), FakeChat(LONG, ["Yes."])))
    stage.play([*says(1, 0, 1), *says(2, 3, 3.6)], until=12)
    assert stage.path() == [H, T, S, HELD, CLASSIFYING, T, S, L]
    assert stage.remembered()[2:] == [("user", "stop"), ("assistant", "Yes.")]
    assert "second" not in stage.remembered()[1][1]


def test_a_cough_too_short_to_silence_it_is_not_noticed() -> None:
    stage = Stage(parts(FakeRecognizer("tell me"), FakeChat(["A rather long answer is given."])))
    stage.play([*says(1, 0, 1), *says(2, 3, 3.3)], until=12)
    assert stage.path() == [H, T, S, L]
    assert stage.remembered()[1][1] == "A rather long answer is given."


@pytest.mark.parametrize("words", ["Yeah.", "嗯", ""])
def test_a_backchannel_does_not_stop_the_reply(words: str) -> None:
    answer = "A rather long answer is given."
    stage = Stage(parts(FakeRecognizer("tell me", words), FakeChat([answer])))
    stage.play([*says(1, 0, 1), *says(2, 3, 3.6)], until=12)
    assert stage.path() == [H, T, S, HELD, CLASSIFYING, S, L]
    assert stage.remembered() == [("user", "tell me"), ("assistant", answer)]
    (paused,) = [at for at, what in stage.player.log if what == "pause"]
    (resumed,) = [at for at, what in stage.player.log if what == "resume"]
    assert (paused, resumed) == pytest.approx((3.4, 3.6 + 0.1 + 0.3), abs=0.01)
    assert stage.screen.held == [True, False]
    assert stage.screen.cleared == 0


def test_its_own_words_that_come_back_do_not_stop_it() -> None:
    answer = "A rather long answer is given."
    stage = Stage(parts(FakeRecognizer("tell me", "rather long"), FakeChat([answer])))
    stage.play([*says(1, 0, 1), *says(2, 3, 3.6)], until=12)
    assert stage.path() == [H, T, S, HELD, CLASSIFYING, S, L]
    assert stage.remembered() == [("user", "tell me"), ("assistant", answer)]


def test_the_echo_of_its_last_words_is_not_answered() -> None:
    chat = FakeChat(["It is Paris."], ["Which echo?"])
    stage = Stage(parts(FakeRecognizer("the capital?", "is Paris", "it is Paris"), chat))
    # the answer ends at 3.1; what follows at once is its echo, later it is a person
    stage.play([*says(1, 0, 1), *says(2, 2.8, 3.6), *says(3, 6, 7)], until=12)
    assert stage.path() == [H, T, S, L, H, T, L, H, T, S, L]
    assert [messages[-1].content for messages in chat.asked] == ["the capital?", "it is Paris"]


def test_a_second_backchannel_counts_anew() -> None:
    answer = "A rather long answer is given, and it goes on."
    stage = Stage(parts(FakeRecognizer("tell me", "Yeah", "Right"), FakeChat([answer])))
    stage.play([*says(1, 0, 1), *says(2, 3, 3.6), *says(3, 5, 5.6)], until=15)
    assert stage.path() == [H, T, S, *[HELD, CLASSIFYING, S] * 2, L]
    assert stage.remembered()[1][1] == answer


def test_words_are_looked_for_before_the_turn_has_ended() -> None:
    recognizer = FakeRecognizer("how are you")
    stage = Stage(parts(recognizer, FakeChat(["Fine."])))
    stage.play(says(1, 0.0, 1.0), until=10)
    assert stage.remembered() == [("user", "how are you"), ("assistant", "Fine.")]
    assert len(recognizer.heard) == 1
    assert stage.phases[1][0] == pytest.approx(1.3, abs=0.01)


def ends_late(turn: int, begin: float, end: float, wait: float, sure: bool = True) -> Script:
    """One utterance that the ears end only ``wait`` after its end, for what they hear if sure."""
    *script, (_, ended) = says(turn, begin, end)
    assert isinstance(ended, SpeechEnded)
    at = round((end + wait) * LISTEN_RATE)
    return [*script, (end + wait, SpeechEnded(ended.utterance, at, sure))]


def test_the_answer_is_prepared_while_the_end_is_uncertain() -> None:
    stage = Stage(parts(FakeRecognizer("how are you"), FakeChat(["I am fine, ", "thank you."])))
    stage.play(ends_late(1, 0.0, 1.0, wait=1.5), until=10)
    assert stage.path() == [H, T, S, L]
    assert [what for _, what in stage.player.log] == ["begin"]
    assert stage.player.log[0][0] == pytest.approx(2.5)  # not a moment before it was certain
    speaking = next(at for at, phase in stage.phases if phase is S)
    assert speaking == pytest.approx(2.5, abs=0.03)
    assert stage.remembered() == [("user", "how are you"), ("assistant", "I am fine, thank you.")]


def test_an_answer_prepared_for_half_a_question_is_never_heard() -> None:
    chat = FakeChat(["Fifty. ", "Or so. ", "I think."], ["It is Paris."])
    stage = Stage(parts(FakeRecognizer("what is", "what is the capital of france"), chat))
    first, second = says(1, 0.0, 1.0), says(1, 0.0, 3.0)
    pause = [entry for entry in first if entry[0] <= 1.3 and not isinstance(entry[1], SpeechEnded)]
    stage.play([*pause, *(entry for entry in second if entry[0] > 1.8)], until=10)
    assert stage.path() == [H, T, S, L]
    assert [messages[-1].content for messages in chat.asked] == [
        "what is",
        "what is the capital of france",
    ]
    assert stage.remembered()[0] == ("user", "what is the capital of france")
    assert stage.remembered()[1] == ("assistant", "It is Paris.")
    assert len(stage.player.log) == 1


def test_a_prepared_answer_that_fails_is_apologised_for_when_the_end_is_certain() -> None:
    stage = Stage(parts(FakeRecognizer("how are you"), FakeChat(["!"])))
    stage.play(ends_late(1, 0.0, 1.0, wait=1.5), until=10)
    assert stage.path() == [H, T, S, L]
    assert [what for _, what in stage.player.log] == ["flush", "begin"]


def test_the_apology_is_interrupted_as_an_answer_is() -> None:
    chat = FakeChat(["!"], ["Fine."])
    stage = Stage(parts(FakeRecognizer("how are you", "are you well"), chat))
    stage.session.apologies = {"en": np.ones(5 * SPEAK_RATE, np.float32)}
    stage.play([*says(1, 0, 1), *says(2, 2, 4)], until=10)
    assert stage.path()[:6] == [H, T, S, HELD, H, T]
    cut = [at for at, what in stage.player.log if what == "pause"]
    assert cut == [pytest.approx(2.4, abs=0.01)], "silent as soon as 0.4 s were voiced"
    assert stage.history.turns == (("how are you", ""), ("are you well", "Fine."))


def test_an_apology_ends_when_silence_is_asked_for() -> None:
    stage = Stage(parts(FakeRecognizer("how are you"), FakeChat(["!"])))
    stage.session.apologies = {"en": np.ones(5 * SPEAK_RATE, np.float32)}

    async def hush() -> None:
        await asyncio.sleep(3)
        stage.session.stop_speaking()

    stage.play(says(1, 0, 1), until=10, also=hush())
    assert stage.path() == [H, T, S, L]
    assert stage.phases[-1][0] == pytest.approx(3)


def test_a_face_that_fails_to_finish_leaves_the_answer() -> None:
    class Unfinished(FakeFace):
        def finish(self, cancel: CancelToken) -> Iterator[Mouth]:
            raise RuntimeError("the face broke")

    stage = Stage(parts(FakeRecognizer("go"), FakeChat(["All is well."]), Unfinished()))
    stage.play(says(1, 0, 1), until=10)
    assert stage.path() == [H, T, S, L]
    assert stage.remembered()[1][1] == "All is well."


def test_sound_without_a_sample_is_left_out() -> None:
    class Mute(FakeVoice):
        def synthesize(self, text: str, cancel: CancelToken) -> Iterator[Audio]:
            yield Audio(silence(0, 24_000), 24_000)

    made = replace(parts(FakeRecognizer("go"), FakeChat(["All is well."])), synthesizer=Mute())
    stage = Stage(made)
    stage.play(says(1, 0, 1), until=10)
    assert stage.path() == [H, T, L]


def test_nothing_of_a_prepared_answer_is_left_when_the_speech_was_too_short() -> None:
    stage = Stage(parts(FakeRecognizer("um"), FakeChat(["Yes?"])))
    *script, _ = says(1, 0.0, 1.0)
    stage.play([*script, (2.0, SpeechTooShort(1, 16_000))], until=10)
    assert stage.path() == [H, L]
    assert not stage.player.log and not stage.screen.frames


def test_words_that_could_not_be_read_ahead_are_looked_for_again() -> None:
    stage = Stage(parts(FakeRecognizer("!", "hello"), FakeChat(["Hi."])))
    stage.play(says(1, 0.0, 1.0), until=10)
    assert stage.remembered() == [("user", "hello"), ("assistant", "Hi.")]


def test_a_backchannel_that_becomes_a_question_stops_it() -> None:
    stage = Stage(
        parts(FakeRecognizer("tell me", "yeah", "yeah, but why"), FakeChat(LONG, ["So."]))
    )
    first, second = says(2, 3, 3.6), says(2, 3, 6)
    script = [*first[:-1], *(item for item in second if item[0] > 4.5)]
    stage.play([*says(1, 0, 1), *script], until=12)
    assert stage.path() == [H, T, S, HELD, CLASSIFYING, S, HELD, H, T, S, L]
    assert stage.remembered()[2:] == [("user", "yeah, but why"), ("assistant", "So.")]


def test_what_was_said_over_it_and_cannot_be_understood_stops_it() -> None:
    stage = Stage(parts(FakeRecognizer("tell me", "!", "!", "what"), FakeChat(LONG, ["Yes."])))
    stage.play([*says(1, 0, 1), *says(2, 3, 3.6)], until=12)
    assert stage.path() == [H, T, S, HELD, CLASSIFYING, T, S, L]
    assert stage.remembered()[2:] == [("user", "what"), ("assistant", "Yes.")]


def test_sound_that_goes_away_ends_the_reply_and_the_next_turn_works() -> None:
    stage = Stage(parts(FakeRecognizer("tell me", "again"), FakeChat(LONG, ["Yes."])))

    async def unplug() -> None:
        await asyncio.sleep(3)
        stage.session.sound_lost()

    stage.play([*says(1, 0, 1), *says(2, 6, 7)], until=12, also=unplug())
    assert stage.path() == [H, T, S, L, H, T, S, L]
    assert "The first sentence is here.".startswith(stage.remembered()[1][1])
    assert stage.remembered()[3] == ("assistant", "Yes.")


def test_a_pause_then_more_is_one_question() -> None:
    recognizer = FakeRecognizer("can you tell", "can you tell me the time")
    stage = Stage(parts(recognizer, FakeChat(["Never."], ["Noon."])))
    stage.play([*says(1, 0, 1), *says(2, 1.3, 2.5)], until=10)
    assert stage.path() == [H, T, H, T, S, L]
    assert recognizer.heard[1].seconds == pytest.approx(2.5), "both parts and the pause"
    assert stage.remembered()[0] == ("user", "can you tell me the time")


def test_a_cough_while_thinking_does_not_lose_the_question() -> None:
    stage = Stage(parts(FakeRecognizer("hello", "hello"), FakeChat(["Hi."], ["Hi."])))
    cough: Script = [(1.4, SpeechStarted(2, 0, 0.2)), (1.6, SpeechTooShort(2, 0))]
    stage.play([*says(1, 0, 1), *cough], until=10)
    assert stage.path() == [H, T, H, T, S, L]
    assert stage.remembered() == [("user", "hello"), ("assistant", "Hi.")]


def test_silence_is_not_answered() -> None:
    chat = FakeChat()
    stage = Stage(parts(FakeRecognizer(""), chat))
    stage.play(says(1, 0, 1), until=5)
    assert stage.path() == [H, T, L]
    assert not chat.asked
    assert not stage.remembered()


def test_an_answer_without_words_is_not_an_error() -> None:
    stage = Stage(parts(FakeRecognizer("hm"), FakeChat(["", " "])))
    stage.play(says(1, 0, 1), until=5)
    assert stage.path() == [H, T, L]


@pytest.mark.parametrize(
    ("make", "remembers"),
    [
        (lambda: parts(FakeRecognizer("!", "!", "again"), FakeChat(["Fine."])), []),
        (lambda: parts(FakeRecognizer("a", "again"), FakeChat(["!"], ["Fine."])), ["a"]),
        (
            lambda: parts(FakeRecognizer("a", "again"), FakeChat(["It goes kaboom."], ["Fine."])),
            ["a"],
        ),
    ],
    ids=["recogniser", "brain", "voice"],
)
def test_a_stage_that_fails_is_apologised_for_and_the_next_turn_works(
    make: Callable[[], Parts],
    remembers: list[str],
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage(make())
    stage.play([*says(1, 0, 1), *says(2, 5, 6)], until=15)
    begins = [at for at, what in stage.player.log if what == "begin"]
    assert len(begins) >= 2, "the apology and the answer"
    assert stage.path()[-1] is L
    texts = " ".join(text for _, text in stage.remembered())
    assert texts.endswith("again Fine.")
    assert all(word in texts for word in remembers)
    stage_name = {"recogniser": "whisper"}.get(request.node.callspec.id, request.node.callspec.id)
    assert f"turn 1 failed: {stage_name}: RuntimeError" in caplog.text


def test_a_failure_mid_reply_keeps_what_was_heard() -> None:
    answer = ["A first sentence that is heard. ", *["word "] * 60, "!"]
    stage = Stage(parts(FakeRecognizer("go"), FakeChat(answer)))
    stage.play(says(1, 0, 1), until=15)
    assert stage.path() == [H, T, S, L]
    heard = stage.remembered()[1][1]
    assert heard.startswith("A first sentence")
    assert heard.count("word") < 60


def test_a_sentence_spoken_in_pieces_is_remembered_once() -> None:
    made = parts(FakeRecognizer("go"), FakeChat(["One, two."]))
    stage = Stage(replace(made, synthesizer=FakeVoice(pieces=3)))
    stage.play(says(1, 0, 1), until=10)
    assert stage.remembered()[1][1] == "One, two."


def test_a_broken_face_leaves_the_sound() -> None:
    stage = Stage(parts(FakeRecognizer("go"), FakeChat(["All is well."]), FakeFace(broken=True)))
    stage.play(says(1, 0, 1), until=10)
    assert stage.path() == [H, T, S, L]
    assert stage.remembered()[1][1] == "All is well."
    assert not stage.screen.frames


def test_a_broken_conversion_leaves_the_plain_voice() -> None:
    converter = FakeConverter(broken=True)
    made = parts(FakeRecognizer("go"), FakeChat(["All is well."]), converter=converter)
    stage = Stage(made)
    stage.play(says(1, 0, 1), until=10)
    assert stage.path() == [H, T, S, L]
    assert stage.remembered()[1][1] == "All is well."


def test_a_conversion_is_used() -> None:
    converter = FakeConverter()
    stage = Stage(parts(FakeRecognizer("go"), FakeChat(["Good."]), converter=converter))
    stage.play(says(1, 0, 1), until=10)
    assert converter.converted == 1


def test_the_plain_voice_speaks_while_the_converted_one_loads() -> None:
    made = parts(FakeRecognizer("go"), FakeChat(["All is well."]))
    loading = Conversion("somebody", VirtualWorker(0.1))
    stage = Stage(replace(made, conversion=loading))
    stage.play(says(1, 0, 1), until=10)
    assert stage.path() == [H, T, S, L]
    assert stage.remembered()[1][1] == "All is well."


def test_a_voice_that_cannot_be_loaded_leaves_the_plain_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    conversion = Conversion("somebody", VirtualWorker())
    audio = Audio(silence(1, SPEAK_RATE), SPEAK_RATE)

    async def make() -> VoiceConverter:
        raise SetupError("no such voice", "digital-life voices list")

    async def main() -> Audio:
        await conversion.load(make)
        return await conversion.convert(audio)

    assert asyncio.run(main()) is audio
    assert not conversion.loaded
    assert "no such voice (digital-life voices list)" in caplog.text


def test_a_conversion_is_as_long_as_the_sound_it_is_given() -> None:
    class Short(FakeConverter):
        def convert(self, audio: Audio, cancel: CancelToken) -> Audio:
            return Audio(audio.samples[:-7], audio.rate)

    conversion = Conversion("somebody", VirtualWorker())
    conversion.use(Short())
    plain = Audio(silence(0.5, 24_000), 24_000)
    made = asyncio.run(conversion.convert(plain))
    assert made.rate == SPEAK_RATE and len(made.samples) == SPEAK_RATE // 2


def test_stopping_while_it_speaks_leaves_nothing_behind() -> None:
    stage = Stage(parts(FakeRecognizer("go"), FakeChat(["A long answer that goes on and on."])))
    stage.play(says(1, 0, 1), until=3.0)  # run_virtual fails when tasks are left
    assert stage.path() == [H, T, S]


def test_ears_that_fail_end_the_session() -> None:
    stage = Stage(parts(FakeRecognizer(), FakeChat()))

    async def hear() -> AsyncIterator[EarEvent]:
        yield SpeechStarted(1, 3200, 0.2)
        raise OSError("the microphone has gone")

    async def main() -> None:
        with pytest.raises(ExceptionGroup) as failure:
            await stage.session.run(hear())
        assert failure.group_contains(OSError, match="microphone")

    run_virtual(main())
