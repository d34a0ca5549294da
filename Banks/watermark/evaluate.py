"""Marks, attacks and judges: everything behind docs/watermark-results.md's tables, in one command.

    python3 evaluate.py --host steer-llama --steerctl steerctl --model M.gguf --sae SAE --bank BANK
        --output OUT [--split test] [--structure 1 1.25] [--kgw 0.8 1.2] [--unigram 0.8 1.2]
        [--at S K U] [--prompts 100] [--human 1800] [--model-texts 1200] [--attacked 50] [--wrong-keys 2]
        [--quality-model M-F16.gguf] [--threads 2] [--until STEP]

Prompts are prompts.jsonl's of one split; every method continues the same ones with the same seeds. `--at` names
the strength of each method that is attacked (default: the middle one), and of the structural marks that wrong keys
judge; --attacked texts are. A step whose file is there already is not run again, so an interrupted run goes on.
OUT/report has evaluation.json, table.md and frontier.svg; OUT/features.jsonl what the statistic of mean features
finds.

Quality is read with the prompt, detection without it: a detector has only the text. Null values are those of a third
of the human texts (human_texts.py) and of a third of the unmarked continuations of the other split's prompts;
the others are judged as false alarms. All are scored at the strengths of `--at`: marks of other strengths (replay) or
deltas (EWD) have the same null values. BANK, which must be bound to SAE, is calibrated on the rows of the null texts,
and in the end on their replays.
"""

import argparse
import json
import os
import sys

from host import Host, read, write

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLING = ["--temp", "1", "--top-k", "64", "--top-p", "0.95"]
LENGTH = 200
# Tokens of unmarked continuations: those of a seed have one length.
NULL_LENGTHS = (60, 220, 100, 160, 80, 130)
TOKEN_KEY = "evaluation"
STATISTICS = {"structure": ("replay",), "kgw": ("kgw", "ewd"), "unigram": ("unigram",)}
RATES = (0.02275, 0.01, 0.001)
STEPS = ("null", "tokens", "calibrated", "structure", "attacks", "report")


class Evaluation(Host):
    # ---- Texts

    def prompts(self, split, count=None):
        """As many prompts of every domain, in the file's order; all without `count`."""
        by_domain = {}
        for prompt in read(os.path.join(HERE, "prompts.jsonl")):
            if prompt["split"] == split:
                by_domain.setdefault(prompt["domain"], []).append(prompt)
        each = None if count is None else -(-count // len(by_domain))
        return [prompt for domain in by_domain.values() for prompt in domain[:each]]

    def continued(self, name, prompts, seed, length, *marks):
        """[{id, domain, prompt, text}] of continuations that are not empty."""
        lines = [{member: prompt[member] for member in ("id", "domain", "prompt", "plan")
                  if member in prompt} for prompt in prompts]
        texts = self.lines(name + ".texts", lines, "--predict", length, "--seed", seed,
                           "--parallel", self.options.parallel, *SAMPLING, *marks)
        return [{member: text[member] for member in ("id", "domain", "prompt", "text")}
                for text in texts if text["tokens"] > 1]

    def with_quality(self, name, texts, members, *marks):
        """The texts without their prompts, with their log-likelihoods behind them and what their mark costs there."""
        flags = [*marks, *SAMPLING] if marks else []
        scored = self.lines(name + ".quality", texts, *flags, model=self.options.quality_model)
        result = []
        for text, score in zip(texts, scored):
            line = {"id": text["id"], "domain": text["domain"], "text": text["text"], **members,
                    "tokens": score["tokens"], "log_likelihood": score["log_likelihood"]}
            if marks:
                line["cost"] = score["replay"]["cost"] if "replay" in score else score["cost"]
            result.append(line)
        return self.timed(name + ".texts", result, "seconds")

    def human(self):
        self.settle("human", [], [self.options.human])
        path = self.made("human.jsonl", lambda path: self.run(
            sys.executable, os.path.join(HERE, "human_texts.py"), self.options.human, path))
        return [{**text, "method": "human", "role": "unmarked"} for text in read(path)]

    def model_texts(self):
        """Unmarked continuations of many lengths: those of a third of the prompts calibrate, the others are
        judged. Not of the method `none`, whose words are compared with those of marks of one length."""
        other = self.prompts("development" if self.options.split == "test" else "test")
        calibrating = {prompt["id"]: "null" for prompt in other[::3]}
        made = []
        for seed in range(-(-self.options.model_texts // len(other))):
            length = NULL_LENGTHS[seed % len(NULL_LENGTHS)]
            for text in self.continued(f"null-{seed}", other, 100 + seed, length):
                made.append({"id": f"{text['id']}/{seed}", "domain": text["domain"],
                             "text": text["text"], "method": "continuation",
                             "role": "unmarked", "source": "model",
                             "split": calibrating.get(text["id"], "test")})
        return made

    # ---- Statistics, of texts alone

    def token_mark(self, kind, delta):
        return ["--token-mark", kind, "--token-key", TOKEN_KEY, "--token-delta", delta]

    def keyed(self, strength, key=0):
        return ["--sae", self.options.sae, "--bank", self.options.bank, "--strength", strength,
                "--watermark", self.key(f"key-{key}")]

    def scored(self, name, texts, *flags):
        """The texts with their statistics in these scores."""
        lines = [{"id": text["id"], "text": text["text"]} for text in texts]
        scores = self.lines(name, lines, *flags)
        result = []
        for text, score in zip(texts, scores):
            z = {kind: score.get("z_" + kind) for kind in ("kgw", "ewd", "unigram")}
            z["replay"] = score.get("replay", {}).get("z")
            if score["tokens"] == 0:
                continue
            result.append({**text, "tokens": score["tokens"],
                           "z": {kind: value for kind, value in z.items() if value is not None}})
        return self.timed(name, result, "detection_seconds")

    def featured(self, name, texts):
        """How many texts the statistic of mean features finds at each rate, by its own calibration: its null
        values leave each null text out of the moments that it is measured by, which no list of z can say."""
        rows = self.rows(name + ".rows", [{"id": text["id"], "text": text["text"]} for text in texts])
        path = self.made(name + ".features.jsonl", lambda path: self.steerctl(
            "watermark", "detect", rows, "--key", self.key("key-0"), "--bank",
            self.options.bank, "--sae", self.options.sae, "--output", path))
        judged = [line["verdict"]["p"] for line in read(path) if line["verdict"]["p"] is not None]
        return {"texts": name, "judged": len(judged),
                "found": {str(rate): sum(p <= rate for p in judged) for rate in RATES}}

    def features(self):
        """The statistic of mean features, of marked texts and of those that bear no mark."""
        # Every third: a rate needs fewer texts than a null of several lengths.
        humans, models = ([text for text in texts if text["split"] != "null"][::3]
                          for texts in self.null())
        named = [("human", humans), ("model", models)]
        named += [(f"structure-{strength}", self.marked("structure", strength))
                  for strength in self.strengths("structure")]
        write(self.path("features.jsonl"), [self.featured(name, texts) for name, texts in named])

    # ---- Steps

    def strengths(self, method):
        return getattr(self.options, method)

    def at(self, method):
        given = self.options.at
        strengths = self.strengths(method)
        return given[list(STATISTICS).index(method)] if given else strengths[len(strengths) // 2]

    def marking(self, method, strength):
        return self.keyed(strength) if method == "structure" else self.token_mark(method, strength)

    def few(self, texts):
        """Those of the same prompts of every domain, whatever the method."""
        prompts = self.prompts(self.options.split, self.options.prompts)
        chosen = {prompt["id"] for prompt in prompts[::-(-len(prompts) // self.options.attacked)]}
        return [text for text in texts if text["id"] in chosen]

    def null(self):
        return self.human(), self.model_texts()

    def calibrated(self):
        """The bank with null values of mean features."""
        humans, models = self.null()
        texts = [text for text in humans + models if text["split"] == "null"]
        rows = self.rows("null.rows", [{"id": text["id"], "text": text["text"]} for text in texts])

        def make(path):
            self.steerctl("watermark", "calibrate", rows, "--bank", self.options.bank, "--sae",
                          self.options.sae, "--split", "null")
            write(path, [{"texts": len(texts)}])
        self.made("calibrated.jsonl", make)

    def replay_calibrated(self):
        """The bank with null values of replays, too."""
        def make(path):
            lines = []
            for name, texts in zip(("human", "model"), self.null()):
                lines += [{"id": text["id"], "role": "unmarked", "split": text["split"],
                           "text": text["text"], "replay": score["replay"]}
                          for text, score in zip(texts, read(self.path(name + ".judged.jsonl")))
                          if "replay" in score]
            source = self.path("replays.jsonl")
            write(source, lines)
            self.steerctl("watermark", "calibrate", source, "--replay", "--bank", self.options.bank)
            write(path, [{"texts": len(lines)}])
        self.made("calibrated-replay.jsonl", make)

    def unmarked(self):
        """Lines of everything that bears no mark."""
        plain = self.continued("none", self.prompts(self.options.split, self.options.prompts), 1,
                               LENGTH)
        plain = self.with_quality("none", plain, {"method": "none", "role": "unmarked",
                                                  "source": "model"})
        lines = []
        for name, texts in zip(("none", "human", "model"), (plain, *self.null())):
            lines += self.scored(name + ".tokens", texts, *self.token_mark("kgw", self.at("kgw")))
            lines += self.scored(name + ".judged", texts, *self.keyed(self.at("structure")))
        return lines

    def marked(self, method, strength):
        """The texts of a method, with quality."""
        prompts = self.prompts(self.options.split, self.options.prompts)
        name = f"{method}-{strength}"
        made = self.continued(name, prompts, 1, LENGTH, *self.marking(method, strength))
        members = {"method": method, "role": "marked", "strength": strength}
        return self.with_quality(name, made, members, *self.marking(method, strength))

    def judged(self, name, method, strength, texts, key=0):
        flags = self.keyed(strength, key) if method == "structure" else \
            self.token_mark(method, strength)
        lines = self.scored(f"{name}.judged-{key}", texts, *flags)
        for line in lines:
            line["z"] = {kind: z for kind, z in line["z"].items() if kind in STATISTICS[method]}
        return lines

    def of_method(self, method):
        lines = []
        for strength in self.strengths(method):
            texts = self.marked(method, strength)
            lines += self.judged(f"{method}-{strength}", method, strength, texts)
        return lines

    def attacks(self, method):
        """Wrong keys and attacks, at one strength."""
        strength = self.at(method)
        name, texts = f"{method}-{strength}", self.marked(method, strength)
        lines = []
        # A token mark's null is of its key's own lists: another key's says nothing beside it.
        for key in range(1, 1 + self.options.wrong_keys) if method == "structure" else ():
            lines += [{**line, "role": "wrong-key", "source": f"key {key}"}
                      for line in self.judged(name, method, strength, texts, key=key)]
        source = self.path(name + ".marked.jsonl")
        few = self.few(texts)
        self.settle(name + ".attacked", few, [])
        write(source, few)
        attacked = self.made(name + ".attacked.jsonl", lambda path: self.run(
            sys.executable, os.path.join(HERE, "attacks.py"), source, self.path("human.jsonl"), path))
        broken = [{member: value for member, value in text.items()
                   if member not in ("log_likelihood", "cost", "seconds")} for text in read(attacked)]
        return lines + self.judged(name + "-attacked", method, strength, broken)

    def spoofed(self):
        """Texts steered by the whole public bank, as somebody without the key could."""
        strength = self.at("structure")
        lines = []
        with open(os.path.join(self.options.bank, "bank.json"), encoding="utf-8") as file:
            bank = json.load(file)
        entries = bank["entries"]
        # As much as the m of a mark would move the next tokens, if entries had nothing in common.
        share = strength * (bank["count"] / len(entries)) ** 0.5
        for name, sign in (("bank-up", lambda place: 1), ("bank-mixed", lambda place: 1 - place % 2 * 2)):
            plan = self.made(name + ".plan.json", lambda path: write(path, [{
                "version": 1, "scope": {"phase": "generated"}, "interventions": [
                    {"feature": entry["feature"], "mode": "add", "strength": "unit",
                     "alpha": round(sign(place) * share * entry["alpha"], 4)}
                    for place, entry in enumerate(entries)]}]))
            prompts = [{**prompt, "plan": plan} for prompt in
                       self.few(self.prompts(self.options.split, self.options.prompts))]
            texts = self.continued(f"spoof-{name}", prompts, 1, LENGTH, "--sae", self.options.sae)
            texts = [{"id": text["id"], "text": text["text"], "method": "structure",
                      "role": "spoof", "attack": name} for text in texts]
            lines += self.judged(f"spoof-{name}", "structure", strength, texts)
        return lines

    def evaluate(self):
        wanted = STEPS[:STEPS.index(self.options.until) + 1]
        lines = []
        self.null()
        if "tokens" in wanted:
            lines += [line for method in ("kgw", "unigram") for line in self.of_method(method)]
        if "calibrated" in wanted:
            self.calibrated()
        if "structure" in wanted:
            lines += self.of_method("structure") + self.unmarked()
            self.features()
            self.replay_calibrated()
        if "attacks" in wanted:
            lines += [line for method in STATISTICS if self.strengths(method)
                      for line in self.attacks(method)] + self.spoofed()
        if "report" not in wanted:
            return
        scored = self.path("scored.jsonl")
        write(scored, lines)
        report = self.path("report")
        if os.path.exists(report):
            raise SystemExit(f"{report} is there already: remove it to write it again")
        self.steerctl("watermark", "evaluate", scored, "--output", report, "--minimum",
                      self.options.minimum)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("host", "steerctl", "model", "sae", "bank", "output"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--split", choices=("development", "test"), default="test")
    for name in STATISTICS:
        parser.add_argument("--" + name, type=float, nargs="*", default=[1.0])
    parser.add_argument("--at", type=float, nargs=3, metavar=("S", "K", "U"))
    parser.add_argument("--prompts", type=int, default=100)
    parser.add_argument("--human", type=int, default=1800)
    parser.add_argument("--model-texts", type=int, default=1200)
    parser.add_argument("--wrong-keys", type=int, default=2)
    parser.add_argument("--attacked", type=int, default=50)
    parser.add_argument("--minimum", type=int, default=500)
    parser.add_argument("--quality-model", help="the same model at full precision")
    parser.add_argument("--until", choices=STEPS, default="report")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--parallel", type=int, default=16)
    Evaluation(parser.parse_args()).evaluate()


if __name__ == "__main__":
    main()
