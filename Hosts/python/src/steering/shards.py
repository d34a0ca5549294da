"""Brings tables of activations to the offline detector, and its verdicts back.

    import steering.shards

    steering.shards.write_shards("cached-activations", "shards")   # SAELens' cache, Parquet, Arrow
    for verdict in steering.shards.read_verdicts("verdicts.jsonl"):
        print(verdict)

A shard is a safetensors file of rows with a documents file beside it: ``shard-00000.safetensors``
and ``shard-00000.documents.jsonl``. Also a program: ``python -m steering.shards TABLE -o FOLDER``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from .errors import ARGUMENT, FILE, IO, SteeringError

__all__ = ["read_verdicts", "write_shards"]


def write_shards(
    source: str | os.PathLike,
    out_dir: str | os.PathLike,
    *,
    column: str | None = None,
    rows_per_shard: int = 100_000,
    prefix: str = "shard",
    tokenizer: Callable[[list[int]], Sequence[str]] | None = None,
    special_ids: Collection[int] | None = None,
) -> list[Path]:
    """Turns a table of activations into shards, batch by batch.

    A table is a folder of SAELens' cached activations, or an ``.arrow`` or ``.parquet`` file or a
    folder of these, in one of two forms. Lists of lists of floats ``[context, width]``: every row
    is a document. Lists of floats ``[width]``, with the columns ``document`` and ``position``:
    every row is a token, and the rows of a document stand together.

    Columns of one entry per token: ``token_ids``, ``positions``, ``special``, ``pieces``,
    ``segments`` (of tables of tokens also ``token``, ``position``, and ``text`` for pieces). Every
    other column is a member of the document's line, ``id`` among them: a string, or an integer that
    becomes one, of this document alone; without it documents are numbered through all shards. Of
    the other members that the detector reads, ``source``, ``pair`` and ``split`` must be strings,
    and ``labels`` a struct of booleans. A line has 16 MiB and 1,000,000 values at most.

    Args:
        source: The table.
        out_dir: The folder for the shards; made where it is not there.
        column: The column of activations; needed where several could be meant.
        rows_per_shard: A shard ends with the document that reaches this many rows.
        prefix: What the names of the files begin with.
        tokenizer: Called with a document's token ids where the table has no pieces; its answer is
            one text per token.
        special_ids: Token ids of BOS and its kind, where the table has no ``special``. Without
            either, the detector takes rows at position 0 for them.

    Returns:
        The safetensors files. They appear together at the end, or not at all.

    Activations are written as f32, or f16 where the table has f16. Memory: one batch of the table
    and 13 bytes for each row of a shard, and the id of every document; in tables of tokens also
    its key.

    Raises:
        SteeringError: With file and row. ImportError: pyarrow is not installed.
    """
    from . import _shard_files, _tables

    if isinstance(rows_per_shard, bool) or not isinstance(rows_per_shard, int):
        raise SteeringError(ARGUMENT, f"rows_per_shard is {rows_per_shard!r}, expected an integer")
    if rows_per_shard < 1:
        raise SteeringError(ARGUMENT, f"rows_per_shard is {rows_per_shard}, expected 1 or more")
    if not prefix or Path(prefix).name != prefix or any(c in prefix for c in "*?["):
        raise SteeringError(ARGUMENT, f"prefix is {prefix!r}, expected the start of a file name")
    out = Path(out_dir)
    try:
        out.mkdir(parents=True, exist_ok=True)
        there = sorted(out.glob(f"{prefix}-*.safetensors"))
        if there:
            raise SteeringError(FILE, f"'{there[0]}' is there already, expected no shards")
        folder = Path(tempfile.mkdtemp(prefix=f".{prefix}-", dir=out))
        try:
            shards = _shard_files.Shards(folder, rows_per_shard, prefix, tokenizer, special_ids)
            for part in _tables.read(Path(source), column):
                shards.add(part)
            names = shards.end()
            if not names:
                raise SteeringError(FILE, f"'{source}' has no rows, expected some")
            _publish(folder, out, names)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise SteeringError(IO, f"'{out}' cannot be written: {error}") from None
    return [out / f"{name}.safetensors" for name in names]


def _publish(folder: Path, out: Path, names: list[str]) -> None:
    """Gives the files their names: all of them, or none."""
    published: list[Path] = []
    try:
        for name in names:  # first the documents: rows are never there without them
            for suffix in (".documents.jsonl", ".safetensors"):
                published.append(out / (name + suffix))
                os.replace(folder / (name + suffix), published[-1])
    except BaseException:
        for path in reversed(published):  # first the rows
            if not (folder / path.name).exists():  # else it never came, and may be another's
                path.unlink(missing_ok=True)
        raise


def read_verdicts(path: str | os.PathLike) -> Iterator[dict[str, Any]]:
    """The lines of a file of verdicts, as dictionaries, one at a time.

    Raises:
        SteeringError: With file and line, when that line is reached.
    """
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                yield _object(line, f"'{path}' line {number}")
    except OSError as error:
        raise SteeringError(IO, f"'{path}' cannot be read: {error.strerror}") from None


def _object(line: bytes, place: str) -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise ValueError(f"found {word}, expected a number")

    try:
        found = json.loads(line.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise SteeringError(FILE, f"{place} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise SteeringError(FILE, f"{place} is no object, expected one")
    return found


def _main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m steering.shards",
        description="Turns a table of activations (SAELens' cache, Arrow, Parquet) into shards.",
    )
    parser.add_argument("source", metavar="TABLE", help="a file, or a folder of files")
    parser.add_argument("-o", "--out", required=True, metavar="FOLDER", help="where shards go")
    parser.add_argument("--column", help="the column of activations, where several could be meant")
    parser.add_argument("--rows-per-shard", type=int, default=100_000, metavar="N")
    parser.add_argument("--prefix", default="shard", help="what the files' names begin with")
    parser.add_argument(
        "--special-ids",
        type=lambda text: [int(one) for one in text.split(",")],
        metavar="I,J",
        help="token ids of BOS and its kind",
    )
    given = parser.parse_args(arguments)
    options = {name: value for name, value in vars(given).items() if name not in ("source", "out")}
    try:
        for path in write_shards(given.source, given.out, **options):
            print(path)
    except (SteeringError, ImportError) as error:
        message = error.message if isinstance(error, SteeringError) else str(error)
        print(f"steering.shards: error: {message}", file=sys.stderr)
        status = getattr(error, "status", IO)
        return {IO: 4, ARGUMENT: 2}.get(status, 3)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
