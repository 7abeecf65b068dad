#!/usr/bin/env python3
"""make bench-scale: what each cost is when there are more tasks, and a picture of it.

Writes BUILD/bench-scale.json, a table, and BUILD/bench-scale.svg: every cost relative to that at the smallest size, so that
a flat line means a cost that does not grow. Of several runs the least counts: it has the least of other work on the machine
in it.
"""
import argparse
import json
import shutil
import sys
import time

import peers
import rows_keep
import rows_send
from common import BUILD, HERE, TOOLS, loop_gaps, machine, say, timed
from harness import wait_for_a_clock
from office import Burst, many_tasks

DUE = 1000  # of the tasks, whatever their number
# What is measured: name in the data, words for the table, unit.
FIGURES = (("scan", "one scan with nothing due", "instructions"), ("ready", "start to READY", "ms"),
           ("memory", "private memory", "MB"), ("remind", f"{DUE} reminders due at once, each", "us"),
           ("import", "import, each row", "us"), ("show", "deadlinectl show of one task", "ms"),
           ("task", "database, each task", "bytes"))


def measure_burst(n, runs):
    """Microseconds of a reminder, when so many tasks fall due at one second and the others do not."""
    burst = Burst("scale-burst", DUE, others=n - DUE)

    def once():
        sink = peers.Sink("smtp", "Message-ID: <")
        return 1e6 * burst.run(rows_send.smtp_settings(sink.port, 50), sink) / DUE

    return min(once() for _ in range(runs))


def measure_import(n, runs):
    def once():
        office = rows_keep.import_office("scale-import", min(1000, n))
        file = office.folder / "plan.csv"
        rows_keep.write_csv(file, n, min(1000, n))
        seconds, _ = timed([BUILD / "deadlinectl", "-c", office.config, "import", file])
        rows_keep.demand(office.count("SELECT count(*) FROM task") == n, "tasks are missing")
        return 1e6 * seconds / n

    return min(once() for _ in range(runs))


def measure(n, runs):
    office = many_tasks(f"scale-tasks-{n}", n)
    office.daemon_settings["scan_interval"] = "1s"
    office.write_config()
    rows_keep.ready_ms(office)
    show = [BUILD / "deadlinectl", "-c", office.config, "show", "t000500"]
    figures = {
        "scan": rows_keep.scan_instructions(office),
        "ready": min(rows_keep.ready_ms(office) for _ in range(runs)),
        "memory": rows_keep.private_mb(office),
        "show": 1000 * min(timed(show)[0] for _ in range(runs)),
        "task": office.size() / n,
    }
    shutil.rmtree(office.folder)
    figures["remind"] = measure_burst(n, runs)
    figures["import"] = measure_import(n, runs)
    return figures


def print_table(sizes, data, about):
    print(f"\n{about['deadlined']} on {about['cpu']}, {about['cores']} cores, {about['system']}\n")
    print("cost".ljust(44) + "".join(f"{size:>12,}".replace(",", " ") for size in sizes))
    for name, words, unit in FIGURES:
        print(f"{words} ({unit})".ljust(44) + "".join(f"{data[size][name]:>12.4g}" for size in sizes))


def draw(sizes, data):
    table, picture = BUILD / "bench-scale.dat", BUILD / "bench-scale.svg"
    lines = ["\t".join(["tasks", *(words for _, words, _ in FIGURES)])]
    for size in sizes:
        lines.append("\t".join([str(size), *(f"{data[size][name] / data[sizes[0]][name]:.5g}" for name, _, _ in FIGURES)]))
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    facts = f"table='{table}'; picture='{picture}'; columns={len(FIGURES) + 1}; smallest={sizes[0]}."
    timed(["gnuplot", "-e", facts, HERE / "scale.gp"])
    return picture


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=1000000, help="most tasks (1000000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each figure, of which the least counts (5)")
    options = parser.parse_args()
    sizes = [size for size in (1000, 10000, 100000, 1000000) if size <= options.limit] or [options.limit]
    wait_for_a_clock()
    about, start, data = machine(), time.monotonic(), {}
    for size in sizes:
        say(f"== {size} tasks")
        data[size] = measure(size, options.runs)
        say(", ".join(f"{name} {value:.4g}" for name, value in data[size].items()))
    about["took_s"] = round(time.monotonic() - start)
    print_table(sizes, data, about)
    out = BUILD / "bench-scale.json"
    out.write_text(json.dumps({"about": about, "figures": {name: f"{words}, {unit}" for name, words, unit in FIGURES},
                               "sizes": data, "loop_gaps_ms": loop_gaps}, indent=1) + "\n", encoding="utf-8")
    picture = draw(sizes, data)
    shutil.rmtree(TOOLS / "run", ignore_errors=True)
    print(f"\nthe picture: {picture}; every figure: {out}")


if __name__ == "__main__":
    sys.exit(main())
