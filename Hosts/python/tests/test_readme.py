"""The README's programs run as they stand."""

import re
from pathlib import Path

import pytest
from folders import Weights

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
