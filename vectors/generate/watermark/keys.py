"""Vectors of the watermark's keys: HMAC-SHA256, key streams, selections, fingerprints and checks.

    python3 vectors/generate/watermark/keys.py [--out FOLDER]

Python's hmac and hashlib alone, by the definitions in doc comments. The numbers of RFC 4231 are
typed from the RFC and compared with what hmac gives.
"""

import argparse
import hashlib
import hmac
import json
import math
import pathlib
import random
import struct

VECTORS = pathlib.Path(__file__).resolve().parents[2]

# RFC 4231, sections 4.2 to 4.8: key, data, HMAC-SHA-256 (case 5 is truncated to 128 bits).
RFC_4231 = [
    ("0b" * 20, b"Hi There".hex(),
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe".hex(), b"what do ya want for nothing?".hex(),
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    ("aa" * 20, "dd" * 50,
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (bytes(range(1, 26)).hex(), "cd" * 50,
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    ("0c" * 20, b"Test With Truncation".hex(), "a3b6167473100ee06e0c796c2955552b"),
    ("aa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First".hex(),
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    ("aa" * 131, (b"This is a test using a larger than block-size key and a larger than "
                  b"block-size data. The key needs to be hashed before being used by the HMAC "
                  b"algorithm.").hex(),
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
]


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def prefixed(*values):
    """Each value with its length in front."""
    parts = []
    for value in values:
        if isinstance(value, int):
            value = struct.pack(">q", value)
        elif isinstance(value, str):
            value = value.encode()
        parts.append(struct.pack(">Q", len(value)) + value)
    return b"".join(parts)


def canonical(scheme, value):
    if scheme == "prompt":
        value = hashlib.sha256(value.encode()).digest()
    return prefixed(scheme, "" if scheme == "constant" else value)


class Stream:
    def __init__(self, secret, identifier):
        self.seed = mac(secret, b"steering-watermark-selection/1\0" + identifier)
        self.counter = 0
        self.rest = b""

    def take(self, count):
        while len(self.rest) < count:
            self.rest += mac(self.seed, struct.pack(">Q", self.counter))
            self.counter += 1
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def below(self, bound):
        while True:
            word = int.from_bytes(self.take(8), "big")
            if word >= 2 ** 64 % bound:
                return word % bound


def draw(stream, entries, count):
    pool = list(range(entries))
    for place in range(count):
        other = place + stream.below(entries - place)
        pool[place], pool[other] = pool[other], pool[place]
    up = (count + stream.take(1)[0] % 2) // 2
    return pool[:count], [1] * up + [-1] * (count - up)


def selection(secret, identifier, entries, count):
    return draw(Stream(secret, identifier), entries, count)


def cheapest(secret, identifier, slopes, count, draws):
    """The least costly of several draws from the key's stream of a document."""
    return least(Stream(secret, identifier), slopes, count, draws)


def least(stream, slopes, count, draws):
    """Of several draws the one with the least sum of sign and slope, the earliest of equal ones."""
    best, lowest = None, None
    for _ in range(draws):
        entries, signs = draw(stream, len(slopes), count)
        cost = 0.0
        for entry, sign in zip(entries, signs):
            cost += sign * slopes[entry]
        if best is None or cost < lowest:
            best, lowest = (entries, signs), cost
    return best


class PublicStream:
    """SplitMix64 from a seed; a byte is the highest of a word."""

    def __init__(self, seed):
        self.state = seed

    def word(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2 ** 64
        word = self.state
        word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % 2 ** 64
        word = (word ^ word >> 27) * 0x94D049BB133111EB % 2 ** 64
        return word ^ word >> 31

    def take(self, count):
        return bytes(self.word() >> 56 for _ in range(count))

    def below(self, bound):
        while True:
            word = self.word()
            if word >= 2 ** 64 % bound:
                return word % bound


def lean(slopes, count, draws):
    """Mean signs of the least costly of all sets of `draws` among 32,768 choices."""
    sums = [0.0] * len(slopes)
    if draws == 1 or not any(slopes):
        return sums
    stream, total = PublicStream(0), 2 ** 15
    choices = [draw(stream, len(slopes), count) for _ in range(total)]
    costs = []
    for entries, signs in choices:
        cost = 0.0
        for entry, sign in zip(entries, signs):
            cost += sign * slopes[entry]
        costs.append(cost)
    ranked = sorted(range(total), key=lambda place: (costs[place], place))
    weights, sets = [0.0] * total, math.comb(total, draws)
    for rank, place in enumerate(ranked[:total - draws + 1]):
        # Python divides these integers as exactly as a double can say.
        weights[place] = math.comb(total - 1 - rank, draws - 1) / sets
    for (entries, signs), weight in zip(choices, weights):
        for entry, sign in zip(entries, signs):
            sums[entry] += sign * weight
    return sums


def leans(rng):
    cases = []
    for entries, count, draws in ((1, 1, 4), (6, 3, 1), (6, 3, 2), (14, 7, 32), (64, 7, 32), (9, 4, 64),
                                  (5, 2, 600), (4, 2, 8)):
        slopes = [rng.choice([-0.5, 0.0, 0.25]) if entries == 9 else rng.gauss(0, 0.01)
                  for _ in range(entries)]
        slopes = [0.0] * entries if entries == 4 else slopes
        cases.append({"slopes": slopes, "draws": draws, "count": count,
                      "leans": lean(slopes, count, draws)})
    return cases


def choices(rng):
    cases = []
    for entries, count, draws in ((1, 1, 4), (6, 3, 1), (6, 3, 2), (14, 7, 32), (66, 7, 32),
                                  (66, 7, 200), (9, 4, 64)):
        secret = rng.randbytes(32)
        # Few different slopes: draws that cost the same.
        slopes = [rng.choice([-0.5, 0.0, 0.25]) if entries == 9 else rng.gauss(0, 0.01)
                  for _ in range(entries)]
        drawn, signs = cheapest(secret, canonical("given", f"text {entries}"), slopes, count, draws)
        cases.append({"secret": secret.hex(), "value": f"text {entries}", "slopes": slopes,
                      "draws": draws, "count": count, "entries": drawn, "signs": signs})
    return cases


def selections(rng):
    documents = [
        ("given", ""), ("given", "report-7"), ("given", "prompt"), ("given", "e\u0301"),
        ("given", "\u00e9"), ("given", "x" * 300), ("prompt", "Tell me a story."),
        ("prompt", "Tell me a story. "), ("prompt", ""), ("window", 0), ("window", 20_415),
        ("window", -1), ("window", 2 ** 62), ("constant", None)]
    sizes = [(1, 1), (2, 1), (14, 8), (20, 20), (64, 6), (4_096, 5)]
    secrets = [bytes(32), bytes([255] * 32), bytes(range(32))] + [rng.randbytes(32) for _ in range(2)]
    cases = []
    for scheme, value in documents:
        identifier = canonical(scheme, value)
        for secret in secrets:
            entries, count = rng.choice(sizes)
            drawn, signs = selection(secret, identifier, entries, count)
            cases.append({
                "secret": secret.hex(), "scheme": scheme, "value": value,
                "identifier": identifier.hex(), "stream": Stream(secret, identifier).take(72).hex(),
                "entry_count": entries, "count": count, "entries": drawn, "signs": signs})
    return cases


def keys(rng):
    cases = []
    for number, (scheme, seconds, retired, follows) in enumerate([
            ("given", None, None, None), ("prompt", None, 1_800_000_000, None),
            ("window", 86_400, None, "first"), ("constant", None, 1_700_000_000, "A.b_c-9")]):
        secret = rng.randbytes(32)
        bank = rng.randbytes(32).hex()
        name = f"key-{number}"
        check = mac(secret, prefixed(
            "steering-watermark-key-check/1", "steering-watermark-key/1", name, 1_700_000_000,
            "" if retired is None else retired, follows or "", bank, number + 1, scheme,
            "" if seconds is None else seconds))
        documents = {"scheme": scheme} | ({} if seconds is None else {"seconds": seconds})
        file = {"format": "steering-watermark-key/1", "id": name, "created": 1_700_000_000}
        file |= {} if retired is None else {"retired": retired}
        file |= {} if follows is None else {"follows": follows}
        file |= {"bank": bank, "count": number + 1, "documents": documents,
                 "secret": secret.hex(), "check": check.hex()}
        fingerprint = mac(secret, b"steering-watermark-key-fingerprint/1")[:8].hex()
        cases.append({"fingerprint": fingerprint, "text": json.dumps(file, indent=2) + "\n"})
    return cases


def macs(rng):
    cases = []
    for key, data, expected in RFC_4231:
        assert mac(bytes.fromhex(key), bytes.fromhex(data)).hex().startswith(expected)
        cases.append({"key": key, "data": data, "mac": expected})
    for key_length in (0, 1, 32, 63, 64, 65, 200):
        for length in (0, 1, 55, 56, 64, 200):
            key, data = rng.randbytes(key_length), rng.randbytes(length)
            cases.append({"key": key.hex(), "data": data.hex(), "mac": mac(key, data).hex()})
    return cases


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=VECTORS / "watermark" / "keys")
    parser.add_argument("--seed", type=int, default=20260103)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    case = {"library": "Python hmac and hashlib, RFC 4231",
            "pins": "HMAC-SHA256, key streams, selections, fingerprints and key files exactly, leans by sums",
            "tolerance_abs": 1e-12, "tolerance_rel": 0}
    contents = {"case": case, "hmac": {"rfc4231": len(RFC_4231), "cases": macs(rng)},
                "selections": {"cases": selections(rng)}, "keys": {"cases": keys(rng)},
                "choices": {"cases": choices(rng)}, "leans": {"cases": leans(rng)}}
    options.out.mkdir(parents=True)
    for name, content in contents.items():
        text = json.dumps(content, separators=(",", ":")).replace("},{", "},\n{")
        (options.out / f"{name}.json").write_text(text + "\n")
    if options.out.resolve().is_relative_to(VECTORS):
        place = VECTORS / "manifest.json"
        manifest = json.loads(place.read_text())
        manifest["cases"]["watermark/keys"] = {**case, "files": {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(options.out.iterdir())}}
        place.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
