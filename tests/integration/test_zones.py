"""Local times of every zone around every clock change of 2024-2060: the C code against Python's zoneinfo."""
import datetime
import subprocess
import zoneinfo

from harness import BUILD

UTC = datetime.timezone.utc
BEGIN, END = datetime.datetime(2024, 1, 1, tzinfo=UTC), datetime.datetime(2061, 1, 1, tzinfo=UTC)
DAY = datetime.timedelta(days=1)


def offset(zone, instant):
    return instant.astimezone(zone).utcoffset()


def changes(zone):
    """The instants at which the offset of the zone changes, to the second."""
    day, before = BEGIN, offset(zone, BEGIN)
    while day < END:
        after = offset(zone, day + DAY)
        if before != after:
            low, high = day, day + DAY
            while high - low > datetime.timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                low, high = (middle, high) if offset(zone, middle) == offset(zone, day) else (low, middle)
            yield high
        day, before = day + DAY, after


def expected_utc(zone, local, change):
    """The first instant of an ambiguous time, the change itself for one that is skipped."""
    first = local.replace(tzinfo=zone, fold=0)
    instant = first.astimezone(UTC)
    return instant if instant.astimezone(zone).replace(tzinfo=None) == local else change


def cases_of(zone, change):
    """Times on both sides of the change, at its edges, and half-way through what is skipped or repeated."""
    before = change.astimezone(UTC).replace(tzinfo=None) + offset(zone, change - datetime.timedelta(seconds=1))
    after = change.astimezone(UTC).replace(tzinfo=None) + offset(zone, change)
    low, high = min(before, after), max(before, after)
    half = low + (high - low) / 2
    minute = datetime.timedelta(minutes=1)
    hour = datetime.timedelta(hours=1)
    return sorted({low - hour, low - minute, low, half.replace(second=0, microsecond=0), high - minute, high,
                   high + hour})


def test_every_zone_and_every_clock_change():
    lines, expected = [], []
    n_changes = 0
    for name in sorted(zoneinfo.available_timezones()):
        if name == "localtime" or name.startswith(("posix/", "right/")) or name in ("posixrules", "Factory"):
            continue
        zone = zoneinfo.ZoneInfo(name)
        for change in changes(zone):
            n_changes += 1
            for local in cases_of(zone, change):
                day, next_day = local.date(), local.date() + DAY
                lines += [f"{local.isoformat(timespec='minutes')};{name};{day};{next_day}", "", "", ""]
                utc = expected_utc(zone, local, change)
                expected.append((name, f"{local.isoformat(timespec='seconds')}={int(utc.timestamp())}"))
    result = subprocess.run([BUILD / "recur-dump"], input="\n".join(lines) + "\n", capture_output=True, text=True,
                            timeout=300)
    assert result.returncode == 0, result.stderr
    answers = result.stdout.splitlines()
    wrong = [(name, want, got) for (name, want), got in zip(expected, answers, strict=True) if want != got]
    assert not wrong, f"{len(wrong)} of {len(expected)}: {wrong[:5]}"
    assert n_changes > 1000  # a tzdata without clock changes would prove nothing
