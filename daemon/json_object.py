"""JSON as a type, without the sound and pictures of ``media``, which take 0.05 s to import."""

from typing import Any

JsonObject = dict[str, Any]
"""What another program wrote as JSON; whoever reads a field of it checks what is in it."""
