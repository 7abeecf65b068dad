"""plan/recur against python-dateutil: thousands of random rules, and the nights in which the clocks change."""
import random
import subprocess

import pytest

from harness import BUILD
import recur_vectors  # harness has put tests/lib on the path

CASES = 3000


def ask(cases):
    """What the C code makes of the cases, a line each."""
    text = "".join(line + "\n" for case in cases for line in case.lines())
    result = subprocess.run([BUILD / "recur-dump"], input=text, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    answers = result.stdout.splitlines()
    assert len(answers) == len(cases)
    return answers


@pytest.mark.parametrize("seed", [20250601, random.randrange(1 << 32)])
def test_random_rules_agree_with_dateutil(seed):
    rng = random.Random(seed)
    cases = [recur_vectors.random_case(rng) for _ in range(CASES)]
    refused = 0
    for case, answer in zip(cases, ask(cases)):
        if answer.startswith("refused: no day fits"):
            refused += 1
            continue
        expected = " ".join(recur_vectors.expected(case))
        assert answer == expected, f"seed {seed}: {case.lines()}"
    assert refused < CASES / 30


def test_every_night_of_a_clock_change_agrees_with_zoneinfo():
    """A daily task in the skipped or repeated hour, through the change and back to the ordinary hour."""
    cases = []
    for zone, nights in recur_vectors.NIGHTS.items():
        for night in nights:
            first = recur_vectors.datetime.fromisoformat(night) - recur_vectors.timedelta(days=3)
            cases.append(recur_vectors.Case(first, zone, {"FREQ": "DAILY", "COUNT": 7}))
    for case, answer in zip(cases, ask(cases)):
        assert answer == " ".join(recur_vectors.expected(case)), case.lines()
        assert len({start.split("=")[0][11:] for start in answer.split()}) == 1  # the time of day never moves
