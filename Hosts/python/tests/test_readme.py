"""The README's programs run as they stand."""

import json
import re
import shutil
from pathlib import Path

import pytest
from folders import Weights
from test_detector import spec

README = Path(__file__).parents[1] / "README.md"


def program(heading: str) -> str:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.S)
    (found,) = [block for block in blocks if heading in block]
    return found


def test_quick_start(tmp_path, monkeypatch, capsys):
    Weights().write(tmp_path / "my-sae")
    monkeypatch.chdir(tmp_path)
    scope: dict = {}
    exec(program("session.apply"), scope)  # noqa: S102
    assert "rows_edited=5" in capsys.readouterr().out
    assert len(scope["codes"].offsets) == 6


def test_shards(tmp_path, monkeypatch, capsys):
    from test_shards import CONTEXT, N, load, numbers, sequences, write_folder

    class Tokenizer:
        all_special_ids = (0, 5)

        def decode(self, ids):
            return f" {ids[0]}"

    write_folder(sequences(numbers()), tmp_path / "cached-activations")
    (tmp_path / "verdicts.jsonl").write_text('{"id": "0"}\n')
    monkeypatch.chdir(tmp_path)
    exec(program("write_shards"), {"tokenizer": Tokenizer()})  # noqa: S102
    arrays, documents = load(tmp_path / "shards" / "shard-00000.safetensors")
    assert arrays["special"].sum() == 2 and len(arrays["special"]) == N * CONTEXT
    assert documents[0]["pieces"] == [" 0", " 1", " 2", " 3", " 4"]
    assert capsys.readouterr().out == "{'id': '0'}\n"


def test_watching(tmp_path, monkeypatch):
    Weights().write(tmp_path / "my-sae")
    (tmp_path / "my-detector.json").write_text(json.dumps(spec()))
    monkeypatch.chdir(tmp_path)
    scope: dict = {}
    exec(program("detector.monitor()"), scope)  # noqa: S102
    assert scope["monitor"].tokens.kept == 99
    assert scope["found"]["höchst-mean"].blocks == 24


def test_watermark(tmp_path, monkeypatch):
    from test_watermark import VECTORS

    if not VECTORS.is_dir():
        pytest.skip(f"{VECTORS} is not there: the tests run outside the source tree")
    shutil.copytree(VECTORS / "sae", tmp_path / "my-sae")
    (tmp_path / "my-bank").mkdir()
    for name in ("bank.json", "null.safetensors"):
        (tmp_path / "my-bank" / name).write_bytes((VECTORS / name).read_bytes())
    key = tmp_path / "my-key.json"
    key.touch(0o600)
    key.write_bytes((VECTORS / "key-given.json").read_bytes())
    monkeypatch.chdir(tmp_path)
    scope: dict = {}
    exec(program("steering.Watermark("), scope)  # noqa: S102
    assert scope["plan"].needs_prompt_length and scope["detector"].info.is_calibrated


def test_transformers(tmp_path, monkeypatch, capsys):
    from torch_parts import torch

    transformers = pytest.importorskip(
        "transformers", reason="transformers is not installed: pip install transformers"
    )
    from test_transformers import build

    class Tokenizer:
        def __call__(self, texts, return_tensors):
            ids = torch.tensor([[1, 20, 30, 40]])
            return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}

    Weights(width=64, feature_count=128).write(tmp_path / "my-sae")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        transformers.AutoModelForCausalLM, "from_pretrained", lambda name: build("llama")
    )
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda name: Tokenizer())
    scope: dict = {}
    exec(program("AutoTokenizer"), scope)  # noqa: S102
    (said,) = re.findall(r"print\(hook.applied\) +# (.*)", README.read_text())
    assert capsys.readouterr().out.strip().endswith(said)
    assert scope["output"].shape == (1, 24)
