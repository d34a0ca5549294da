"""The processes that are measured, started once, asked by turns."""

import json
import queue
import subprocess
import sys
import threading


class Failure(Exception):
    pass


class Child:
    """A process that answers one line for each line."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def ask(self, verb, timeout=240, **fields):
        try:
            self.process.stdin.write(json.dumps({"verb": verb, **fields}) + "\n")
            self.process.stdin.flush()
            line = self.lines.get(timeout=timeout)
        except (BrokenPipeError, ValueError):
            line = None
        except queue.Empty:
            self.end()
            raise Failure(f"{self.name}: no answer in {timeout} s, ended") from None
        if line is None:
            raise Failure(f"{self.name} has ended")
        reply = json.loads(line)
        if not reply.pop("ok"):
            raise Failure(f"{self.name}: {reply.get('error')}")
        return reply

    def end(self):
        self.process.kill()
        self.process.wait()


class Children:
    """Children by name, started when first asked for, given up when they do not start."""

    def __init__(self, commands):
        self.commands = commands
        self.running = {}
        self.failed = {}

    def get(self, name):
        if name in self.failed:
            raise Failure(self.failed[name])
        child = self.running.get(name)
        if child is not None and child.process.poll() is not None:
            child = None  # ended by a case before: once more, from the beginning
        if child is None:
            try:
                child = Child(name, self.commands[name])
                # Importing PyTorch from a cold disk takes its time.
                child.texts = child.ask("describe", timeout=480)["texts"]
            except (OSError, Failure) as error:
                self.failed[name] = f"{name} does not start: {error}"
                print(f"bench: {self.failed[name]}", file=sys.stderr)
                raise Failure(self.failed[name]) from None
            self.running[name] = child
        return child

    def release(self):
        for name, child in list(self.running.items()):
            try:
                child.ask("release")
            except Failure:
                del self.running[name]

    def end(self):
        for child in self.running.values():
            child.end()
