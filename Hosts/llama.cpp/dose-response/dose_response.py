#!/usr/bin/env python3
"""Dose and response of one feature on a real model: table, picture and raw numbers.

    dose_response.py --program build/dose-response --model m.gguf --sae dir --feature 3229 --output dir

Adds the feature's decoder row after its block at rising strength and measures, one block later, the
feature's own activation, and at the output, the probability of the tokens that the row points to (its
logit lens: output matrix times final norm times row, ten largest). The controls are other decoder rows,
drawn at random and scaled to the same length. Needs numpy and gguf, both on PyPI.
"""

import argparse
import json
import pathlib
import subprocess
import sys

import gguf
import numpy

TOKENS = 10
HERE = pathlib.Path(__file__).parent


def read_decoder(folder):
    """The decoder rows of a SAELens folder, [features, width] f32."""
    data = (pathlib.Path(folder) / "sae_weights.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    entry = json.loads(data[8 : 8 + size])["W_dec"]
    begin, end = (8 + size + offset for offset in entry["data_offsets"])
    if entry["dtype"] == "BF16":
        short = numpy.frombuffer(data[begin:end], numpy.uint16).astype(numpy.uint32)
        values = (short << 16).view(numpy.float32)
    elif entry["dtype"] == "F32":
        values = numpy.frombuffer(data[begin:end], numpy.float32)
    else:
        sys.exit(f"W_dec holds {entry['dtype']}, expected F32 or BF16")
    return values.reshape(entry["shape"])


def logit_lens(model, direction):
    """Ids and texts of the tokens that `direction` points to, best first."""
    reader = gguf.GGUFReader(model)
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    output = tensors.get("output.weight", tensors.get("token_embd.weight"))
    matrix = gguf.quants.dequantize(output.data, output.tensor_type)
    norm = tensors["output_norm.weight"].data.reshape(-1)
    logits = matrix.astype(numpy.float32) @ (norm * direction)
    ids = numpy.argsort(-logits)[:TOKENS]
    field = reader.fields["tokenizer.ggml.tokens"]
    texts = [bytes(field.parts[field.data[i]]).decode("utf-8", "replace") for i in ids]
    return [int(i) for i in ids], texts


def run(arguments, direction, lengths, tokens):
    """One arm of the experiment: a dict per length."""
    command = [
        arguments.program, arguments.model, arguments.sae, str(arguments.feature), str(direction),
        ",".join(f"{length:.6g}" for length in lengths), ",".join(map(str, tokens)),
        str(arguments.prompts),
    ]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            lines.append(json.loads(line))
            print(f"\r  direction {direction}: {len(lines)} of {len(lengths)}", end="",
                  file=sys.stderr, flush=True)
    print(file=sys.stderr)
    if process.returncode != 0:
        sys.exit(process.returncode)
    return lines


def panel(left, title, unit, doses, arms, key, logarithmic):
    """One chart as SVG: the feature as a thick line, the controls as thin ones."""
    width, height, top = 320, 220, 60
    values = [point[key] for arm in arms for point in arm]
    transform = numpy.log10 if logarithmic else (lambda value: value)
    low, high = transform(min(values)), transform(max(values))
    if logarithmic:
        low, high = numpy.floor(low), numpy.ceil(high)

    def across(dose):
        return left + width * (dose - doses[0]) / (doses[-1] - doses[0])

    def place(dose, value):
        x = across(dose)
        y = top + height * (1 - (transform(value) - low) / (high - low))
        return f"{x:.1f},{y:.1f}"

    parts = [f'<text class="title" x="{left}" y="{top - 30}">{title}</text>',
             f'<text x="{left}" y="{top - 12}">{unit}</text>']
    ticks = numpy.arange(low, high + 1) if logarithmic else numpy.linspace(low, high, 5)
    for tick in ticks:
        y = top + height * (1 - (tick - low) / (high - low))
        label = f"1e{tick:.0f}" if logarithmic else f"{tick:.0f}"
        parts.append(f'<line class="grid" x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="end" x="{left - 6}" y="{y + 4:.1f}">{label}</text>')
    last = -width
    for dose in doses:
        x = across(dose)
        if x - last < 24:
            continue
        last = x
        parts.append(f'<text class="middle" x="{x:.1f}" y="{top + height + 18}">{dose:g}</text>')
    parts.append(f'<text class="middle" x="{left + width / 2}" y="{top + height + 38}">alpha</text>')
    for index, arm in reversed(list(enumerate(arms))):
        points = " ".join(place(dose, point[key]) for dose, point in zip(doses, arm))
        parts.append(f'<polyline class="{"control" if index else "feature"}" points="{points}"/>')
    return parts


def picture(doses, arms, feature):
    style = """
      text { font: 12px system-ui, sans-serif; fill: #333 } .title { font-weight: 600; font-size: 14px }
      .end { text-anchor: end } .middle { text-anchor: middle } .grid { stroke: #8884 }
      polyline { fill: none } .feature { stroke: #c2410c; stroke-width: 3 }
      .control { stroke: #64748b; stroke-width: 1.2; opacity: .8 }
      @media (prefers-color-scheme: dark) { text { fill: #ddd } .feature { stroke: #fb923c } }"""
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 340" role="img"'
             ' aria-label="Dose and response">', f"<style>{style}</style>"]
    parts += panel(60, "Activation, one block later", f"of feature {feature}, mean over positions",
                   doses, arms, "activation", False)
    parts += panel(460, f"Probability of its {TOKENS} tokens", "mean over positions", doses, arms,
                   "probability", True)
    parts.append('<text x="60" y="332">thick: the feature\'s own decoder row; thin: other decoder rows'
                 " of the same length</text></svg>\n")
    return "\n".join(parts)


def table(doses, arms):
    lines = ["| alpha | activation | controls | probability | controls |", "|---|---|---|---|---|"]
    for index, dose in enumerate(doses):
        def span(key):
            values = [arm[index][key] for arm in arms[1:]]
            return f"{min(values):.3g} to {max(values):.3g}"
        own = arms[0][index]
        lines.append(f"| {dose:g} | {own['activation']:.3g} | {span('activation')} |"
                     f" {own['probability']:.3g} | {span('probability')} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, help="the dose-response program")
    parser.add_argument("--model", required=True, help="a GGUF model")
    parser.add_argument("--sae", required=True, help="folder of the dictionary")
    parser.add_argument("--feature", type=int, required=True)
    parser.add_argument("--alphas", default="0,2,4,8,12,16,24,32,48,64",
                        help="multiples of the decoder row")
    parser.add_argument("--controls", type=int, default=5, help="number of random decoder rows")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--prompts", type=pathlib.Path, default=HERE / "prompts.txt")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="folder for the results")
    arguments = parser.parse_args()

    decoder = read_decoder(arguments.sae)
    if not 0 <= arguments.feature < len(decoder):
        sys.exit(f"feature {arguments.feature} does not exist, expected 0 to {len(decoder) - 1}")
    doses = [float(alpha) for alpha in arguments.alphas.split(",")]
    norm = float(numpy.linalg.norm(decoder[arguments.feature].astype(numpy.float64)))
    tokens, texts = logit_lens(arguments.model, decoder[arguments.feature])
    print(f"feature {arguments.feature}, decoder row of norm {norm:.5g}, tokens: {' '.join(texts)}",
          file=sys.stderr)
    others = [i for i in range(len(decoder)) if i != arguments.feature]
    drawn = numpy.random.default_rng(arguments.seed).choice(others, arguments.controls, replace=False)
    directions = [arguments.feature] + [int(i) for i in drawn]
    lengths = [dose * norm for dose in doses]
    arms = [run(arguments, direction, lengths, tokens) for direction in directions]

    arguments.output.mkdir(parents=True, exist_ok=True)
    results = {"feature": arguments.feature, "norm": norm, "tokens": texts, "alphas": doses,
               "directions": directions, "arms": arms}
    (arguments.output / "dose-response.json").write_text(
        json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    (arguments.output / "dose-response.svg").write_text(
        picture(doses, arms, arguments.feature))
    print(table(doses, arms))


if __name__ == "__main__":
    main()
