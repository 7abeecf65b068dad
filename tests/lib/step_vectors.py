#!/usr/bin/python3
"""Writes tests/unit/service/step_vectors.h: when a step at a local time on the day of a clock change is due, by Python's
zoneinfo, for every change of 2024-2030 in zones that change at odd hours and by odd spans.

    tests/lib/step_vectors.py > tests/unit/service/step_vectors.h

Two rows a change: the first local minute that the change skips or repeats, and one in the middle. In a gap the step is
due at the first instant after it, where the time comes twice at the first of the two.
"""
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

ZONES = ["Africa/Cairo", "Africa/Casablanca", "America/Havana", "America/New_York", "America/Santiago",
         "America/St_Johns", "Antarctica/Troll", "Asia/Beirut", "Asia/Jerusalem", "Australia/Lord_Howe",
         "Europe/Berlin", "Europe/London", "Pacific/Chatham"]
START = int(datetime(2024, 1, 2, tzinfo=timezone.utc).timestamp())
END = int(datetime(2030, 12, 30, tzinfo=timezone.utc).timestamp())
STEP = 1800


def offset(zone, utc):
    return int(datetime.fromtimestamp(utc, zone).utcoffset().total_seconds())


def changes(zone):
    for low in range(START, END, STEP):
        high = low + STEP
        if offset(zone, low) == offset(zone, high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(zone, middle) == offset(zone, low) else (low, middle)
        yield high


def instant(zone, local, change):
    fits = [local - o for o in (offset(zone, change - 1), offset(zone, change)) if local - o + offset(zone, local - o) == local]
    return min(fits, default=change)


def main():
    rows = []
    for number, name in enumerate(ZONES):
        zone = ZoneInfo(name)
        for change in changes(zone):
            ends = sorted(change + offset(zone, utc) for utc in (change - 1, change))
            for local in (ends[0], sum(ends) // 2):
                at = datetime(1970, 1, 1) + timedelta(seconds=local)
                rows.append((instant(zone, local, change), number, at))
    rows.sort()
    print("/* Written by tests/lib/step_vectors.py; do not edit. */\n/* clang-format off */")
    print("static const char *const step_zones[] = {\n\t" + ",\n\t".join(f'"{name}"' for name in ZONES) + ",\n};")
    print("/* Zone, local day, minute of that day, UTC; by UTC. */")
    print("static const struct {\n\tint zone;\n\tconst char *day;\n\tint minute;\n\tint64_t utc;\n} step_vectors[] = {")
    for i in range(0, len(rows), 3):
        print("\t" + " ".join(f'{{{n}, "{at:%Y-%m-%d}", {at.hour * 60 + at.minute}, {utc}}},' for utc, n, at in rows[i:i + 3]))
    print("};")


main()
