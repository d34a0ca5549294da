"""What the detector says of documents, line by line; pyarrow is not needed."""

import sys

import pytest

import steering
from steering.shards import read_verdicts, write_shards


def test_verdicts(tmp_path):
    path = tmp_path / "verdicts.jsonl"
    path.write_text('{"id": "a", "p": 0.5}\n{"id": "\u00e9", "flags": [true]}\n')
    assert list(read_verdicts(path)) == [{"id": "a", "p": 0.5}, {"id": "\u00e9", "flags": [True]}]
    path.write_text('{"id": "a"}\n[1]\n')
    verdicts = read_verdicts(path)
    assert next(verdicts) == {"id": "a"}
    with pytest.raises(steering.SteeringError, match="line 2 is no object"):
        next(verdicts)
    for line in ('{"p": NaN}', '{"p": 1', "", '{"p": "\\ud800" "x"}'):
        path.write_text(line + "\n")
        with pytest.raises(steering.SteeringError, match="line 1 is no JSON"):
            list(read_verdicts(path))
    with pytest.raises(steering.SteeringError, match="cannot be read"):
        list(read_verdicts(tmp_path / "none"))


def test_tables_need_pyarrow(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("steering._")]:
        if name.removeprefix("steering._") in ("table_files", "tables", "shard_files"):
            monkeypatch.delitem(sys.modules, name)
            monkeypatch.delattr(steering, name.removeprefix("steering."), raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="needs pyarrow.*pip install pyarrow"):
        write_shards(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
