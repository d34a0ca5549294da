"""Runs steer-llama and steerctl on files of lines; what is there already is not made again."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write(path, entries):
    """The whole file, or none."""
    with open(path + ".part", "w", encoding="utf-8") as file:
        for entry in entries:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    os.rename(path + ".part", path)
    return entries


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Host:
    """Folder OUT, and the programs whose output it keeps."""

    def __init__(self, options):
        self.options = options
        os.makedirs(options.output, exist_ok=True)
        self.note_builds()
        # A copy: it is calibrated here.
        self.settle("bank", [], [digest(os.path.join(options.bank, "bank.json"))])
        options.bank = self.made("bank", lambda path: self.copy(options.bank, path))

    @staticmethod
    def copy(folder, path):
        shutil.copytree(folder, path + ".part")
        os.rename(path + ".part", path)

    def note_builds(self):
        """Keeps which builds of the programs were used, and says so where it is more than one."""
        path = self.path("builds.jsonl")
        builds = read(path) if os.path.exists(path) else []
        build = {name: digest(shutil.which(getattr(self.options, name)) or getattr(self.options, name))
                 for name in ("host", "steerctl")}
        if build not in builds:
            write(path, builds + [build])
        if len(read(path)) > 1:
            print(f"{path}: {len(read(path))} builds made what is there", file=sys.stderr)

    def path(self, name):
        return os.path.join(self.options.output, name)

    def run(self, *command):
        command = [str(word) for word in command]
        print("$ " + " ".join(command), file=sys.stderr, flush=True)
        start = time.monotonic()
        subprocess.run(command, check=True)
        seconds = time.monotonic() - start
        print(f"# {seconds:.0f} s", file=sys.stderr, flush=True)
        return seconds

    def steerctl(self, *command):
        self.run(self.options.steerctl, *command)

    def made(self, name, make):
        """The path of a file that `make(path)` makes, unless it is there."""
        path = self.path(name)
        if not os.path.exists(path):
            make(path)
        return path

    def settle(self, name, entries, arguments):
        """Refuses what was made earlier of other lines, or with other arguments."""
        text = json.dumps(entries, ensure_ascii=False).encode()
        settings = {"arguments": [str(word) for word in arguments],
                    "lines": hashlib.sha256(text).hexdigest()}
        path = self.path(name + ".settings.jsonl")
        if not os.path.exists(path):
            write(path, [settings])
        elif read(path) != [settings]:
            raise SystemExit(f"{path} is of other texts or options: remove {name}.* to make it again,"
                             " or choose another --output")

    def lines(self, name, entries, *arguments, model=None):
        """What steer-llama makes of these lines: continuations with --predict, else scores; one for each."""
        model = model or self.options.model

        def make(path):
            source = self.path(name + ".in.jsonl")
            write(source, entries)
            seconds = self.run(
                self.options.host, "--model", model, "--threads", self.options.threads,
                "--prompts-file" if "--predict" in arguments else "--score-file", source,
                "--output", path, *arguments)
            write(self.path(name + ".seconds.jsonl"), [{"seconds": seconds}])
        self.settle(name, entries, ["--model", os.path.basename(model), *arguments])
        made = read(self.made(name + ".jsonl", make))
        if [line["id"] for line in made] != [line["id"] for line in entries]:
            raise SystemExit(f"{self.path(name)}.jsonl has other lines than its input")
        return made

    def timed(self, name, lines, member):
        """Gives every line its share, by tokens, of the seconds that a step took, if that was measured."""
        path, tokens = self.path(name + ".seconds.jsonl"), sum(line["tokens"] for line in lines)
        if tokens > 0 and os.path.exists(path):
            seconds = read(path)[0]["seconds"]
            for line in lines:
                line[member] = seconds * line["tokens"] / tokens
        return lines

    def rows(self, name, entries):
        """Residual rows of these texts, in the plain model, before the bank's layer is steered."""
        def make(path):
            source = self.path(name + ".in.jsonl")
            write(source, entries)
            self.run(self.options.host, "--model", self.options.model, "--threads",
                     self.options.threads, "--documents-file", source, "--capture", path,
                     "--sae", self.options.sae)
        self.settle(name, entries, [os.path.basename(self.options.model)])
        return self.made(name + ".safetensors", make)

    def key(self, name):
        """A key of its own; every document's choice follows from its id."""
        return self.made(name + ".key.json", lambda path: self.steerctl(
            "watermark", "key", "new", "--bank", self.options.bank, "--output", path, "--id", name,
            "--documents", "given"))
