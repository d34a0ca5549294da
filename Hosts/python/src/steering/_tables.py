"""Reads tables of activations as parts of documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import _table_files as table_files
from ._table_files import pa
from .errors import FILE, NONFINITE, SHAPE, UNSUPPORTED, SteeringError

# What rows have, as columns; everything else belongs to their document.
OF_ROWS = ("tokens", "positions", "special", "pieces", "segments")
ALIASES = {"tokens": ("token_ids", "tokens", "token"), "positions": ("positions", "position")}


class Part(NamedTuple):
    """Consecutive rows of one document."""

    is_new: bool  #: its document begins here
    activations: np.ndarray  #: f32 or f16 [n_rows, width]
    of_rows: dict[str, Any]  #: of OF_ROWS what the table has, one entry per row
    members: dict[str, Any]  #: of the document
    place: str  #: file and row, for messages


def read(source: Path, column: str | None) -> Iterator[Part]:
    """The parts of a table in order, one batch in memory at a time."""
    seen: set[Any] = set()
    last: tuple[Any, dict] | None = None
    width: int | None = None
    for path in table_files.find(source):
        first = 0
        for batch in table_files.batches(path, column):
            name = table_files.activations(batch.schema, column, path)
            table = _Batch(path, first, batch, name)
            for part in table.sequences() if table.is_nested else table.tokens(last, seen):
                found = part.activations.shape[1]
                if width is not None and found != width:
                    raise SteeringError(
                        SHAPE, f"{part.place}: '{name}' has rows of width {found}, expected {width}"
                    )
                width = found
                yield part
            last = table.last
            first += batch.num_rows


class _Batch:
    """Some rows of a table."""

    def __init__(self, path: Path, first: int, batch: Any, name: str) -> None:
        self.path, self.first, self.batch, self.name = path, first, batch, name
        self.names = batch.schema.names
        if len(set(self.names)) != len(self.names):
            raise SteeringError(FILE, f"'{path}' has two columns of one name")
        self.is_nested = table_files.is_nested(batch.schema, name)
        self.last: tuple[Any, dict] | None = None  # key and members of the document that is open
        self.of_rows = {}
        for what in OF_ROWS:
            found = [one for one in ALIASES.get(what, (what,)) if one in self.names]
            if len(found) > 1:
                raise SteeringError(
                    FILE, f"'{path}' has columns '{found[0]}' and '{found[1]}', expected one"
                )
            if found:
                self.of_rows[what] = found[0]
        if "pieces" not in self.of_rows and "text" in self.names:
            if not self.is_nested or table_files.is_list(batch.schema.field("text").type):
                self.of_rows["pieces"] = "text"
        taken = {name, *self.of_rows.values()}
        self.rest = [
            field.name
            for field in batch.schema
            if field.name not in taken and table_files.depth(field.type) == 0
        ]

    def place(self, row: int) -> str:
        return f"'{self.path}' row {self.first + row}"

    def column(self, name: str) -> Any:
        found = self.batch.column(name)
        return found.storage if isinstance(found, pa.ExtensionArray) else found

    def matrix(self, lists: Any, place: str) -> np.ndarray:
        """Lists of floats as rows [n_rows, width]."""
        if isinstance(lists, pa.ExtensionArray):
            lists = lists.storage
        if len(lists) == 0:
            raise SteeringError(SHAPE, f"{place}: '{self.name}' is empty")
        lengths = pa.compute.list_value_length(lists).to_numpy(zero_copy_only=False)
        values = lists.flatten()
        if lists.null_count or values.null_count:
            raise SteeringError(FILE, f"{place}: '{self.name}' has a null, expected numbers")
        width = int(lengths[0])
        ragged = np.flatnonzero(lengths != width)
        if len(ragged) or width == 0:
            found, at = (int(lengths[ragged[0]]), ragged[0]) if len(ragged) else (0, 0)
            raise SteeringError(
                SHAPE,
                f"{place}: '{self.name}' has {found} numbers in its row {at}, expected "
                f"{width or 'some'} as in row 0",
            )
        rows = values.to_numpy(zero_copy_only=False).reshape(-1, width)
        if rows.dtype == np.float64:
            with np.errstate(over="ignore"):
                rows = rows.astype(np.float32)
        bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        if len(bad):
            raise SteeringError(
                NONFINITE,
                f"{place}: '{self.name}' has NaN or infinity in its row {bad[0]}",
                row=int(bad[0]),
            )
        return rows

    def member(self, name: str, row: int) -> Any:
        """A value that JSON can hold; None: there is none."""
        kind = table_files.storage(self.batch.schema.field(name).type)
        value = self.column(name)[row].as_py()
        if pa.types.is_map(kind) and value is not None:
            value = dict(value)
        if isinstance(value, dict):
            value = {key: one for key, one in value.items() if one is not None}
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            raise SteeringError(
                UNSUPPORTED,
                f"{self.place(row)}: column '{name}' of type {kind} does not fit into JSON, "
                "expected strings, numbers, booleans, or lists and structs of them",
            ) from None
        return value

    def members(self, row: int, leave: tuple[str, ...] = ()) -> dict[str, Any]:
        found = {name: self.member(name, row) for name in self.rest if name not in leave}
        return {name: value for name, value in found.items() if value is not None}

    def sequences(self) -> Iterator[Part]:
        """Every row is a document, its columns lists of one entry per token."""
        for row in range(self.batch.num_rows):
            place = self.place(row)
            value = self.column(self.name)[row]
            if not value.is_valid:
                raise SteeringError(FILE, f"{place}: '{self.name}' is null, expected numbers")
            activations = self.matrix(value.values, place)
            of_rows = {}
            for what, name in self.of_rows.items():
                entries = self.column(name)[row].as_py()
                if not isinstance(entries, list) or len(entries) != len(activations):
                    found = f"{len(entries)} entries" if isinstance(entries, list) else "no list"
                    raise SteeringError(
                        SHAPE,
                        f"{place}: '{name}' has {found}, expected {len(activations)}, one for each "
                        f"row of '{self.name}'",
                    )
                of_rows[what] = entries
            members = self.members(row)
            if "document" in members:
                members.setdefault("id", str(members.pop("document")))
            yield Part(True, activations, of_rows, members, place)

    def tokens(self, last: tuple[Any, dict] | None, seen: set[Any]) -> Iterator[Part]:
        """Every row is a token; the rows of a document stand together."""
        for needed, what in (("document", "what it belongs to"), ("position", "its place there")):
            names = ALIASES["positions"] if needed == "position" else (needed,)
            if not any(name in self.names for name in names):
                raise SteeringError(
                    FILE,
                    f"'{self.path}' has no column '{needed}', expected one that says of every row "
                    f"{what}",
                )
        self.last = last
        if self.batch.num_rows == 0:
            return
        keys = self.column("document").to_pylist()
        activations = self.matrix(self.column(self.name), self.place(0))
        columns = {what: self.column(name).to_pylist() for what, name in self.of_rows.items()}
        starts = [row for row in range(len(keys)) if row == 0 or keys[row] != keys[row - 1]]
        for start, end in zip(starts, [*starts[1:], len(keys)]):
            key = keys[start]
            is_new = self.last is None or self.last[0] != key
            if key is None or isinstance(key, (list, dict, float)):
                raise SteeringError(
                    FILE, f"{self.place(start)}: 'document' is {key}, expected a number or string"
                )
            if is_new and key in seen:
                raise SteeringError(
                    FILE,
                    f"{self.place(start)}: document {key!r} begins again, expected its rows "
                    "together",
                )
            seen.add(key)
            members = self.members(start, ("document",))
            members.setdefault("id", str(key))
            for row in range(start, end) if self.rest != ["document"] else ():
                found = self.members(row, ("document",))
                expected = members if is_new or self.last is None else self.last[1]
                found.setdefault("id", str(key))
                if found != expected:
                    name = next(one for one in self.rest if found.get(one) != expected.get(one))
                    raise SteeringError(
                        FILE,
                        f"{self.place(row)}: column '{name}' changes within document {key!r}, "
                        "expected one value",
                    )
            self.last = (key, members)
            of_rows = {what: entries[start:end] for what, entries in columns.items()}
            yield Part(is_new, activations[start:end], of_rows, members, self.place(start))
