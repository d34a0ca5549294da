"""Marks, attacks and judges: everything behind docs/watermark.md's figures, in one command.

    python3 evaluate.py --host steer-llama --steerctl steerctl --model M.gguf --sae SAE --bank BANK
        --output OUT [--split test] [--structure 1 1.25] [--kgw 0.8 1.2] [--unigram 0.8 1.2]
        [--prompts 100] [--human 3000] [--model-texts 1500] [--attack-strength S K U] [--threads 2]

Prompts are prompts.jsonl's of one split; every method continues the same ones with the same seeds. A step whose
file is there already is not run again, so an interrupted run goes on. OUT/report has evaluation.json, table.md
and frontier.svg.

Quality is read with the prompt, detection without it: a detector has only the text. Null values are those of half
of the human texts (human_texts.py) and of half of the unmarked continuations of the other split's prompts;
the other halves are judged as false alarms, and once more under another key.
"""

import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLING = ["--temp", "1", "--top-k", "64", "--top-p", "0.95"]
LENGTH = 200
TOKEN_KEYS = {"mark": "evaluation", "other": "another"}
ADDED = ("tokens", "log_likelihood", "perplexity", "cut", "log_ratio", "prompt_tokens", "finished",
         "edited", "watermark", "prompt")


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write(path, entries):
    with open(path + ".part", "w", encoding="utf-8") as file:
        for entry in entries:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    os.rename(path + ".part", path)
    return entries


class Evaluation:
    def __init__(self, options):
        self.options = options
        os.makedirs(options.output, exist_ok=True)

    def path(self, name):
        return os.path.join(self.options.output, name)

    def run(self, *command):
        command = [str(word) for word in command]
        print("$ " + " ".join(command), file=sys.stderr, flush=True)
        subprocess.run(command, check=True)

    def host(self, name, entries, *arguments):
        """Runs steer-llama on these lines, or reads what it wrote before."""
        path, options = self.path(name + ".jsonl"), self.options
        if not os.path.exists(path):
            source = self.path(name + ".in.jsonl")
            write(source, entries)
            self.run(options.host, "--model", options.model, "--threads", options.threads,
                     "--prompts-file" if "--predict" in arguments else "--score-file", source,
                     "--output", path, *arguments)
        return read(path)

    def key(self, name):
        """A key of its own; every document's choice follows from its id."""
        path = self.path(name + ".key.json")
        if not os.path.exists(path):
            self.run(self.options.steerctl, "watermark", "key", "new", "--bank", self.options.bank,
                     "--output", path, "--id", name, "--documents", "given")
        return path

    def keyed(self, key, strength):
        return ["--sae", self.options.sae, "--watermark", self.key(key), "--bank",
                self.options.bank, "--strength", strength]

    def token_mark(self, kind, key, delta):
        return ["--token-mark", kind, "--token-key", TOKEN_KEYS[key], "--token-delta", delta]

    # ---- Texts

    def prompts(self, split, count):
        """As many prompts of every domain, in the file's order."""
        by_domain = {}
        for prompt in read(os.path.join(HERE, "prompts.jsonl")):
            if prompt["split"] == split:
                by_domain.setdefault(prompt["domain"], []).append(prompt)
        each = -(-count // len(by_domain))
        return [prompt for domain in by_domain.values() for prompt in domain[:each]]

    def continued(self, name, prompts, seed, members, *marks):
        """Continuations, with the log-likelihood behind their prompts."""
        lines = [{"id": prompt["id"], "domain": prompt["domain"], "prompt": prompt["prompt"]}
                 for prompt in prompts]
        texts = self.host(name + ".texts", lines, "--predict", LENGTH, "--seed", seed, "--parallel",
                          self.options.parallel, *SAMPLING, *marks)
        texts = [text for text in texts if text["tokens"] > 1]
        for text in texts:
            for member in ADDED:
                if member != "prompt":
                    text.pop(member, None)
        scored = self.host(name + ".quality", texts)
        return [{**{key: value for key, value in text.items() if key != "prompt"}, **members,
                 "log_likelihood": score["log_likelihood"]}
                for text, score in zip(texts, scored)]

    def human(self):
        path = self.path("human.jsonl")
        if not os.path.exists(path):
            self.run(sys.executable, os.path.join(HERE, "human_texts.py"), self.options.human, path)
        return [{**text, "method": "human", "role": "unmarked"} for text in read(path)]

    # ---- Statistics, of texts alone

    def judged(self, name, texts, strength, delta, statistics, key="mark"):
        """The texts with their z; `statistics`: of kgw, unigram and replay, those that are wanted."""
        flags = []
        for kind in ("kgw", "unigram"):
            if kind in statistics:
                flags += self.token_mark(kind, key, delta)
        if "replay" in statistics:
            flags += self.keyed(key, strength)
        lines = [{"id": text["id"], "text": text["text"]} for text in texts]
        result = []
        for text, score in zip(texts, self.host(name + ".judged", lines, *flags)):
            z = {"kgw": score.get("z_kgw"), "ewd": score.get("z_ewd"),
                 "unigram": score.get("z_unigram"), "replay": score.get("replay", {}).get("z")}
            result.append({**text, "tokens": score["tokens"],
                           "z": {name_: value for name_, value in z.items() if value is not None}})
        return result

    # ---- The whole

    def evaluate(self):
        options = self.options
        other = "development" if options.split == "test" else "test"
        prompts = self.prompts(options.split, options.prompts)
        lines = []
        plain = self.continued("none", prompts, 1, {"method": "none", "role": "unmarked",
                                                    "source": "model", "split": options.split})
        middle = options.structure[len(options.structure) // 2]
        delta = options.kgw[len(options.kgw) // 2]
        everything = ("kgw", "unigram", "replay")
        lines += self.judged("none", plain, middle, delta, everything)
        humans = self.human()
        models = []
        for seed in range(-(-options.model_texts // len(self.prompts(other, 10 ** 6)))):
            made = self.continued(f"null-{seed}", self.prompts(other, 10 ** 6), 100 + seed,
                                  {"method": "none", "role": "unmarked", "source": "model"})
            for place, text in enumerate(made):
                text["id"] += f"/{seed}"
                text["split"] = "null" if (place + seed) % 2 else "test"
            models += made
        for name, texts in (("human", humans), ("model", models)):
            lines += self.judged(name, texts, middle, delta, everything)
        marks = {"structure": (options.structure, ("replay",)), "kgw": (options.kgw, ("kgw",)),
                 "unigram": (options.unigram, ("unigram",))}
        for method, (strengths, statistics) in marks.items():
            attacked = options.attack_strength[list(marks).index(method)] \
                if options.attack_strength else strengths[len(strengths) // 2]
            for strength in strengths:
                flags = self.keyed("mark", strength) if method == "structure" else \
                    self.token_mark(method, "mark", strength)
                name = f"{method}-{strength}"
                texts = self.continued(name, prompts, 1, {"method": method, "role": "marked",
                                                          "strength": strength}, *flags)
                lines += self.judged(name, texts, strength, strength, statistics)
                if strength != attacked:
                    continue
                lines += [{**line, "role": "wrong-key"} for line in
                          self.judged(name + "-wrong", texts, strength, strength, statistics,
                                      key="other")]
                source = self.path(name + ".marked.jsonl")
                write(source, texts)
                target = self.path(name + ".attacked.jsonl")
                if not os.path.exists(target):
                    self.run(sys.executable, os.path.join(HERE, "attacks.py"), source,
                             self.path("human.jsonl"), target)
                broken = read(target)
                for text in broken:
                    text.pop("log_likelihood", None)
                lines += self.judged(name + "-attacked", broken, strength, strength, statistics)
        scored = self.path("scored.jsonl")
        write(scored, lines)
        report = self.path("report")
        if os.path.exists(report):
            raise SystemExit(f"{report} is there already: remove it to write it again")
        self.run(options.steerctl, "watermark", "evaluate", scored, "--output", report,
                 "--minimum", options.minimum)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("host", "steerctl", "model", "sae", "bank", "output"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--split", choices=("development", "test"), default="test")
    for name in ("structure", "kgw", "unigram"):
        parser.add_argument("--" + name, type=float, nargs="+", default=[1.0])
    parser.add_argument("--attack-strength", type=float, nargs=3)
    parser.add_argument("--prompts", type=int, default=100)
    parser.add_argument("--human", type=int, default=3000)
    parser.add_argument("--model-texts", type=int, default=1500)
    parser.add_argument("--minimum", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--parallel", type=int, default=16)
    Evaluation(parser.parse_args()).evaluate()


if __name__ == "__main__":
    main()
