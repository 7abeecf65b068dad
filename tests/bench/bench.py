#!/usr/bin/env python3
"""make bench: how fast deadlined is, beside its peers on the same machine in the same minutes.

Never fails for being slow: the table is the result, and BUILD/bench.json has every figure in it. It fails when something
was lost, sent twice or cannot be started.
"""
import argparse
import json
import os
import shutil
import sys
import time

import rows_keep
import rows_send
from common import BUILD, TOOLS, Row, Wrong, file_system, loop_gaps, machine, say
from harness import wait_for_a_clock

SMTP_BOUNDS = {"smtp50": (1.2, 2.0), "smtp10": (1.0, 1.6), "smtp1": (1.0, 1.6)}  # must and aim
ROWS = (*SMTP_BOUNDS, "dot20", "postfix", "http", "alert-email", "alert-webhook", "scan", "ready", "memory",
        "idle", "punctual", "import", "rehearse", "loop", "size")


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="alternating runs of each row (5)")
    parser.add_argument("--only", default="", help=f"rows, by commas, of {', '.join(ROWS)}")
    parser.add_argument("--n", type=int, default=20000, help="reminders that fall due at once (20000)")
    parser.add_argument("--postfix-n", type=int, default=5000, help="of these, into a real Postfix (5000)")
    parser.add_argument("--alerts-n", type=int, default=2000, help="notifications of Alertmanager (2000)")
    parser.add_argument("--tasks", type=int, default=1000000, help="tasks of the large database (1000000)")
    parser.add_argument("--pending", type=int, default=100000, help="messages that wait in it (100000)")
    parser.add_argument("--idle-s", type=int, default=600, help="seconds of the idle row (600)")
    parser.add_argument("--punctual-n", type=int, default=100, help="lone reminders, one a second (100)")
    parser.add_argument("--wrk-s", type=int, default=3, help="seconds of each run of wrk (3)")
    options = parser.parse_args(arguments)
    options.only = [word for word in options.only.split(",") if word] or list(ROWS)
    unknown = set(options.only) - set(ROWS)
    if unknown:
        parser.error(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    return options


def loop_row():
    worst = max(loop_gaps, key=loop_gaps.get)
    row = Row("loop", f"largest gap between 10 ms ticks of the loop during the rows {', '.join(loop_gaps)}", "10 ms",
              "most", "ms", 100, 20, [loop_gaps[worst]], notes=[f"seen in {worst}"])
    row.figures["gaps_ms"] = dict(loop_gaps)
    return row


def measure(options):
    mail = None
    for name in (name for name in ROWS if name in options.only):
        say(f"== {name}")
        if name in (*SMTP_BOUNDS, "dot20", "size") and mail is None:
            mail = rows_send.Mail(options.n)
        if name in SMTP_BOUNDS:
            yield rows_send.smtp_row(mail, options, int(name[4:]), *SMTP_BOUNDS[name])
        elif name == "dot20":
            yield rows_send.dot_row(mail, options)
        elif name == "postfix":
            yield rows_send.postfix_row(options)
        elif name == "http":
            yield rows_send.http_row(options)
        elif name.startswith("alert-"):
            yield rows_send.alert_row(options, name[6:], *((8, 15) if name == "alert-email" else (2, 4)))
        elif name == "punctual":
            yield from rows_send.punctual_rows(options)
        elif name == "loop":
            if loop_gaps:
                yield loop_row()
        elif name == "size":
            yield rows_keep.size_row(mail)
        else:
            yield from rows_keep.ROWS[name](options)


# ---- words ----------------------------------------------------------------------------------------------------------

def figure(value, unit=""):
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text.replace(',', ' ')} {unit}".strip()


def cells(row):
    data = row.data()
    sign = {"ratio": "x", "relative": "x", "most": row.unit, "over": row.unit}[row.kind]
    form = {"ratio": "{}x", "relative": "{}x", "most": "{} " + row.unit, "over": "+{} " + row.unit}[row.kind]
    must, aim = (form.format(bound) if bound is not None else "-" for bound in (row.must, row.aim))
    value = f"{data['value']:.2f}x" if sign == "x" else figure(data["value"], sign)
    peer = figure(data["peer_median"], row.unit) if row.peers else "-"
    return [row.name, figure(data["ours_median"], row.unit), peer, value, must, aim, row.verdict()]


def print_table(rows, about):
    heads = ["row", "ours", "peer", "result", "must", "aim", "reached"]
    table = [heads] + [cells(row) for row in rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(heads))]
    print(f"\n{about['deadlined']} on {about['cpu']}, {about['cores']} cores, {about['memory_gb']} GB, {about['system']}, "
          f"Linux {about['kernel']}")
    print("beside " + ", ".join(f"{package} {version}" for package, version in about["versions"].items()))
    print(f"durable: WAL, synchronous=FULL, on {about['file_system']}; medians of {about['runs']} alternating runs; load "
          f"{about['load_at_start']:.1f} at the start, {about['load_at_end']:.1f} at the end\n")
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    print()
    for row in rows:
        print(f"{row.name}: {row.measure}; beside: {row.peer}" + "".join(f"; {note}" for note in row.notes))


def main():
    options = options_of(sys.argv[1:])
    wait_for_a_clock()
    about = machine() | {"runs": options.runs, "file_system": file_system(BUILD), "durability": "WAL, synchronous=FULL"}
    start = time.monotonic()
    options.idle = idle = rows_keep.Idle(options) if "idle" in options.only else None
    rows = []
    try:
        for row in measure(options):
            rows.append(row)
            say(f"{row.name}: {cells(row)[1]} beside {cells(row)[2]}: {cells(row)[3]} ({row.verdict()})")
    except Wrong as wrong:
        sys.exit(f"make bench: {wrong}")
    finally:
        if idle is not None:
            idle.stop()
    about |= {"load_at_end": os.getloadavg()[0], "took_s": round(time.monotonic() - start)}
    print_table(rows, about)
    out = BUILD / "bench.json"
    out.write_text(json.dumps({"about": about, "rows": {row.name: row.data() for row in rows}}, indent=1) + "\n",
                   encoding="utf-8")
    print(f"\nevery figure: {out}")
    shutil.rmtree(TOOLS / "run", ignore_errors=True)


if __name__ == "__main__":
    main()
