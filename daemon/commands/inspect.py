"""Looking without touching: ``devices``, ``config show``, ``config check``."""

import argparse
from pathlib import Path

from rich.table import Table

from daemon.commands.console import Subcommands, out
from daemon.config import Settings, load
from daemon.config.file import as_toml
from daemon.errors import DeviceError
from daemon.i18n import tr


def register(commands: Subcommands) -> None:
    """Add the commands."""
    devices = commands.add_parser("devices", help=tr("list microphones and loudspeakers"))
    devices.set_defaults(run=list_sound_devices)

    config = commands.add_parser("config", help=tr("show or check the settings"))
    leaves = config.add_subparsers(dest="what", required=True, metavar="show|check")
    show = leaves.add_parser("show", help=tr("print every setting that is in force"))
    show.set_defaults(run=show_config)
    check = leaves.add_parser("check", help=tr("check a settings file and name its first mistake"))
    check.add_argument("file", type=Path, nargs="?", help=tr("default: the file in force"))
    check.set_defaults(run=check_config)


def list_sound_devices(_arguments: argparse.Namespace, _settings: Settings) -> int:
    """Print the sound devices."""
    from daemon.audio.devices import list_devices

    devices = list_devices()
    if not devices:
        raise DeviceError(
            tr("There are no sound devices."),
            tr("Connect one, or start a sound server (PipeWire or PulseAudio)."),
        )
    table = Table(tr("device"), tr("system"), tr("microphone"), tr("loudspeaker"))
    for device in devices:
        table.add_row(
            device.name,
            device.host,
            _channels(device.inputs, device.default_input),
            _channels(device.outputs, device.default_output),
        )
    out.print(table)
    return 0


def _channels(count: int, default: bool) -> str:
    return (str(count) if count else "–") + (" *" if default else "")


def show_config(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the settings as TOML."""
    loaded = load(arguments.config)
    out.print(f"# {loaded.source}", markup=False)
    out.print("\n" + as_toml(settings.model_dump(mode="json")).rstrip("\n"), markup=False)
    return 0


def check_config(arguments: argparse.Namespace, _settings: Settings) -> int:
    """Load a file; its first mistake is the error."""
    loaded = load(arguments.file or arguments.config)
    out.print(tr("{path} is fine.").format(path=loaded.source), markup=False)
    return 0
