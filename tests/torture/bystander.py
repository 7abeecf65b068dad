#!/usr/bin/python3 -B
"""bystander.py CPU   sleeps on that processor, 10 ms at a time, until its parent is gone; whenever it wakes up late, it
prints from when to when it did nothing, as seconds since 1970. It comes before all other work, as the daemons do whose
loop is measured, and waits for nothing: when it stands still, so does the machine."""
import os
import sys
import time

SLEEP_S, LATE_S = 0.01, 0.03

parent = os.getppid()
os.sched_setaffinity(0, {int(sys.argv[1])})
print("ready", flush=True)
before = time.time()
while os.getppid() == parent:
    time.sleep(SLEEP_S)
    now = time.time()
    if now - before > LATE_S:
        print(before + SLEEP_S, now, flush=True)
    before = now
