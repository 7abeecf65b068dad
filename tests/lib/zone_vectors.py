#!/usr/bin/python3
"""Writes tests/unit/plan/zone_vectors.h: what Python's zoneinfo says of every clock change of 2024-2030.

    tests/lib/zone_vectors.py > tests/unit/plan/zone_vectors.h

Two implementations and one tzdata: where they disagree, one is wrong. A row of zone_offsets holds the offsets in the
seconds before and at a change; a row of zone_locals a local time inside the gap or overlap that it makes, or at its
edges, and the instant it must mean: the first after a gap, the first of two.
"""
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

ZONES = ["Asia/Sakhalin", "Asia/Shanghai", "Europe/Moscow", "Europe/Berlin", "America/New_York",
         "Australia/Lord_Howe", "Africa/Casablanca"]
START = int(datetime(2024, 1, 1, tzinfo=timezone.utc).timestamp())
END = int(datetime(2031, 1, 1, tzinfo=timezone.utc).timestamp())
HOUR = 3600


def offset(zone, utc):
    return int(datetime.fromtimestamp(utc, zone).utcoffset().total_seconds())


def changes(zone):
    for hour in range(START, END, HOUR):
        low, high = hour, hour + HOUR
        if offset(zone, low) == offset(zone, high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if offset(zone, middle) == offset(zone, low):
                low = middle
            else:
                high = middle
        yield high


def instant(zone, local, change):
    """The instants that show this local time, found by trying both offsets; none inside a gap."""
    fits = [local - o for o in (offset(zone, change - 1), offset(zone, change)) if local - o + offset(zone, local - o) == local]
    return min(fits, default=change)


def text(local):
    return (datetime(1970, 1, 1) + timedelta(seconds=local)).isoformat()


def main():
    offsets, locals_ = [], []
    for name in ZONES:
        zone = ZoneInfo(name)
        for utc in (START, END - 1):
            offsets.append((name, utc, offset(zone, utc)))
        for change in changes(zone):
            before, after = offset(zone, change - 1), offset(zone, change)
            offsets += [(name, change - 1, before), (name, change, after)]
            low, high = change + min(before, after), change + max(before, after)
            for local in (low - 1, low, (low + high) // 2, high - 1, high):
                locals_.append((name, text(local), instant(zone, local, change)))

    print("/* Written by tests/lib/zone_vectors.py; do not edit. */\n/* clang-format off */")
    print("static const struct {\n\tconst char *zone;\n\tint64_t utc;\n\tint offset_s;\n} zone_offsets[] = {")
    for row in offsets:
        print('\t{"%s", %d, %d},' % row)
    print("};\n\nstatic const struct {\n\tconst char *zone;\n\tconst char *local;\n\tint64_t utc;\n} zone_locals[] = {")
    for row in locals_:
        print('\t{"%s", "%s", %d},' % row)
    print("};")


main()
