"""Checks of the virtual camera: whether it is there, ours to write to, and found by calls."""

import os
import platform
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from daemon.api.client import Client
from daemon.config import Settings
from daemon.errors import DigitalLifeError
from daemon.face import loopback
from daemon.face.camera import GROUP, LOAD
from daemon.i18n import tr
from daemon.service.finding import Finding, Severity, ok
from daemon.service.install import ETC, module_exists
from daemon.service.steps import RunCommand
from daemon.system_packages import CAMERA, Need, install_line

MODULE = Path("/sys/module/v4l2loopback")
OPTIONS = re.compile(r"^\s*options\s+v4l2loopback\s", re.MULTILINE)


def module(settings: Settings) -> Iterator[Finding]:
    """Look whether the kernel has the module, and why it has not."""
    if settings.camera.output == "none":
        yield ok("camera", tr("none is wanted"))
        return
    if MODULE.exists():
        yield ok("camera module", tr("loaded"))
        return
    if module_exists():
        yield Finding(
            "camera module",
            Severity.WARNING,
            tr("The kernel module v4l2loopback is not loaded."),
            tr("Nobody sees the face."),
            LOAD,
            RunCommand(["modprobe", "v4l2loopback"], root=True),
        )
        return
    yield _why_not()


def _why_not() -> Finding:
    """Say why the module does not exist for this kernel."""
    kernel = platform.release()
    why = tr("Nobody sees the face.")
    headers = Need("", f"linux-headers-{kernel}", f"kernel-devel-{kernel}", "linux-headers")
    if Path("/usr/src").is_dir() and list(Path("/usr/src").glob("v4l2loopback-*")):
        return Finding(
            "camera module",
            Severity.WARNING,
            tr("v4l2loopback was not built for the kernel {kernel}.").format(kernel=kernel),
            why,
            f"{install_line(headers)} && sudo dkms autoinstall",
        )
    return Finding(
        "camera module",
        Severity.WARNING,
        tr("v4l2loopback is not installed."),
        why,
        install_line(CAMERA),
    )


def secure_boot(_settings: Settings) -> Iterator[Finding]:
    """Look whether the firmware refuses modules built on this machine."""
    for variable in Path("/sys/firmware/efi/efivars").glob("SecureBoot-*"):
        on = variable.read_bytes()[-1:] == b"\1"
        if on and not MODULE.exists() and shutil.which("mokutil"):
            yield Finding(
                "secure boot",
                Severity.WARNING,
                tr("Secure boot is on: the kernel takes only signed modules."),
                tr("A v4l2loopback built on this machine is refused until its key is enrolled."),
                "sudo mokutil --import /var/lib/dkms/mok.pub",
            )
            return


def options(settings: Settings) -> Iterator[Finding]:
    """Look at the options that the module was loaded with, and at whose they are."""
    if settings.camera.output == "none" or not MODULE.exists():
        return
    exclusive = (MODULE / "parameters/exclusive_caps").read_text().startswith(("Y", "1"))
    if not exclusive:
        yield Finding(
            "camera options",
            Severity.WARNING,
            tr("v4l2loopback was loaded without exclusive_caps=1."),
            tr("Chrome, and all that is built on it, does not list the camera."),
            f"sudo modprobe -r v4l2loopback && {LOAD}",
        )
    else:
        yield ok("camera options", "exclusive_caps=1")
    for path in sorted(Path("/etc/modprobe.d").glob("*.conf")):
        if path != ETC["modprobe.conf"] and OPTIONS.search(path.read_text(errors="replace")):
            yield Finding(
                "camera options",
                Severity.NOTE,
                tr("{path} sets options of v4l2loopback, too.").format(path=path),
                tr("Of options set twice the last file's count."),
            )


def device(settings: Settings) -> Iterator[Finding]:
    """Look for a device that is ours to write to, and that viewers find."""
    if settings.camera.output == "none" or not MODULE.exists():
        return
    nodes = sorted(Path("/dev").glob("video*"))
    forbidden = [str(node) for node in nodes if not os.access(node, os.R_OK | os.W_OK)]
    found = loopback.devices()
    if not found:
        yield Finding(
            "camera",
            Severity.WARNING,
            tr("You may not open the camera {device}.").format(device=forbidden[0])
            if forbidden
            else tr("There is no virtual camera."),
            tr("Nobody sees the face."),
            tr("{command}, then log in again").format(command=GROUP) if forbidden else LOAD,
        )
        return
    ours = _in_use()
    if ours:
        seen = next((camera for camera in found if camera.path == ours), None)
        if seen is not None and seen.shows:
            yield ok("camera", tr("{device}, shown to viewers").format(device=ours))
        else:
            yield Finding(
                "camera",
                Severity.WARNING,
                tr("{device} shows nothing to viewers.").format(device=ours),
                tr("Video calls list a camera only while it shows something."),
                "systemctl --user restart digital-life",
            )
        return
    if found[0].name != loopback.NAME:
        yield Finding(
            "camera",
            Severity.NOTE,
            tr("{device} is called {name}.").format(device=found[0].path, name=found[0].name),
            tr("Video calls list it under that name; it may be another program's."),
            "digital-life service install",
        )
    else:
        yield ok("camera", f"{found[0].path}, {found[0].name}")


def _in_use() -> str:
    """Return the device that the running daemon shows on; empty if there is none."""
    try:
        return str(Client().get("status")["devices"].get("camera") or "")
    except DigitalLifeError:
        return ""


CHECKS = (module, secure_boot, options, device)
