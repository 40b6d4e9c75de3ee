"""What a file must hold, by whichever checksum its source tells."""

import hashlib
from dataclasses import dataclass
from typing import Protocol


class Digest(Protocol):
    """What computes a checksum: one of ``hashlib``."""

    def update(self, data: bytes, /) -> None:
        """Go on with these bytes."""

    def hexdigest(self) -> str:
        """Return the checksum of all so far, in hexadecimal."""


class Expected(Protocol):
    """The size and checksum of a file."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def checksum(self) -> str:
        """What ``digest`` comes to, in hexadecimal."""

    def digest(self) -> Digest:
        """Return what computes the checksum of the contents that follow."""


@dataclass(frozen=True, slots=True)
class GitBlob:
    """What a file must hold, as git names it: the only checksum that the hub tells of small ones.

    A blob's name is the SHA-1 of ``blob``, a space, the size in decimal, a zero byte, and the
    contents (Pro Git, 2nd edition, section 10.2).
    """

    size: int
    checksum: str

    def digest(self) -> Digest:
        """Return what computes the checksum of the contents that follow."""
        return hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
