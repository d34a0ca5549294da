"""Tables of activations become shards."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import steering
from steering import _shard_files
from steering.shards import _main, write_shards

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

HOOK = "blocks.1.hook_resid_post"
N, CONTEXT, WIDTH = 7, 5, 3


def numbers(dtype=np.float32, n=N, context=CONTEXT):
    return np.random.default_rng(3).standard_normal((n, context, WIDTH)).astype(dtype)


def nested(array):
    """Lists of lists of floats, as datasets' Array2D stores them."""
    inner = pa.FixedSizeListArray.from_arrays(pa.array(array.reshape(-1)), array.shape[2])
    rows = inner.cast(pa.list_(pa.from_numpy_dtype(array.dtype)))
    return pa.ListArray.from_arrays(np.arange(0, len(rows) + 1, array.shape[1], np.int32), rows)


def sequences(array, **columns):
    ids = np.arange(array.shape[0] * array.shape[1], dtype=np.int32)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(ids), array.shape[1])
    return pa.table({HOOK: nested(array), "token_ids": lists, **columns})


def tokens(lengths, names=None, **columns):
    """A table with one row per token, and its activations."""
    total = sum(lengths)
    rows = np.random.default_rng(4).standard_normal((total, WIDTH)).astype(np.float32)
    names = names or [f"doc-{i}" for i in range(len(lengths))]
    columns = {
        "activations": pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), WIDTH),
        "document": np.repeat(names, lengths),
        "position": np.concatenate([np.arange(length) for length in lengths]),
        **columns,
    }
    return pa.table(columns), rows


def write_stream(table, path, rows_per_batch=None):
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table, rows_per_batch)
    return path


def write_folder(table, folder, splits=(0, 3, N)):
    """A folder as SAELens caches activations; state.json says the order, which is not that of
    the names."""
    folder.mkdir()
    names = []
    for i, (start, end) in enumerate(zip(splits, splits[1:])):
        names.append(f"data-{len(splits) - i:05d}-of-00002.arrow")
        write_stream(table.slice(start, end - start), folder / names[-1])
    state = {"_data_files": [{"filename": name} for name in names], "_fingerprint": "x"}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text("{}")
    return folder


def load(path):
    """A safetensors file by its definition, and the documents beside it."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    kinds = {"F32": "<f4", "F16": "<f2", "I32": "<i4", "U8": "u1"}
    arrays, end = {}, 0
    for name, tensor in header.items():
        first, last = tensor["data_offsets"]
        assert first == end, "a hole between tensors"
        end = last
        part = data[8 + size + first : 8 + size + last]
        arrays[name] = np.frombuffer(part, kinds[tensor["dtype"]]).reshape(tensor["shape"])
    assert len(data) == 8 + size + end
    beside = path.with_name(path.name.replace(".safetensors", ".documents.jsonl"))
    return arrays, [json.loads(line) for line in beside.read_text().splitlines()]


def refusal(source, out, **options):
    """What is said of a table that is refused; nothing is left behind."""
    with pytest.raises(steering.SteeringError) as raised:
        write_shards(source, out, **options)
    assert not list(out.glob("*")) + list(out.glob(".*")), "something was left behind"
    assert "\n" not in raised.value.message
    return raised.value.message


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("form", ["folder", "stream", "file", "parquet"])
def test_sequences(tmp_path, dtype, form):
    array = numbers(dtype)
    table = sequences(array)
    if form == "folder":
        source = write_folder(table, tmp_path / "cache")
    elif form == "stream":
        source = write_stream(table, tmp_path / "a.arrow", 2)
    elif form == "file":
        source = tmp_path / "a.arrow"
        with pa.ipc.new_file(str(source), table.schema) as writer:
            writer.write_table(table, 3)
    else:
        source = tmp_path / "a.parquet"
        pq.write_table(table, source, row_group_size=2)
    (path,) = write_shards(source, tmp_path / "out")
    arrays, documents = load(path)
    assert path.name == "shard-00000.safetensors"
    assert sorted(arrays) == ["activations", "documents", "positions", "tokens"]
    assert arrays["activations"].dtype == dtype
    assert (arrays["activations"] == array.reshape(-1, WIDTH)).all()
    assert (arrays["documents"] == np.repeat(np.arange(N), CONTEXT)).all()
    assert (arrays["positions"] == np.tile(np.arange(CONTEXT), N)).all()
    assert (arrays["tokens"] == np.arange(N * CONTEXT)).all()
    assert documents == [{"document": i, "id": str(i)} for i in range(N)]


def test_shards_end_with_documents(tmp_path):
    array = numbers()
    source = write_stream(sequences(array), tmp_path / "a.arrow")
    paths = write_shards(source, tmp_path / "out", rows_per_shard=CONTEXT + 1, prefix="null")
    assert [path.name for path in paths] == [f"null-0000{i}.safetensors" for i in range(4)]
    found = [load(path) for path in paths]
    assert [len(documents) for _, documents in found] == [2, 2, 2, 1]
    whole = np.concatenate([arrays["activations"] for arrays, _ in found])
    assert (whole == array.reshape(-1, WIDTH)).all()
    # Numbers start again with each shard, ids do not.
    assert [d["document"] for _, documents in found for d in documents] == [0, 1, 0, 1, 0, 1, 0]
    assert [d["id"] for _, documents in found for d in documents] == list("0123456")
    assert found[1][0]["documents"].tolist() == [0] * CONTEXT + [1] * CONTEXT


def test_members_pieces_and_special_tokens(tmp_path):
    labels = pa.array([{"past": True, "passive": None}] + [None] * (N - 1))
    columns = {
        "id": [f"book-{i}" for i in range(N)],
        "labels": labels,
        "segments": [[0] * 3 + [1] * 2] * N,
        "text": [f"text {i}\n\u00e9" for i in range(N)],
    }
    source = write_stream(sequences(numbers(), **columns), tmp_path / "a.arrow")
    (path,) = write_shards(
        source, tmp_path / "out", tokenizer=lambda ids: [f"<{i}>" for i in ids], special_ids=[0, 7]
    )
    arrays, documents = load(path)
    assert np.flatnonzero(arrays["special"]).tolist() == [0, 7]
    assert documents[0] == {
        "document": 0,
        "id": "book-0",
        "labels": {"past": True},
        "text": "text 0\n\u00e9",
        "segments": [0, 0, 0, 1, 1],
        "pieces": ["<0>", "<1>", "<2>", "<3>", "<4>"],
    }
    assert "labels" not in documents[1] and documents[6]["pieces"][-1] == "<34>"
    columns["pieces"] = [list("abcde")] * N
    source = write_stream(sequences(numbers(), **columns), tmp_path / "b.arrow")
    (path,) = write_shards(source, tmp_path / "own", tokenizer=lambda ids: 1 / 0)
    assert load(path)[1][2]["pieces"] == list("abcde")


def test_tokens_across_batches_and_files(tmp_path):
    lengths = [4, 1, 9, 2]
    pieces = [f"p{i}" for i in range(16)]
    special = np.arange(16) % 4 == 0
    table, rows = tokens(lengths, pieces=pieces, special=special, token=np.arange(16) + 100)
    folder = tmp_path / "table"
    folder.mkdir()
    pq.write_table(table.slice(0, 7), folder / "a.parquet", row_group_size=3)
    pq.write_table(table.slice(7), folder / "b.parquet")
    (path,) = write_shards(folder, tmp_path / "out")
    arrays, documents = load(path)
    assert (arrays["activations"] == rows).all()
    assert (arrays["documents"] == np.repeat(range(4), lengths)).all()
    assert (arrays["positions"] == table["position"].to_numpy()).all()
    assert (arrays["tokens"] == np.arange(16) + 100).all()
    assert (arrays["special"] == special).all()
    assert [d["id"] for d in documents] == [f"doc-{i}" for i in range(4)]
    assert [one for d in documents for one in d["pieces"]] == pieces
    assert documents[2]["pieces"] == pieces[5:14]


def test_memory_is_that_of_a_batch(tmp_path):
    """Many batches cost no more than a few."""
    program = """
import resource, sys
from steering.shards import write_shards
paths = write_shards(sys.argv[1], sys.argv[2], rows_per_shard=4000)
print(len(paths), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    used = []
    for n in (20, 400):
        source = tmp_path / f"{n}.parquet"
        array = np.ones((1, 100, 256), np.float32)
        with pq.ParquetWriter(source, sequences(array).schema) as writer:
            for _ in range(n):
                writer.write_table(sequences(array))
        finished = subprocess.run(
            [sys.executable, "-c", program, source, tmp_path / f"out-{n}"],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(steering.__file__).parents[1],
        )
        used.append(int(finished.stdout.split()[1]))
    assert used[1] - used[0] < 20 << 10, f"{used} KiB for 2 and 40 MB of rows"


def broken(change):
    array = numbers()
    change(array)
    return sequences(array)


def ragged():
    lists = numbers().tolist()
    lists[4][2].append(1.0)
    return pa.table({HOOK: pa.array(lists, pa.list_(pa.list_(pa.float32())))})


def set_nan(array):
    array[5, 3, 1] = np.nan


REFUSED = [
    (broken(set_nan), {}, "row 5: 'blocks.1.hook_resid_post' has NaN or infinity in its row 3"),
    (ragged(), {}, "row 4: 'blocks.1.hook_resid_post' has 4 numbers in its row 2, expected 3"),
    (sequences(numbers()), {"column": "other"}, "has no column 'other', it has blocks.1"),
    (sequences(numbers()), {"column": "token_ids"}, "is of type fixed_size_list"),
    (sequences(numbers(), more=nested(numbers())), {}, "several: blocks.1.hook_resid_post, more"),
    (pa.table({"a": [1]}), {}, "has no one column of activations, it has a"),
    (sequences(numbers(), pieces=[["a"]] * N), {}, "row 0: 'pieces' has 1 entries, expected 5"),
    (sequences(numbers(), special=[[None] * 5] * N), {}, "'special' holds no integers alone"),
    (sequences(numbers(), positions=[[-1] * 5] * N), {}, "'positions' holds -1, expected 0 to"),
    (sequences(numbers(), x=[b"x"] * N), {}, "row 0: column 'x' of type binary does not fit"),
    (sequences(numbers()), {"tokenizer": lambda ids: ["a"]}, "the tokenizer gave 1 entries for 5"),
    (tokens([2, 2])[0].drop_columns("document"), {}, "has no column 'document', expected one"),
    (tokens([2, 2])[0].drop_columns("position"), {}, "has no column 'position', expected one"),
    (tokens([2, 2, 2], ["a", "b", "a"])[0], {}, "row 4: document 'a' begins again"),
    (tokens([2], label=["x", "y"])[0], {}, "row 1: column 'label' changes within document 'doc-0'"),
    (tokens([2])[0], {"special_ids": [1]}, "special_ids are given, expected token ids"),
    (sequences(numbers()), {"rows_per_shard": 0}, "rows_per_shard is 0, expected 1 or more"),
    (sequences(numbers()), {"prefix": "a/b"}, "prefix is 'a/b', expected the start of a file name"),
    (sequences(numbers(), id=[7.5] * N), {}, "row 0: 'id' is 7.5, expected a string or an integer"),
    (sequences(numbers(), id=[True] * N), {}, "row 0: 'id' is True, expected a string or"),
    (sequences(numbers(), id=[""] * N), {}, "row 0: 'id' is empty, expected a name"),
    (sequences(numbers(), id=list("abcdbfg")), {}, "row 4: 'id' is 'b' as of an earlier document"),
    (sequences(numbers(), id=[3, 1, 4, 1, 5, 9, 2]), {}, "row 3: 'id' is '1' as of an earlier"),
    (sequences(numbers(), id=[None, "0"] + list("abcde")), {}, "row 1: 'id' is '0' as of an"),
    (sequences(numbers(), source=[None] * 3 + [5] * 4), {}, "row 3: 'source' is 5, expected a str"),
    (sequences(numbers(), pair=[1] * N), {}, "row 0: 'pair' is 1, expected a string"),
    (sequences(numbers(), split=[False] * N), {}, "row 0: 'split' is False, expected a string"),
    (sequences(numbers(), rows=[-1] * N), {}, "row 0: 'rows' is -1, expected an integer of 0"),
    (sequences(numbers(), labels=["past"] * N), {}, "row 0: 'labels' is 'past', expected names"),
    (sequences(numbers(), labels=[{"a": 1}] * N), {}, "row 0: 'labels.a' is 1, expected true or"),
    (tokens([2, 1], note=["x", "x", "y" * (16 << 20)])[0], {}, "row 2: its document's line has"),
    (sequences(numbers(), x=["y"] * 6 + ["z" * (16 << 20)]), {}, "bytes, expected at most 16777"),
    (sequences(numbers()).slice(0, 0), {}, "has no rows, expected some"),
]


def test_integer_ids_become_text(tmp_path):
    table = sequences(numbers(), id=[30 + i for i in range(N)])
    (path,) = write_shards(write_stream(table, tmp_path / "a.arrow"), tmp_path / "out")
    assert [document["id"] for document in load(path)[1]] == [str(30 + i) for i in range(N)]


def test_lines_of_too_many_values(tmp_path):
    many = [{"x": [1, 2]}] * 10
    line = {"document": 0, "id": "a", "many": many, "none": None}
    assert _shard_files._counts(line) == (4 + 1 + 10 * 4, 11)
    lengths = [2, 1_000_000]
    rows = pa.FixedSizeListArray.from_arrays(pa.array(np.ones(sum(lengths), np.float32)), 1)
    columns = {"document": np.repeat([0, 1], lengths), "pieces": np.full(sum(lengths), "a")}
    position = np.concatenate([np.arange(length) for length in lengths])
    table = pa.table({"activations": rows, "position": position, **columns})
    source = write_stream(table, tmp_path / "a.arrow")
    words = refusal(source, tmp_path / "out")
    assert "row 2: its document's line has 1000004 values, expected at most 1000000" in words


def test_all_shards_or_none(tmp_path, monkeypatch):
    source = write_stream(sequences(numbers()), tmp_path / "a.arrow")
    out = tmp_path / "out"
    out.mkdir()
    (out / "shard-00001.documents.jsonl").mkdir()  # stands in the way of the second
    with pytest.raises(steering.SteeringError, match="cannot be written"):
        write_shards(source, out, rows_per_shard=CONTEXT)
    assert [path.name for path in out.iterdir()] == ["shard-00001.documents.jsonl"]
    (out / "shard-00001.documents.jsonl").rmdir()
    replace, calls = os.replace, []

    def interrupted(*names):
        calls.append(names)
        if len(calls) == 6:
            raise KeyboardInterrupt
        replace(*names)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_shards(source, out, rows_per_shard=CONTEXT)
    assert len(calls) == 6 and not list(out.iterdir())


@pytest.mark.parametrize("table, options, words", REFUSED, ids=[words for *_, words in REFUSED])
def test_refused(tmp_path, table, options, words):
    source = write_stream(table, tmp_path / "a.arrow", 2)
    assert words in refusal(source, tmp_path / "out", **options)


def test_refused_files(tmp_path):
    out = tmp_path / "out"
    assert "does not exist" in refusal(tmp_path / "none", out)
    source = write_stream(sequences(numbers()), tmp_path / "a.arrow")
    data = source.read_bytes()
    (tmp_path / "cut.arrow").write_bytes(data[: len(data) // 2])
    assert "cut.arrow" in refusal(tmp_path / "cut.arrow", out)
    (tmp_path / "a.parquet").write_bytes(data)
    assert "is no Arrow or Parquet file" in refusal(tmp_path / "a.parquet", out)
    (tmp_path / "empty").mkdir()
    assert "has no .arrow and no .parquet file" in refusal(tmp_path / "empty", out)
    (tmp_path / "empty" / "state.json").write_text('{"_data_files": [{"filename": "../a.arrow"}]}')
    assert "names no files beside it" in refusal(tmp_path / "empty", out)
    # Files of one folder whose rows differ.
    folder = tmp_path / "two"
    folder.mkdir()
    write_stream(sequences(numbers()), folder / "a.arrow")
    write_stream(sequences(numbers()[:, :, :2]), folder / "b.arrow")
    assert "rows of width 2, expected 3" in refusal(folder, out)


def test_shards_are_never_mixed(tmp_path):
    source = write_stream(sequences(numbers()), tmp_path / "a.arrow")
    (path,) = write_shards(source, tmp_path / "out")
    before = path.read_bytes()
    with pytest.raises(steering.SteeringError, match="is there already, expected no shards"):
        write_shards(source, tmp_path / "out")
    assert path.read_bytes() == before


def test_program(tmp_path, capsys):
    source = write_folder(sequences(numbers()), tmp_path / "cache")
    program = [sys.executable, "-m", "steering.shards", source, "-o", tmp_path / "out"]
    options = ["--rows-per-shard", "20", "--special-ids", "0,5"]
    folder = Path(steering.__file__).parents[1]
    done = subprocess.run([*program, *options], capture_output=True, text=True, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert len(paths) == 2 and load(paths[0])[0]["special"].sum() == 2

    assert _main([str(source), "-o", str(tmp_path / "out")]) == 3
    assert "is there already" in capsys.readouterr().err
    assert _main([str(tmp_path / "none"), "-o", str(tmp_path / "o")]) == 4
    said = capsys.readouterr()
    assert said.err.startswith("steering.shards: error: '") and said.err.count("\n") == 1
    assert said.out == ""
    with pytest.raises(SystemExit) as raised:
        _main([str(source)])
    assert raised.value.code == 2
