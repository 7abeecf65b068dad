#!/usr/bin/python3
"""Random recurring tasks, and the dates that python-dateutil gives them; for the comparison with plan/recur.

    tests/lib/recur_vectors.py SEED COUNT    prints the cases as build/recur-dump reads them

dateutil is an implementation of RFC 5545 of its own, older than this project and used by others. Where it and plan/recur
differ on purpose, expected() says so: the first occurrence always counts.
"""
import random
import sys
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday

FREQS = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY, "YEARLY": YEARLY}
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
ZONES = ["Asia/Sakhalin", "Asia/Shanghai", "Europe/Moscow", "Europe/Berlin", "America/New_York", "America/St_Johns",
         "Australia/Lord_Howe", "Africa/Casablanca", "America/Santiago", "UTC"]
# Nights in which the clocks of these zones change, so that rules are made to fall on them.
NIGHTS = {"Europe/Berlin": ["2025-03-30T02:30", "2025-10-26T02:30", "2026-03-29T02:00"],
          "America/New_York": ["2025-03-09T02:30", "2025-11-02T01:30", "2026-11-01T01:00"],
          "America/St_Johns": ["2025-03-09T02:30", "2025-11-02T01:30"],
          "Australia/Lord_Howe": ["2025-10-05T02:15", "2025-04-06T01:45"],
          "Africa/Casablanca": ["2025-02-23T02:30", "2025-04-06T02:30"],
          "America/Santiago": ["2025-09-07T00:30", "2025-04-05T23:30"]}
SPAN = timedelta(days=4 * 366)


class Case:
    """A task: first is a date or a datetime without zone, like every entry of rdates and exdates."""

    def __init__(self, first, zone, parts, rdates=(), exdates=()):
        self.first, self.zone, self.parts = first, zone, dict(parts)
        self.rdates, self.exdates = list(rdates), list(exdates)
        self.start = datetime.fromisoformat(first.isoformat())  # a date becomes its midnight
        self.has_time = isinstance(first, datetime)
        self.begin, self.end = self.start - timedelta(days=30), self.start + SPAN

    def rule(self):
        return ";".join(f"{k}={v}" for k, v in self.parts.items())

    def lines(self):
        """The four lines of recur-dump."""
        moment = lambda m: m.isoformat(timespec="minutes") if isinstance(m, datetime) else m.isoformat()
        head = ";".join([moment(self.first), self.zone, moment(self.begin), moment(self.end)])
        return [head, self.rule(), ",".join(map(moment, self.rdates)), ",".join(map(moment, self.exdates))]


def numbers(text):
    return [int(n) for n in text.split(",")]


def weekdays(text):
    return [weekday(DAYS.index(d[-2:]), int(d[:-2]) if d[:-2] else None) for d in text.split(",")]


def last_start(case, text):
    """UNTIL in local time: what begins later is out."""
    if len(text) == 8:
        return datetime.combine(datetime.strptime(text, "%Y%m%d").date(), time(23, 59, 59))
    if text.endswith("Z"):
        utc = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        return utc.astimezone(ZoneInfo(case.zone)).replace(tzinfo=None)
    return datetime.strptime(text, "%Y%m%dT%H%M%S")


def rule_days(case):
    """The days of the rule, and the time of day of the first."""
    parts = dict(case.parts)
    if not parts:
        return set()
    args = {"dtstart": case.start, "interval": int(parts.get("INTERVAL", 1)), "wkst": DAYS.index(parts.get("WKST", "MO"))}
    for name in ("BYMONTHDAY", "BYMONTH", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"):
        if name in parts:
            args[name.lower()] = numbers(parts[name])
    if "BYDAY" in parts:
        args["byweekday"] = weekdays(parts["BYDAY"])
    if "UNTIL" in parts:
        until = last_start(case, parts["UNTIL"])
        args["until"] = until if case.has_time else datetime.combine(until.date(), time(23, 59, 59))
    count = int(parts["COUNT"]) if "COUNT" in parts else None
    days = []
    for start in rrule(FREQS[parts["FREQ"]], **args):
        if start >= case.end or len(days) == count:
            break
        days.append(start)
    if count is not None and (not days or days[0] != case.start):
        days = days[:count - 1]  # the first occurrence is one of COUNT
    return set(days)


def utc_seconds(start, zone):
    """A time that a clock change skips is the first instant after the gap, one that comes twice the first of the two."""
    info = ZoneInfo(zone)
    fits = []
    for fold in (0, 1):
        utc = start.replace(tzinfo=info, fold=fold).astimezone(timezone.utc)
        if utc.astimezone(info).replace(tzinfo=None) == start:
            fits.append(int(utc.timestamp()))
    if fits:
        return min(fits)
    low = int((start - timedelta(days=1)).replace(tzinfo=timezone.utc).timestamp()) - 14 * 3600
    high = low + 4 * 86400
    shown = lambda s: datetime.fromtimestamp(s, timezone.utc).astimezone(info).replace(tzinfo=None)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shown(middle) >= start else (middle, high)
    return high


def expected(case):
    starts = rule_days(case) | {case.start}
    for added in case.rdates:
        timed = isinstance(added, datetime) and case.has_time
        day = added.date() if isinstance(added, datetime) else added
        starts.add(added if timed else datetime.combine(day, case.start.time()))
    for out in case.exdates:
        timed = isinstance(out, datetime) and case.has_time
        day = out.date() if isinstance(out, datetime) else out
        starts = {s for s in starts if (s != out if timed else s.date() != day)}
    return [f"{s.isoformat()}={utc_seconds(s, case.zone)}" for s in sorted(starts) if case.begin <= s < case.end]


def pick(rng, low, high, most, has_negative=False):
    values = {rng.randint(low, high) * (rng.choice([1, 1, -1]) if has_negative else 1) for _ in range(rng.randint(1, most))}
    order = sorted(values)
    if rng.random() < 0.3:
        rng.shuffle(order)
    return ",".join(map(str, order))


def random_byday(rng, positions):
    days = rng.sample(DAYS, rng.randint(1, 4))
    if positions and rng.random() < 0.6:
        days = [f"{rng.choice(positions)}{d}" for d in days]
    return ",".join(days)


def random_parts(rng):
    """Only what recur_check() takes, and little that fits no day at all: dateutil searches to the year 9999 for that, and
    breaks when BYDAY counts more weekdays than a month has."""
    freq = rng.choice(list(FREQS))
    parts = {"FREQ": freq}
    if rng.random() < 0.5:
        parts["INTERVAL"] = rng.randint(1, {"DAILY": 40, "WEEKLY": 9, "MONTHLY": 14, "YEARLY": 4}[freq])
    if rng.random() < 0.25:
        parts["WKST"] = rng.choice(DAYS)
    if rng.random() < 0.3:
        parts["BYMONTH"] = pick(rng, 1, 12, 4)
    if rng.random() < 0.4 and not (freq == "DAILY" and int(parts.get("INTERVAL", 1)) % 7 == 0):
        positions = {"MONTHLY": [1, 2, 3, 4, 5, -1, -2], "YEARLY": [1, 2, 5, 20, 52, -1, -10]}.get(freq)
        parts["BYDAY"] = random_byday(rng, positions if "BYMONTH" not in parts else positions and [1, 2, 4, 5, -1, -3])
    has_position = any(c.isdigit() for c in parts.get("BYDAY", ""))
    wants_monthday = freq in ("DAILY", "MONTHLY") or freq == "YEARLY" and "BYMONTH" in parts
    if wants_monthday and not has_position and rng.random() < 0.4:
        has_long = any(month in (1, 3, 5, 7, 8, 10, 12) for month in numbers(parts.get("BYMONTH", "1")))
        parts["BYMONTHDAY"] = pick(rng, 1, 31 if has_long else 28, 4, freq != "DAILY")
    if freq == "YEARLY" and "BYMONTH" not in parts and rng.random() < 0.3:
        parts["BYYEARDAY"] = pick(rng, 1, 365, 4, True)
        if has_position:
            del parts["BYDAY"]
    from_end = any("-" in parts.get(name, "") for name in ("BYMONTHDAY", "BYYEARDAY"))
    has_by = any(name.startswith("BY") for name in parts)
    if freq in ("MONTHLY", "YEARLY") and has_by and not from_end and rng.random() < 0.2:
        parts["BYSETPOS"] = rng.choice(["1", "-1", "1,-1", "1,2", "-2,-1", "1,4"])
    return parts


def random_first(rng, zone):
    if rng.random() < 0.4:
        return date(2024, 1, 1) + timedelta(days=rng.randrange(800))
    nights = NIGHTS.get(zone)
    if nights and rng.random() < 0.6:
        night = datetime.fromisoformat(rng.choice(nights))
        return night - timedelta(days=rng.choice([0, 1, 7, 14, 28, 31, 365]))
    return datetime(2024, 1, 1) + timedelta(minutes=rng.randrange(800 * 1440))


def random_end(rng, first, parts):
    chance = rng.random()
    if chance < 0.25:
        parts["COUNT"] = rng.randint(1, 60)
    elif chance < 0.6:
        end = datetime.fromisoformat(first.isoformat()) + timedelta(minutes=rng.randrange(1200 * 1440))
        if rng.random() < 0.3:
            end = datetime.combine(end.date(), datetime.fromisoformat(first.isoformat()).time())
        parts["UNTIL"] = end.strftime(rng.choice(["%Y%m%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"]))


def random_dates(rng, first):
    dates = []
    for _ in range(rng.choice([0, 0, 0, 1, 3])):
        moment = first + timedelta(days=rng.choice([0, 1, 7, 14, 28, 30, 31, 365, rng.randrange(1000)]))
        if isinstance(moment, datetime) and rng.random() < 0.4:
            moment = moment.date()
        elif isinstance(moment, datetime) and rng.random() < 0.3:
            moment += timedelta(minutes=rng.randrange(1440))
        dates.append(moment)
    return dates


def random_case(rng):
    zone = rng.choice(ZONES)
    first = random_first(rng, zone)
    parts = random_parts(rng)
    random_end(rng, first, parts)
    return Case(first, zone, parts, random_dates(rng, first), random_dates(rng, first))


def main():
    rng = random.Random(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        print("\n".join(random_case(rng).lines()))


if __name__ == "__main__":
    main()
