"""The errors of this package."""

from __future__ import annotations

# Status numbers of the C interface; frozen there.
OK = 0
ARGUMENT = 1
SHAPE = 2
NONFINITE = 3
CAPACITY = 4
IO = 10
FILE = 11
UNSUPPORTED = 12
PLAN = 20

_NAMES = {
    ARGUMENT: "STEER_ERR_ARGUMENT",
    SHAPE: "STEER_ERR_SHAPE",
    NONFINITE: "STEER_ERR_NONFINITE",
    CAPACITY: "STEER_ERR_CAPACITY",
    IO: "STEER_ERR_IO",
    FILE: "STEER_ERR_FILE",
    UNSUPPORTED: "STEER_ERR_UNSUPPORTED",
    PLAN: "STEER_ERR_PLAN",
}


class SteeringError(Exception):
    """Something that was asked for cannot be done.

    Attributes:
        status: The number of the C interface, for example 2.
        name: Its name, for example ``"STEER_ERR_SHAPE"``.
        message: One line: what was found, and what was expected.
        row: The offending row, counted within the call; None where no row is to blame.
    """

    def __init__(
        self, status: int, message: str, *, name: str | None = None, row: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.name = name if name is not None else _NAMES.get(status, f"status {status}")
        self.message = message
        self.row = row

    def __reduce__(self):
        return (_rebuild, (self.status, self.message, self.name, self.row))

    def __str__(self) -> str:
        return f"{self.message} [{self.name}]"


class LibraryError(OSError):
    """The shared library was not found, or is not the one that this package was written for."""


def _rebuild(status: int, message: str, name: str, row: int | None) -> SteeringError:
    # Exceptions cross process borders by pickling, which cannot pass keywords by itself.
    return SteeringError(status, message, name=name, row=row)
