"""A headless Chromium behind a pipe, with Python's standard library alone."""
import base64
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time


class Browser:
    """Chromium behind --remote-debugging-pipe: messages of JSON that end with NUL."""

    def __init__(self):
        program = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
                        if p), None)
        if program is None:
            sys.exit("check-page: chromium is not installed")
        self.profile = tempfile.TemporaryDirectory()
        to_browser, self.output = os.pipe()
        self.input, from_browser = os.pipe()

        def connect():
            # Copies first: a pipe's own number may be 3 or 4.
            reading, writing = os.dup(to_browser), os.dup(from_browser)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--no-first-run", "--disable-extensions", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--hide-scrollbars",
             "--force-color-profile=srgb", f"--user-data-dir={self.profile.name}", "about:blank"],
            preexec_fn=connect, close_fds=False, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        self.number, self.buffer, self.events, self.session = 0, b"", [], None

    def close(self):
        try:
            self.send("Browser.close", session=False)
            self.process.wait(10)
        except Exception:  # the browser is gone, or does not go by itself
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        time.sleep(0.2)
        shutil.rmtree(self.profile.name, ignore_errors=True)

    def message(self, deadline):
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.input], [], [], left)[0]:
                return None
            read = os.read(self.input, 1 << 20)
            if not read:
                raise RuntimeError("the browser has gone")
            self.buffer += read
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def send(self, method, session=True, patience=120, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if session and self.session:
            request["sessionId"] = self.session
        os.write(self.output, json.dumps(request).encode() + b"\0")
        deadline = time.monotonic() + patience
        while True:
            answer = self.message(deadline)
            if answer is None:
                raise RuntimeError(f"{method}: no answer within {patience} s")
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def attach(self):
        target = self.send("Target.createTarget", session=False, url="about:blank")["targetId"]
        self.session = self.send(
            "Target.attachToTarget", session=False, targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")
        self.send("Performance.enable", timeDomain="threadTicks")

    def evaluate(self, expression):
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def work(self):
        """Seconds of a processor that the page's main thread has taken, whatever else the machine does."""
        metrics = self.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "TaskDuration")

    def open(self, url):
        """Loads a page; seconds until it has drawn its first frame, and of them those of a processor."""
        self.send("Page.navigate", url=url)
        elapsed = self.evaluate("""new Promise((done, fail) => {
            const started = performance.now();
            const look = () => {
                if (document.readyState === "complete" && document.documentElement.dataset.ready) {
                    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
                } else if (performance.now() - started > 100000) fail(new Error("never ready"));
                else setTimeout(look, 5);
            };
            look();
        })""")
        # The browser counts from 0 for every page.
        return elapsed / 1000, self.work()

    def key(self, name, shift=False):
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38, "ArrowLeft": 37,
                 "ArrowRight": 39, "End": 35, "Home": 36, "PageDown": 34}
        event = {"key": name, "code": name, "windowsVirtualKeyCode": codes[name],
                 "modifiers": 8 if shift else 0}
        if name == "Enter":
            event["text"] = "\r"
        self.send("Input.dispatchKeyEvent", type="keyDown" if name == "Enter" else "rawKeyDown", **event)
        self.send("Input.dispatchKeyEvent", type="keyUp", **{k: v for k, v in event.items() if k != "text"})

    def picture(self, path):
        data = self.send("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))
