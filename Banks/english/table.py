"""Tables of what build.sh measured, as Markdown: areas, power and false alarms.

    python3 table.py OUT
"""

import json
import pathlib
import sys


def load(folder, name):
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def by_name(report):
    return {each["name"]: each for each in report["structures"]}


def area(found):
    lower, upper = found["interval"]
    return f"{found['auroc']:.3f} [{lower:.3f}, {upper:.3f}]"


def share(found):
    lower, upper = found["interval"]
    return f"{100 * found['share']:.1f} [{100 * lower:.1f}, {100 * upper:.1f}]"


def areas(folder, split, title):
    bank, probe = load(folder, f"bank.{split}"), load(folder, f"probe.{split}")
    probes = by_name(probe)
    print(f"{title}\n\n| structure | with / without | bank | probe | dense probe |\n|---|---|---|---|---|")
    for each in bank["structures"]:
        found = each["labelled"]
        print(f"| `{each['name']}` | {found['with']} / {found['without']} | {area(found)} |"
              f" {area(probes[each['name']]['labelled'])} | {area(each['baseline'])} |")
    print(f"| macro-average | | {bank['macro_auroc']:.3f} | {probe['macro_auroc']:.3f} |"
          f" {bank['macro_baseline_auroc']:.3f} |")
    print("| chance | | .500 | .500 | .500 |\n")


def power(folder):
    bank, probe = by_name(load(folder, "bank.real")), by_name(load(folder, "probe.real"))
    print("Share flagged, in per cent, of real sentences with and without, at the thresholds of 2.28 %\n")
    print("| structure | bank: with | without | probe: with | without |\n|---|---|---|---|---|")
    for name in bank:
        cells = []
        for report in (bank, probe):
            for side in ("with", "without"):
                cells.append(share(report[name]["flagged"][side][0]["flagged"]))
        print(f"| `{name}` | " + " | ".join(cells) + " |")
    print()


def alarms(folder):
    reports = [load(folder, f"{kind}.null") for kind in ("bank", "probe")]
    print("Null documents flagged, in per cent\n")
    print("| structure | bank: 2.28 % | 1 % | probe: 2.28 % | 1 % |\n|---|---|---|---|---|")
    rows = [(f"`{each['name']}`", [by_name(report)[each["name"]]["flagged"]["unlabelled"]
                                   for report in reports]) for each in reports[0]["structures"]]
    rows.append(("all together", [report["combined"] for report in reports]))
    totals = [[0, 0], [0, 0]]
    for name, found in rows:
        cells = []
        for index, rates in enumerate(found):
            for place in (0, 1):
                flagged = rates[place]["flagged"]
                holds = rates[place]["holds_nominal"]
                cells.append(share(flagged) + ("" if holds else " **off**"))
                if name != "all together":
                    totals[index][place] += flagged["share"] / len(reports[0]["structures"])
        print(f"| {name} | " + " | ".join(cells) + " |")
    print("| mean over structures | "
          + " | ".join(f"{100 * each:.2f}" for pair in totals for each in pair) + " |\n")


def main():
    folder = pathlib.Path(sys.argv[1])
    areas(folder, "held-out", "AUROC on held-out pairs")
    areas(folder, "real", "AUROC on real sentences")
    power(folder)
    alarms(folder)


if __name__ == "__main__":
    main()
