"""Steering the running daemon: ``status``, ``mute``, ``face``, ``events`` and others."""

import argparse
import json
import time
from typing import TYPE_CHECKING

from rich.table import Table

from daemon.api.client import Client
from daemon.commands.console import Subcommands, clock_duration, out
from daemon.i18n import tr
from daemon.json_object import JsonObject

if TYPE_CHECKING:
    from daemon.config import Settings


def register(commands: Subcommands) -> None:
    """Add the commands."""
    status = commands.add_parser(
        "status", help=tr("state, devices and latency of the running daemon")
    )
    status.add_argument("--json", action="store_true", help=tr("print JSON, for programs"))
    status.set_defaults(run=show_status)
    for name, text in (
        ("mute", tr("switch the microphone off, or the camera")),
        ("unmute", tr("switch the microphone on again, or the camera")),
    ):
        switch = commands.add_parser(name, help=text)
        switch.add_argument(
            "what", nargs="?", choices=["microphone", "camera"], default="microphone"
        )
        switch.set_defaults(run=switch_device)
    silence = commands.add_parser("stop-talking", help=tr("silence the daemon"))
    silence.set_defaults(run=stop_talking)
    face = commands.add_parser("face", help=tr("show another face, until the next start"))
    face.add_argument("name", help=tr("as `digital-life faces list` names it"))
    face.set_defaults(run=choose_face)
    voice = commands.add_parser("voice", help=tr("speak with another voice, until the next start"))
    voice.add_argument(
        "name",
        help=tr("as `digital-life voices list` names it, or a Piper voice's .onnx file"),
    )
    voice.set_defaults(run=choose_voice)
    again = commands.add_parser("reload", help=tr("have the daemon read its settings again"))
    again.set_defaults(run=reload_settings)
    events = commands.add_parser(
        "events", help=tr("follow what the daemon does, a line of JSON each, until Ctrl+C")
    )
    events.add_argument(
        "--words", action="store_true", help=tr("tell what people say, too, and who said it")
    )
    events.set_defaults(run=follow_events)
    metrics = commands.add_parser(
        "metrics", help=tr("print figures in the text format of Prometheus")
    )
    metrics.set_defaults(run=show_metrics)


def show_status(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Print how the daemon is."""
    status = Client().get("status")
    if arguments.json:
        out.print(json.dumps(status, ensure_ascii=False, indent=2), markup=False)
        return 0
    devices, models = status["devices"], status["models"]
    table = Table(show_header=False)
    table.add_row(tr("state"), f"{status['state']} {status['loading'] or ''}")
    table.add_row(tr("running for"), clock_duration(status["uptime_s"]))
    for name in ("microphone", "loudspeaker"):
        if name in devices:
            table.add_row(tr(name), devices[name]["name"])
    table.add_row(tr("camera"), str(devices.get("camera") or "–"))
    brain = f"{models['brain']} ({models['engine']})" if models.get("engine") else models["brain"]
    table.add_row(
        tr("models"),
        ", ".join((models["ears"], brain, *models["voice"].values(), models["face"])),
    )
    off = [tr(name) for name, muted in status["muted"].items() if muted]
    for server in status["tools"]:
        table.add_row(tr("tools of {name}").format(name=server["server"]), _tools(server))
    for server in status["servers"]:
        ears = server["part"] == "ears"
        table.add_row(tr("server that hears") if ears else tr("server that speaks"), _use(server))
    table.add_row(tr("timers and alarms"), timers_line(status.get("timers")))
    table.add_row(tr("off"), ", ".join(off) or "–")
    if status["recorded_s"] is not None:
        table.add_row(tr("recording for"), clock_duration(status["recorded_s"]))
    table.add_row(tr("not working"), ", ".join(status["degraded"]) or "–")
    answers = [turn["first_audible"] for turn in status["turns"]]
    table.add_row(
        tr("seconds to the answer, newest last"), " ".join(f"{s:.2f}" for s in answers) or "–"
    )
    table.add_row(tr("memory"), f"{status['memory_mb']:.0f} MB")
    out.print(table)
    return 0


def _use(server: JsonObject) -> str:
    """Say whether a server is in use, and why not."""
    if server["in_use"]:
        return str(server["url"])
    return f"{server['problem']} {tr('This machine does its work meanwhile.')}"


def _tools(server: JsonObject) -> str:
    """Say how a server of tools is; what may not be called is in brackets."""
    if server["state"] != "ready":
        return server["problem"] or tr("starting")
    names = [tool["tool"] if tool["allowed"] else f"({tool['tool']})" for tool in server["tools"]]
    return ", ".join(names) or "–"


def timers_line(counts: JsonObject | None) -> str:
    """Say in a line what is set and what rings."""
    if not counts or not (counts["pending"] or counts["ringing"]):
        return "–"
    told = [tr("{count} ringing").format(count=counts["ringing"])] if counts["ringing"] else []
    if counts["pending"]:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(counts["next_due"]))
        told.append(tr("{count} set, the next for {at}").format(count=counts["pending"], at=at))
    return ", ".join(told)


def switch_device(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Switch microphone or camera."""
    Client().post(arguments.command, what=arguments.what)
    return 0


def stop_talking(_arguments: argparse.Namespace, _settings: "Settings") -> int:
    """End what is being said."""
    Client().post("stop-talking")
    return 0


def choose_face(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Show another face."""
    Client().put("face", name=arguments.name)
    return 0


def choose_voice(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Speak with another voice."""
    Client().put("voice", name=arguments.name)
    return 0


def reload_settings(_arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Have the settings read again; say what changed and what needs a restart."""
    reply = Client().post("settings/reload")
    for text, names in (
        (tr("changed: {names}"), reply["changed"]),
        (tr("only after a restart: {names}"), reply["needs_restart"]),
    ):
        if names:
            out.print(text.format(names=", ".join(names)), markup=False)
    if not reply["changed"] and not reply["needs_restart"]:
        out.print(tr("Nothing has changed."))
    return 0


def follow_events(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Print what happens as it happens."""
    for event in Client().events(arguments.words):
        out.print(json.dumps(event, ensure_ascii=False), markup=False)
    return 0


def show_metrics(_arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Print the figures."""
    out.print(Client().text("metrics"), end="", markup=False)
    return 0
