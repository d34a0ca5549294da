"""Opens Arrow and Parquet files and finds their column of activations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import FILE, IO, SteeringError

try:
    import pyarrow as pa
    import pyarrow.compute
    import pyarrow.parquet as pq
except ImportError as error:
    raise ImportError(
        "reading tables needs pyarrow, which is not installed: pip install pyarrow"
    ) from error

# Rows of a table that stands in memory at once, where the file does not say: those of one token,
# and those of a whole sequence.
TOKEN_ROWS, SEQUENCE_ROWS = 4096, 16


def find(source: Path) -> list[Path]:
    """The files of a table, in order."""
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise SteeringError(IO, f"'{source}' does not exist, expected a table or its folder")
    state = source / "state.json"  # of datasets, which says the order itself
    if state.is_file():
        try:
            names = [one["filename"] for one in json.loads(state.read_text())["_data_files"]]
            files = [source / name for name in names if Path(name).name == name]
            if files and len(files) == len(names):
                return files
        except (ValueError, KeyError, TypeError):
            pass
        raise SteeringError(FILE, f"'{state}' names no files beside it, expected '_data_files'")
    files = sorted(path for path in source.iterdir() if path.suffix in (".arrow", ".parquet"))
    if not files:
        raise SteeringError(FILE, f"'{source}' has no .arrow and no .parquet file")
    if len({path.suffix for path in files}) > 1:
        raise SteeringError(FILE, f"'{source}' has .arrow and .parquet files, expected one kind")
    return files


def batches(path: Path, column: str | None) -> Iterator[Any]:
    """The record batches of a file, of a size that memory holds."""
    try:
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                schema = file.schema_arrow
                nested = is_nested(schema, activations(schema, column, path))
                yield from file.iter_batches(SEQUENCE_ROWS if nested else TOKEN_ROWS)
            return
        with pa.memory_map(str(path)) as file:
            if file.read(6) == b"ARROW1":
                reader = pa.ipc.open_file(file)
                found = (reader.get_batch(i) for i in range(reader.num_record_batches))
            else:
                file.seek(0)
                found = iter(pa.ipc.open_stream(file))
            for batch in found:
                step = batch.num_rows
                if is_nested(batch.schema, activations(batch.schema, column, path)):
                    step = SEQUENCE_ROWS
                for start in range(0, batch.num_rows, step or 1):
                    yield batch.slice(start, step)
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0]
        raise SteeringError(FILE, f"'{path}' is no Arrow or Parquet file: {reason}") from None
    except OSError as error:
        raise SteeringError(IO, f"'{path}' cannot be read: {error}") from None


def storage(kind: Any) -> Any:
    """What an extension type, such as those of datasets, is made of."""
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def is_list(kind: Any) -> bool:
    """Whether a column holds lists, of any form."""
    of = pa.types
    return of.is_list(kind) or of.is_large_list(kind) or of.is_fixed_size_list(kind)


def depth(kind: Any) -> int:
    """1 for lists of floats, 2 for lists of those, 0 for everything else."""
    kind = storage(kind)
    if not is_list(kind):
        return 0
    inner = storage(kind.value_type)
    if pa.types.is_floating(inner):
        return 1
    return 2 if depth(inner) == 1 else 0


def is_nested(schema: Any, name: str) -> bool:
    """Whether every row is a whole sequence."""
    return depth(schema.field(name).type) == 2


def activations(schema: Any, column: str | None, path: Path) -> str:
    """The column of activations."""
    names = [field.name for field in schema]
    rows = [field.name for field in schema if depth(field.type) > 0]
    if column is not None:
        if column not in names:
            raise SteeringError(
                FILE, f"'{path}' has no column '{column}', it has {', '.join(names) or 'none'}"
            )
        if column not in rows:
            raise SteeringError(
                FILE,
                f"'{path}': column '{column}' is of type {schema.field(column).type}, expected "
                "lists of floats",
            )
        return column
    if "activations" in rows:
        return "activations"
    if len(rows) != 1:
        found = f"several: {', '.join(rows)}; name one" if rows else f"it has {', '.join(names)}"
        raise SteeringError(FILE, f"'{path}' has no one column of activations, {found}")
    return rows[0]
