"""The bars that the project sets itself, each with what was measured."""

MAIN, WIDE = "2304x16384", "2304x65536"


def evaluate(results):
    """[{"title", "measured", "bar", "sense", "passes", "how"}]; passes is None without a measurement."""
    cases = {result["name"]: result for result in results}
    found = []

    def median(case, who):
        """Seconds; "ours" is the fastest of our ways, as all give the same bits."""
        taken = cases.get(case, {}).get("participants", {})
        if who == "ours":
            own = {k: v["median"] for k, v in taken.items() if k in ("ours", "ours-int8")}
            return min(own.items(), key=lambda item: item[1]) if own else None
        return (who, taken[who]["median"]) if who in taken else None

    def add(title, measured, bar, sense, how):
        passes = None
        if measured is not None:
            passes = measured >= bar if sense == ">=" else measured <= bar
        found.append({"title": title, "measured": measured, "bar": bar, "sense": sense,
                      "passes": passes, "how": how})

    def ratio(title, case, above, below, bar, sense=">="):
        a, b = median(case, above), median(case, below)
        how = f"{case}: {above} over {b[0] if below == 'ours' and b else below}"
        if above == "ours" and a:
            how = f"{case}: {a[0]} over {below}"
        add(title, a[1] / b[1] if a and b else None, bar, sense, how)

    clamp = f"apply/jumprelu/f32/{MAIN}/b1/t2/f3"
    ratio("clamp 3 features, hot: time over reading their rows", clamp, "ours", "rows", 1.5, "<=")
    ratio("clamp 3 features, rows from memory: time over reading them", f"{clamp}/cold", "ours",
          "rows", 1.5, "<=")
    ratio("clamp 3 features: SAELens' hook over ours", clamp, "saelens-hook", "ours", 1000)
    ratio("clamp 3 features: a hook without the error over ours", clamp, "saelens-hook-once", "ours",
          1000)

    kinds = [(sigma, shape, "") for shape in (MAIN, WIDE) for sigma in ("topk", "jumprelu")]
    kinds.append(("topk", "640x4096", "/real"))
    for sigma, shape, source in kinds:
        what = f"{sigma} {shape}{' (real)' if source else ''}, one row"
        tail = f"{shape}/b1/t2{source}"
        stored = "bf16" if source else "f32"
        one, both = (f"{operation}/{sigma}/{stored}/{tail}" for operation in
                     ("encode", "encode-decode"))
        ratio(f"{what}: encode over reading the f32 encoder once", one, "ours", "read", 0.33, "<=")
        ratio(f"{what}: encode, SAELens f32 over ours", one, "saelens-f32", "ours", 3.5)
        ratio(f"{what}: encode, SAELens bf16 over ours", one, "saelens-bf16", "ours", 1.7)
        ratio(f"{what}: encode and decode, SAELens f32 over ours", both, "saelens-f32", "ours", 7)
        ratio(f"{what}: encode and decode, SAELens bf16 over ours", both, "saelens-bf16",
              "ours", 3.5)
        if not source:
            same = f"encode/{sigma}/bf16/{tail}"
            ratio(f"{what}: encode, both bf16", same, "saelens-bf16", "ours", 1.7)
            same = f"encode-decode/{sigma}/bf16/{tail}"
            ratio(f"{what}: encode and decode, both bf16", same, "saelens-bf16", "ours", 3.5)

    for batch in (2, 4, 8, 16, 32):
        ratio(f"topk {MAIN}, {batch} rows: encode, SAELens f32 over ours",
              f"encode/topk/f32/{MAIN}/b{batch}/t2", "saelens-f32", "ours", 2)
    many = f"encode/topk/f32/{MAIN}/b512/t2"
    ratio("512 rows: our encode rate over OpenBLAS' sgemm rate", many, "sgemm", "ours", 0.85)
    ratio("512 rows: our encode rate over the sgemm of NumPy's OpenBLAS", many, "numpy-sgemm", "ours",
          0.85)
    ratio("512 rows: encode, SAELens f32 over ours", many, "saelens-f32", "ours", 1.3)
    peak = cases.get(f"peak/topk/f32/{MAIN}/b512/t2", {}).get("peak_bytes")
    add("512 rows: memory above what was resident, MB", peak / 1e6 if peak is not None else None, 64,
        "<=", "VmHWM over the call, outputs not counted")
    opened = f"open/jumprelu/bf16/{MAIN}/b1/t2"
    for form, case in (("SAELens' layout", opened), ("native form", f"{opened}/native")):
        for who, what in (("ours-fresh", "file in the page cache"),
                          ("ours-evicted", "file not in the page cache")):
            time = median(case, who)
            add(f"open to first steered row in a new process, ms, {form}, {what}",
                time[1] * 1e3 if time else None, 20, "<=", f"{case}: {who}")
    return found
