from typing import Any

import pytest

from daemon.audio.routing import Module, Port, RoutingPlan, ServerState, make_plan
from daemon.config import load, packaged_config
from daemon.errors import DeviceError, SetupError

DEFAULTS = load(packaged_config()).settings
SPEAKERS, HEADSET = Port("alsa_output.pci", "Built-in Speakers"), Port("usb_out", "Headset")
MICROPHONE, WEBCAM = Port("alsa_input.pci", "Built-in Microphone"), Port("usb_in", "Webcam")
OURS = Port("digital_life", "Digital Life (voice)")
OUR_SOURCE = Port("digital_life_microphone", "Digital Life")


def monitor(sink: Port) -> Port:
    return Port(f"{sink.name}.monitor", f"Monitor of {sink.description}")


def sound(
    sinks: tuple[Port, ...] = (OURS, SPEAKERS, HEADSET),
    sources: tuple[Port, ...] = (OUR_SOURCE, MICROPHONE, WEBCAM),
    sink: str = SPEAKERS.name,
    source: str = MICROPHONE.name,
) -> ServerState:
    return ServerState(sinks, (*map(monitor, sinks), *sources), sink, source)


def plan(sounds: ServerState, **settings: Any) -> RoutingPlan:
    voice = {"output": "virtual-microphone"} | {
        key: value for key, value in settings.items() if key in ("output", "loudspeaker")
    }
    ears = {key: value for key, value in settings.items() if key not in voice}
    ears.pop("loudspeaker", None)
    return make_plan(
        DEFAULTS.voice.model_copy(update=voice), DEFAULTS.ears.model_copy(update=ears), sounds
    )


def loops(made: RoutingPlan) -> list[tuple[str, str]]:
    """From where to where sound is copied."""
    pairs = []
    for module in made.modules:
        if module.name == "module-loopback":
            words = dict(word.split("=", 1) for word in module.arguments.split())
            pairs.append((words["source"], words["sink"]))
    return pairs


def test_a_call_gets_a_source_that_is_no_monitor_and_has_our_name() -> None:
    made = plan(sound())
    names = [module.name for module in made.modules]
    assert names == ["module-null-sink", "module-remap-source"]
    assert "sink_name=digital_life " in made.modules[0].arguments
    assert "master=digital_life.monitor" in made.modules[1].arguments
    assert "device.description='Digital Life'" in made.modules[1].arguments
    assert made.ears is None
    assert not made.problems


@pytest.mark.parametrize(
    ("name", "default", "found"),
    [
        ("", SPEAKERS.name, SPEAKERS),
        ("", HEADSET.name, HEADSET),
        ("", OURS.name, SPEAKERS),
        ("head", SPEAKERS.name, HEADSET),
        ("USB_OUT", SPEAKERS.name, HEADSET),
    ],
)
def test_the_loudspeaker_follows_the_voice(name: str, default: str, found: Port) -> None:
    made = plan(sound(sink=default), output="both", loudspeaker=name)
    assert loops(made) == [("digital_life.monitor", found.name)]
    assert not made.problems


@pytest.mark.parametrize("name", ["", "Bluetooth", "Digital Life"])
def test_without_a_loudspeaker_the_call_still_hears(name: str) -> None:
    sinks = (OURS, Port("auto_null", "Dummy Output"))
    made = plan(sound(sinks=sinks, sink="auto_null"), output="both", loudspeaker=name)
    assert len(made.modules) == 2
    assert isinstance(made.problems[0], DeviceError)
    assert name in str(made.problems[0])


def test_the_ears_hear_the_call() -> None:
    made = plan(sound(), listen_to="call")
    assert loops(made) == [("alsa_output.pci.monitor", "digital_life_ears")]
    assert made.ears == "digital_life_ears.monitor"
    made = plan(sound(), listen_to="call", call_sink="Headset")
    assert loops(made) == [("usb_out.monitor", "digital_life_ears")]


def test_the_ears_hear_call_and_microphone() -> None:
    made = plan(sound(), listen_to="both")
    assert loops(made) == [
        ("alsa_output.pci.monitor", "digital_life_ears"),
        ("alsa_input.pci", "digital_life_ears"),
    ]
    made = plan(sound(source=OUR_SOURCE.name), listen_to="both", microphone="webcam")
    assert loops(made)[1] == ("usb_in", "digital_life_ears")
    made = plan(sound(source=OUR_SOURCE.name), listen_to="both")
    assert loops(made)[1] == ("alsa_input.pci", "digital_life_ears"), "never its own voice"


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({"listen_to": "call", "call_sink": "Zoom"}, "Zoom"),
        ({"listen_to": "both", "microphone": "Studio"}, "Studio"),
    ],
)
def test_what_is_missing_is_silence_and_not_something_else(
    settings: dict[str, str], asked: str
) -> None:
    made = plan(sound(), **settings)
    assert made.ears == "digital_life_ears.monitor"
    assert asked in str(made.problems[0])
    assert all(asked not in module.arguments for module in made.modules)


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({}, True),
        ({"call_sink": "Headset"}, False),
        ({"loudspeaker": "Headset"}, False),
        ({"loudspeaker": "Headset", "call_sink": "usb"}, True),
    ],
)
def test_it_never_hears_its_own_voice_in_the_call(settings: dict[str, str], refused: bool) -> None:
    made = plan(sound(), output="both", listen_to="call", **settings)
    copies_voice = [pair for pair in loops(made) if pair[0] == "digital_life.monitor"]
    assert bool(made.problems) == refused
    assert bool(copies_voice) != refused
    if refused:
        assert isinstance(made.problems[0], SetupError)
        assert "virtual-microphone" in made.problems[0].fix


def test_it_does_not_listen_to_itself_when_the_server_makes_it_the_default() -> None:
    assert plan(sound(source=OUR_SOURCE.name)).ears == "alsa_input.pci"
    assert plan(sound(source="digital_life.monitor"), microphone="webcam").ears is None
    made = plan(sound(sources=(OUR_SOURCE,), source=OUR_SOURCE.name))
    assert made.ears == "digital_life_ears.monitor", "silence"
    assert isinstance(made.problems[0], DeviceError)


@pytest.mark.parametrize(
    ("module", "ours"),
    [
        (Module("module-null-sink", "sink_name=digital_life rate=48000"), True),
        (Module("module-loopback", "latency_msec=15 source=digital_life.monitor sink=x"), True),
        (Module("module-null-sink", "sink_name=my_digital_life"), False),
        (Module("module-null-sink", "sink_name=x description=digital_life"), False),
        (Module("module-always-sink", ""), False),
    ],
)
def test_our_own_modules_are_known_again(module: Module, ours: bool) -> None:
    assert module.ours == ours
    assert all(module.ours for module in plan(sound(), output="both").modules)
