"""The bars that the project sets itself, each with what was measured."""

MAIN, WIDE = "2304x16384", "2304x65536"


def evaluate(results, skipped):
    """[{"title", "measured", "bar", "sense", "passes", "how", "reason", "marks"}]: without a measurement, passes is
    None and reason says why; marks are what to know before believing a bar."""
    cases = {result["name"]: result for result in results}
    found = []

    def median(case, who):
        """Seconds; "ours" is the fastest of our ways, as all give the same bits."""
        taken = cases.get(case, {}).get("participants", {})
        if who == "ours":
            own = {k: v["median"] for k, v in taken.items() if k in ("ours", "ours-int8")}
            return min(own.items(), key=lambda item: item[1]) if own else None
        return (who, taken[who]["median"]) if who in taken else None

    def missing(case, participants):
        """Why a case has no figure of one of the participants."""
        if case not in cases:
            return skipped.get(case, "its case is not part of this run")
        failures = cases[case]["failures"]
        wanted = [p for p in participants if not cases[case]["participants"].get(p)]
        told = [f"{p}: {failures[p]}" for p in wanted if p in failures]
        return "; ".join(told) or f"not measured: {', '.join(wanted)}"

    def doubts(case, names):
        """Warnings of the case, and thread counts that are not those that were asked for."""
        result = cases.get(case, {})
        infos = {n: result.get("participants", {}).get(n, {}).get("info") or {} for n in names}
        threads = {n: int(i["threads"]) for n, i in infos.items() if "threads" in i}
        marks = list(result.get("warnings", []))
        if len(set(threads.values())) > 1:
            marks.append("threads: " + ", ".join(f"{n} {t}" for n, t in threads.items()))
        return marks

    def add(title, measured, bar, sense, how, case, participants):
        passes = None
        if measured is not None:
            passes = measured >= bar if sense == ">=" else measured <= bar
        found.append({"title": title, "measured": measured, "bar": bar, "sense": sense,
                      "passes": passes, "how": how, "case": case,
                      "reason": missing(case, participants) if measured is None else None,
                      "marks": doubts(case, participants)})

    def ratio(title, case, above, below, bar, sense=">="):
        a, b = median(case, above), median(case, below)
        how = f"{case}: {above} over {b[0] if below == 'ours' and b else below}"
        if above == "ours" and a:
            how = f"{case}: {a[0]} over {below}"
        names = [pair[0] if pair else who for pair, who in ((a, above), (b, below))]
        add(title, a[1] / b[1] if a and b else None, bar, sense, how, case, names)

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
    case = f"peak/topk/f32/{MAIN}/b512/t2"
    peak = cases.get(case, {}).get("peak_bytes")
    int8 = cases.get(case, {}).get("int8_bytes")
    size = "" if int8 is None else f" ({int8 / 1e6:.0f} MB)"
    add("512 rows: memory above what was resident, MB", peak / 1e6 if peak is not None else None, 64,
        "<=", f"{case}: VmHWM over the first batch after one row, with bounds or without, whichever is "
        f"more; the int8 form, made with the encoder, is not counted{size}", case, ["ours"])
    opened = f"open/jumprelu/bf16/{MAIN}/b1/t2"
    for form, case in (("SAELens' layout", opened), ("native form", f"{opened}/native")):
        for who, what in (("ours-fresh", "file in the page cache"),
                          ("ours-evicted", "file not in the page cache")):
            time = median(case, who)
            add(f"open to first steered row in a new process, ms, {form}, {what}",
                time[1] * 1e3 if time else None, 20, "<=", f"{case}: {who}", case, [who])
    return found
