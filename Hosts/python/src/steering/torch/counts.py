"""How many rows a hook has changed."""

from __future__ import annotations

from typing import NamedTuple


class Applied(NamedTuple):
    """Rows of a hook so far; padding is not counted."""

    edited: int  #: rows that were changed
    rows: int  #: rows that passed through the module
    undefined: int  #: rows whose normalisation is undefined: left alone
    calls: int  #: calls of the module

    def __str__(self) -> str:
        text = f"{self.edited} of {self.rows} rows edited in {self.calls} calls"
        return f"{text}, {self.undefined} undefined" if self.undefined else text
