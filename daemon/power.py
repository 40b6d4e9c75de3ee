"""Whether the computer runs on its battery."""

from pathlib import Path

SUPPLIES = Path("/sys/class/power_supply")


def on_battery(supplies: Path = SUPPLIES) -> bool:
    """Whether a battery of the computer itself is being used up; that of a mouse does not count.

    See "Linux power supply class" in the kernel's documentation.
    """
    for supply in supplies.glob("*"):
        own = _told(supply, "scope") != "Device" and _told(supply, "type") == "Battery"
        if own and _told(supply, "status") == "Discharging":
            return True
    return False


def _told(supply: Path, name: str) -> str:
    try:
        return (supply / name).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
