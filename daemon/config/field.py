"""How a setting is declared: default, reason, limits and where it may be changed, in one place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo


class Section(BaseModel):
    """A table of the settings' file: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)


def setting(
    default: object, description: str, *, live: bool = False, label: str = "", **limits: Any
) -> Any:
    """Declare a setting.

    ``description`` is what a user reads in ``config.toml``, on the settings page and in the panel;
    its Chinese is in ``texts_zh.toml``. ``live`` settings change in a running daemon, the others
    wait for a restart. One with a ``label`` can be chosen in the panel. ``limits`` are pydantic's,
    such as ``ge`` and ``le``.
    """
    more: JsonDict = {"live": live, "label": label}
    return Field(default, description=description, json_schema_extra=more, **limits)


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """What is known of one setting."""

    section: str
    key: str
    default: object
    description: str
    live: bool
    """It changes in a running daemon; else it waits for a restart."""
    label: str
    """What the panel calls it; "" if it is not offered there."""
    least: float | None
    most: float | None
    whole: bool
    """It is a number without a fraction."""
    choices: tuple[str, ...]
    """The values it may have, where these are few."""

    @property
    def name(self) -> str:
        """Its full name, such as ``voice.speed``."""
        return f"{self.section}.{self.key}"


def describe(settings: type[BaseModel]) -> Iterator[SettingInfo]:
    """Yield every setting of the sections in ``settings``, in the order of the file."""
    for section, table in settings.model_fields.items():
        kind = table.annotation
        assert isinstance(kind, type) and issubclass(kind, Section)
        for key, field in kind.model_fields.items():
            yield _info(section, key, field)


def _info(section: str, key: str, field: FieldInfo) -> SettingInfo:
    more = field.json_schema_extra
    assert isinstance(more, dict) and field.description, f"{section}.{key}: use setting()"
    limits = {
        name: getattr(limit, name)
        for limit in field.metadata
        for name in ("ge", "gt", "le", "lt")
        if getattr(limit, name, None) is not None
    }
    return SettingInfo(
        section,
        key,
        field.default,
        field.description,
        live=bool(more["live"]),
        label=str(more["label"]),
        least=limits.get("ge", limits.get("gt")),
        most=limits.get("le", limits.get("lt")),
        whole=field.annotation is int,
        choices=_choices(field.annotation),
    )


def _choices(annotation: object) -> tuple[str, ...]:
    """Return the words of a ``Literal``, also of one inside a tuple."""
    if get_origin(annotation) is Literal:
        return tuple(map(str, get_args(annotation)))
    return _choices(get_args(annotation)[0]) if get_origin(annotation) is tuple else ()
