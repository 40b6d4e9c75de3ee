"""``service`` (start at boot), ``doctor`` and ``setup``."""

import argparse
import json
import subprocess
from typing import TYPE_CHECKING

from daemon import system_packages
from daemon.commands.console import Subcommands, err, out, show_error
from daemon.errors import DigitalLifeError, SetupError
from daemon.i18n import tr
from daemon.service import install
from daemon.service.finding import Finding, Severity
from daemon.service.steps import Step, may_become_root, take
from daemon.system_packages import CAMERA, install_line
from daemon.terminal import styled

if TYPE_CHECKING:
    from daemon.config import Settings


def register(commands: Subcommands) -> None:
    """Add the commands."""
    service = commands.add_parser("service", help=tr("start at boot, and keep running"))
    leaves = service.add_subparsers(
        dest="what", required=True, metavar="install|uninstall|status|logs"
    )
    for name, text, run in (
        ("install", tr("install and start the service"), install_service),
        ("uninstall", tr("stop it and undo what install did"), uninstall_service),
        ("status", tr("what systemd says about it"), show_service),
        ("logs", tr("what it has logged"), show_logs),
    ):
        leaf = leaves.add_parser(name, help=text)
        leaf.add_argument(
            "--system", action="store_true", help=tr("a system service, not one of your session")
        )
        leaf.set_defaults(run=run, user=None)
        if name in ("install", "uninstall"):
            leaf.add_argument("--user", metavar="NAME", help=tr("with --system: whose it is"))
        if name == "logs":
            leaf.add_argument("--follow", action="store_true", help=tr("follow it until Ctrl+C"))

    looking = commands.add_parser(
        "doctor",
        help=tr("check everything that a conversation needs, and say how to fix it"),
        description=tr(
            "Looks at the machine, models, sound, camera and service. It listens for two seconds "
            "and plays a soft rustle. The exit code is 1 if something does not work."
        ),
    )
    looking.add_argument("--fix", action="store_true", help=tr("fix what can be fixed safely"))
    looking.add_argument("--json", action="store_true", help=tr("print JSON, for programs"))
    looking.set_defaults(run=examine_all)

    setup = commands.add_parser(
        "setup",
        help=tr("fetch what a conversation needs: system packages and models"),
        description=tr(
            "Fetches system packages and models, and then names a better language model if this "
            "machine can run one."
        ),
    )
    setup.add_argument("--yes", action="store_true", help=tr("take the better model, too"))
    setup.set_defaults(run=set_up)


def install_service(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Make it start at boot."""
    target = install.find_target(arguments.system, arguments.user)
    machine = install.inspect(target)
    if not machine.camera_installed:
        err.print(
            tr(
                "There will be no camera before this, and `service install` again: {command}"
            ).format(command=install_line(CAMERA)),
            markup=False,
        )
    left = _take(install.plan_install(target, machine))
    out.print(tr("Installed; it listens. `digital-life status` tells how it is."))
    return _tell_what_is_left(left)


def uninstall_service(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Undo the installation."""
    target = install.find_target(arguments.system, arguments.user)
    steps = install.plan_uninstall(target, install.inspect(target))
    if not steps:
        out.print(tr("Nothing is installed."))
        return 0
    return _tell_what_is_left(_take(steps))


def _take(steps: list[Step]) -> list[Step]:
    """Tell and take the steps; return those for root where we cannot become that."""
    able = may_become_root()
    left = []
    for step in steps:
        if step.root and not able:
            left.append(step)
            continue
        mark = "# " if step.root else "  "
        out.print(f"{mark}{step}", markup=False)
        take(step, lambda text: out.print(f"    {text}", markup=False))
    return left


def _tell_what_is_left(left: list[Step]) -> int:
    if left:
        err.print(tr("These need root, and there is no sudo:"))
        for step in left:
            err.print(step.line, markup=False)
    return 0


def show_service(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Show systemd's own words."""
    return _pass_on(["systemctl", *_scope(arguments), "--no-pager", "status", install.UNIT])


def show_logs(arguments: argparse.Namespace, _settings: "Settings") -> int:
    """Show the journal."""
    more = ["--follow"] if arguments.follow else []
    unit = "--unit" if arguments.system else "--user-unit"
    return _pass_on(["journalctl", "--no-pager", f"{unit}={install.UNIT}", *more])


def _scope(arguments: argparse.Namespace) -> list[str]:
    return [] if arguments.system else ["--user"]


def _pass_on(command: list[str]) -> int:
    try:
        return subprocess.run(command).returncode
    except FileNotFoundError:
        raise DigitalLifeError(
            tr("{program} is missing: this machine does not run systemd.").format(
                program=command[0]
            )
        ) from None


def examine_all(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print the findings; with ``--fix`` take the steps that need no decision."""
    from daemon.service import doctor  # which loads what it examines

    findings = []
    for finding in doctor.examine(settings):
        findings.append(finding)
        if not arguments.json:
            _show_finding(finding)
    if arguments.json:
        text = [finding.for_programs() for finding in findings]
        out.print(json.dumps(text, ensure_ascii=False, indent=2), markup=False)
    bad = [finding for finding in findings if finding.level is Severity.ERROR]
    if arguments.fix:
        mended = [finding for finding in findings if _mended(finding)]
        bad = [finding for finding in bad if finding not in mended]
    return 1 if bad else 0


def _mended(finding: Finding) -> bool:
    """Take a finding's step, if it has one that can be taken from here; whether that worked."""
    step = finding.step
    if step is None or (step.root and not may_become_root()):
        return False
    err.print(tr("Mending: {what}").format(what=step), markup=False)
    try:
        take(step)
    except DigitalLifeError as error:  # the others may be mended all the same
        show_error(error)
        return False
    return True


def _show_finding(finding: Finding) -> None:
    mark = {
        Severity.OK: ("✓", "green"),
        Severity.NOTE: ("·", "blue"),
        Severity.WARNING: ("!", "yellow"),
        Severity.ERROR: ("✗", "red"),
    }[finding.level]
    out.print(styled(mark, f" {finding.name}: {finding.text}"))
    if finding.why:
        out.print(f"    {finding.why}", markup=False)
    if finding.fix:
        out.print(f"    → {finding.fix}", markup=False)


def set_up(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Install the system packages where that needs no password, and fetch the models."""
    from daemon.commands.brain_use import propose
    from daemon.commands.voice_speed import measure_all
    from daemon.store.commands import pull_models
    from daemon.store.model_store import WeightState, open_store

    left = system_packages.install(system_packages.BASE)
    if refusal := system_packages.refused(left):
        raise SetupError(refusal, install_line(*left))
    store = open_store(settings.models.directory)
    states = {store.status(weight.name).state for weight in store.manifest.profile("default")}
    if states != {WeightState.READY}:
        pull_models(
            argparse.Namespace(names=[], profile=None, accept_license=False, files=None), settings
        )
    measure_all(settings, store, again=False)
    propose(settings, arguments.config, yes=arguments.yes)
    return 0
