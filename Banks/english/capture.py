"""Records what the model holds at every token of the texts (needs PyPI's gguf and numpy).

    python3 capture.py --host steer-llama --model gemma-3-270m-q4_k_m.gguf --output rows FILE ...

FILE is pairs.jsonl or what real_text.py writes. Texts are run through `steer-llama --text-file` in
shards: the pairs of one structure, or 1,000 documents of one split. Beside NAME.safetensors, the
rows of layer 12, NAME.documents.jsonl says in the order of the tensor `documents` what they are:
{"document": 0, "id": ..., "pieces": ["<bos>", "The", ...], "source": ..., "labels": {...}, ...}.
A shard that is there already is kept, so an interrupted run goes on where it stopped.
"""

import argparse
import json
import os
import subprocess

import numpy

LAYER, WINDOW, SHARD = 12, 256, 1000
KEPT = ("source", "group", "labels", "pair", "split", "structure", "side")


def vocabulary(path):
    """The text of every token, as the GGUF spells it, with spaces."""
    import gguf
    field = gguf.GGUFReader(path).fields["tokenizer.ggml.tokens"]
    return [bytes(field.parts[index]).decode().replace("\u2581", " ") for index in field.data]


def sides(pair):
    for side in ("present", "absent"):
        yield {"id": f"{pair['pair']}/{side}", "pair": pair["pair"],
               "structure": pair["structure"], "split": pair["lexicon"], "side": side,
               "source": "pairs", "labels": {pair["structure"]: side == "present"},
               "text": pair[side]}


def shards(path):
    """Name and documents of every shard of a file, in order."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            if "present" in entry:
                found.setdefault("pairs-" + entry["structure"], []).extend(sides(entry))
            elif entry["split"] == "labelled":
                found.setdefault("labelled", []).append(entry)
            else:
                found.setdefault("null-" + entry["split"], []).append(entry)
    for name, documents in found.items():
        if not name.startswith("null-"):
            yield name, documents
            continue
        for number in range(0, len(documents), SHARD):
            yield f"{name}-{number // SHARD:03}", documents[number:number + SHARD]


def tensor(path, name):
    """One integer tensor of a safetensors file."""
    types = {"I32": numpy.int32, "I64": numpy.int64, "U8": numpy.uint8}
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(length))[name]
        start, end = entry["data_offsets"]
        file.seek(8 + length + start)
        return numpy.frombuffer(file.read(end - start), types[entry["dtype"]])


def capture(name, documents, pieces, options):
    base = os.path.join(options.output, name)
    if os.path.exists(base + ".documents.jsonl"):
        return
    with open(base + ".txt", "w", encoding="utf-8") as file:
        file.writelines(document["text"] + "\n" for document in documents)
    subprocess.run(
        [options.host, "--model", options.model, "--text-file", base + ".txt",
         "--ctx", str(WINDOW), "--capture", base + ".safetensors",
         "--capture-layer", str(LAYER), "--threads", str(options.threads)], check=True)
    owner, tokens, positions = (tensor(base + ".safetensors", each)
                                for each in ("documents", "tokens", "positions"))
    if (positions == 0).sum() != len(documents):
        raise SystemExit(f"{name}: {(positions == 0).sum()} windows, expected {len(documents)}")
    bounds = numpy.searchsorted(owner, numpy.arange(len(documents) + 1))
    with open(base + ".part", "w", encoding="utf-8") as file:
        for number, document in enumerate(documents):
            rows = slice(bounds[number], bounds[number + 1])
            entry = {"document": number, "id": document["id"],
                     "pieces": [pieces[token] for token in tokens[rows]]}
            entry.update((key, document[key]) for key in KEPT if key in document)
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    os.rename(base + ".part", base + ".documents.jsonl")
    os.remove(base + ".txt")
    print(f"{name}: {len(documents)} documents, {len(tokens)} tokens", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--host", required=True, help="the program steer-llama")
    parser.add_argument("--model", required=True, help="GGUF of Gemma 3 270M")
    parser.add_argument("--output", required=True, help="folder for the shards")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    os.makedirs(options.output, exist_ok=True)
    pieces = vocabulary(options.model)
    for path in options.files:
        for name, documents in shards(path):
            capture(name, documents, pieces, options)


if __name__ == "__main__":
    main()
