"""``digital-life timers``: timers, alarms and reminders."""

import argparse
import json
import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from daemon.api.client import Client, start_command
from daemon.api.skill_answers import TimerReport, TimerReports
from daemon.commands.console import Subcommands, err, out
from daemon.commands.skills_file import opened_skills, through_daemon_or_file
from daemon.i18n import tr
from daemon.json_object import JsonObject
from daemon.skills.clock import read_clock
from daemon.skills.entries import EXAMPLE, Entry
from daemon.skills.ringing import SNOOZE_S
from daemon.skills.store import skills_path
from daemon.skills.timer_table import MAX_SECONDS

if TYPE_CHECKING:
    from daemon.config import Settings


def register(commands: Subcommands) -> None:
    """Add the command."""
    timers = commands.add_parser(
        "timers",
        help=tr("list, set, cancel, stop and snooze timers, alarms and reminders"),
        description=tr(
            "Without a word after it, lists them. They ring while Digital Life runs; what was due "
            "while it was off is told when it starts."
        ),
        epilog=f"{EXAMPLE}; digital-life timers cancel pasta",
    )
    timers.set_defaults(run=list_timers)
    leaves = timers.add_subparsers(metavar="list|add|cancel|stop|snooze")
    listing = leaves.add_parser("list", help=tr("list what is set, and the time that is left"))
    listing.set_defaults(run=list_timers)
    adding = leaves.add_parser(
        "add",
        help=tr("set a timer, an alarm or a reminder, in words as you would say them"),
        epilog=(
            f"{EXAMPLE}; "
            'digital-life timers add "wake me at seven on weekdays"; '
            'digital-life timers add "remind me to call the dentist tomorrow at nine"'
        ),
    )
    adding.add_argument("words", nargs="+", metavar="WORDS", help=tr("what is to ring, and when"))
    adding.add_argument("--name", default="", help=tr("what it is called"))
    adding.set_defaults(run=add)
    cancelling = leaves.add_parser(
        "cancel",
        help=tr("cancel one of them, or all"),
        epilog="digital-life timers cancel pasta; digital-life timers cancel 3",
    )
    which = cancelling.add_mutually_exclusive_group(required=True)
    which.add_argument("which", nargs="?", metavar="NAME|NUMBER", help=tr("as `list` shows it"))
    which.add_argument("--all", action="store_true", help=tr("all of them"))
    cancelling.set_defaults(run=cancel)
    stopping = leaves.add_parser("stop", help=tr("silence what rings"))
    stopping.set_defaults(run=stop)
    snoozing = leaves.add_parser(
        "snooze",
        help=tr("silence what rings, and let it ring again later"),
        epilog="digital-life timers snooze 5",
    )
    snoozing.add_argument(
        "minutes",
        nargs="?",
        type=_minutes,
        metavar="MINUTES",
        help=tr("default: {minutes:.0f}").format(minutes=SNOOZE_S / 60),
    )
    snoozing.set_defaults(run=snooze)
    timers.add_argument("--json", action="store_true", help=tr("print JSON, for programs"))
    for leaf in (listing, adding, cancelling, stopping, snoozing):
        leaf.add_argument(  # which would else take back what stands before it
            "--json",
            action="store_true",
            default=argparse.SUPPRESS,
            help=tr("print JSON, for programs"),
        )


def list_timers(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Print what is set, from the file: so it can be seen at any time."""
    entries: Sequence[Entry] = ()
    if skills_path().exists():
        with opened_skills() as store:
            entries = store.timers.entries()
    return _print(TimerReports.of(entries, read_clock()), arguments.json)


def add(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Set what the words ask for."""
    from daemon.skills import requests  # 0.2 s, which --help need not wait for

    words = " ".join(arguments.words)

    answer = through_daemon_or_file(
        lambda client: client.post("timers", words=words, name=arguments.name),
        lambda store: TimerReport.of(
            requests.add(store, requests.Wanted(words, name=arguments.name)), read_clock()
        ).model_dump(),
        _tell_that_it_must_run,
    )
    return _print(TimerReports(timers=[TimerReport.model_validate(answer)]), arguments.json)


def _tell_that_it_must_run() -> None:
    text = tr("It rings only while Digital Life runs: {command}")
    err.print(text.format(command=start_command()), markup=False)


def cancel(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Cancel some, and tell which."""
    from daemon.skills import requests  # 0.2 s, which --help need not wait for

    with opened_skills() as store:
        chosen = [] if arguments.all else requests.find_entries(store, arguments.which)

    def ask(client: Client) -> JsonObject:
        if arguments.all:
            return client.delete("timers")
        answers = [client.delete(f"timers/{entry.id}") for entry in chosen]
        return {"timers": [timer for answer in answers for timer in answer["timers"]]}

    answer = through_daemon_or_file(
        ask,
        lambda store: TimerReports.of(
            requests.cancel(store, None if arguments.all else [entry.id for entry in chosen]),
            read_clock(),
        ).model_dump(),
    )
    return _print_changed(tr("cancelled: {what}"), answer, arguments.json)


def stop(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Silence what rings."""
    from daemon.skills import requests  # 0.2 s, which --help need not wait for

    answer = through_daemon_or_file(
        lambda client: client.post("timers/stop"),
        lambda store: TimerReports.of(requests.stop(store), read_clock()).model_dump(),
    )
    return _print_changed(tr("stopped: {what}"), answer, arguments.json)


def snooze(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Put off what rings."""
    from daemon.skills import requests  # 0.2 s, which --help need not wait for

    seconds = SNOOZE_S if arguments.minutes is None else arguments.minutes * 60
    answer = through_daemon_or_file(
        lambda client: client.post("timers/snooze", seconds=seconds),
        lambda store: TimerReports.of(requests.snooze(store, seconds), read_clock()).model_dump(),
    )
    return _print_changed(tr("rings again later: {what}"), answer, arguments.json)


def time_left(seconds: float) -> str:
    """Say how long something takes, to the second where that is less than a day."""
    left = max(0, math.ceil(seconds))
    days, rest = divmod(left, 86_400)
    minutes, seconds = divmod(rest, 60)
    hours, minutes = divmod(minutes, 60)
    if days:
        return tr("{days} d {hours} h").format(days=days, hours=hours)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def kind_title(kind: str) -> str:
    """Return what people call it."""
    return {"timer": tr("Timer"), "alarm": tr("Alarm"), "reminder": tr("Reminder")}[kind]


def _print(reports: TimerReports, as_json: bool) -> int:
    if as_json:
        return _print_json(reports.model_dump())
    if not reports.timers:
        out.print(tr("Nothing is set."))
        return 0
    table = Table("", "", tr("name"), tr("due"), tr("time left"))
    for timer in reports.timers:
        table.add_row(
            str(timer.id), kind_title(timer.kind), timer.name, _moment(timer), _state(timer)
        )
    out.print(table)
    return 0


def _moment(timer: TimerReport) -> str:
    form = "%H:%M" if timer.repeat else "%Y-%m-%d %H:%M"
    moment = time.strftime(form, time.localtime(timer.due))
    names = (tr("Mon"), tr("Tue"), tr("Wed"), tr("Thu"), tr("Fri"), tr("Sat"), tr("Sun"))
    return " ".join((moment, *(names[day] for day in timer.repeat)))


def _state(timer: TimerReport) -> str:
    if timer.state == "ringing":
        return tr("ringing")
    if timer.state == "done":
        return tr("missed")
    return time_left(timer.left_s)


def _print_changed(text: str, answer: JsonObject, as_json: bool) -> int:
    reports = TimerReports.model_validate(answer)
    if as_json:
        return _print_json(reports.model_dump())
    for timer in reports.timers:
        what = " ".join(filter(None, (kind_title(timer.kind), timer.name)))
        out.print(text.format(what=f"{what} ({_moment(timer)})"), markup=False)
    return 0


def _print_json(value: JsonObject) -> int:
    out.print(json.dumps(value, ensure_ascii=False, indent=2), markup=False)
    return 0


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not (0 < minutes <= MAX_SECONDS / 60):
        raise argparse.ArgumentTypeError(
            tr("{text}: between 0 and {most:.0f} minutes").format(text=text, most=MAX_SECONDS / 60)
        )
    return minutes
