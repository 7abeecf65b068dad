#!/usr/bin/python3 -B
"""contract.py run|table|names   The delivery contract (tests/contract/promises.ini) and the tests that prove it.

run    runs the tests that the contract names, and prints the table with their results; exit 1 when a promise is unproven
table  the same from the results that the last `make check` or `run` left, a line for each fault
names  whether every fault names a test and every test that is named exists; runs nothing

BUILD names the build folder. A runner of tests leaves lines "kind<TAB>name<TAB>ok|FAIL" in files *.tsv of the folder
$RESULTS_DIR, and pytest leaves JUnit's XML there.
"""
import configparser
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
RESULTS = BUILD / "results"
PROMISES = ROOT / "tests" / "contract" / "promises.ini"
PYTEST = ["/usr/bin/python3", "-B", "-m", "pytest", "-p", "no:cacheprovider", "-q"]
# What runs all tests of a kind; it is quick, so nobody chooses among them.
RUNNERS = {"fuzz": ["tests/lib/replay-fuzz.sh"], "model": ["tests/model/run.sh"],
           "sim": ["tests/sim/run.sh", "check"], "bug": ["tests/sim/bugs.sh"],
           "oom": ["/usr/bin/python3", "-B", "tests/oom/run.py", "--short", "15"]}
TORTURE = "tests/torture/"
KINDS = ("unit", "pytest", *RUNNERS)


def read_promises():
    """[(fault's key, its words, [(promise, [(kind, name)])])], in the order of the file."""
    parser = configparser.ConfigParser(delimiters=("=",), comment_prefixes=("#",), interpolation=None,
                                       empty_lines_in_values=False)
    parser.optionxform = str
    parser.read_string(PROMISES.read_text(encoding="utf-8"), PROMISES.name)
    return [(key, parser[key]["fault"],
             [(promise, [tuple(line.split(None, 1)) for line in tests.splitlines() if line])
              for promise, tests in parser[key].items() if promise != "fault"])
            for key in parser.sections()]


def named_tests(promises):
    return {test for _, _, clauses in promises for _, tests in clauses for test in tests}


# ---- which tests there are -------------------------------------------------------------------------------------------------

def unit_exists(name):
    program, _, case = name.partition(" ")
    source = ROOT / "tests" / ("" if program.startswith("sim/") else "unit") / f"{program}.c"
    # defined, and in the program's table
    return source.is_file() and len(re.findall(rf"\b{re.escape(case)}\b", source.read_text(encoding="utf-8"))) >= 2


def pytest_exists(name):
    file, _, function = name.partition("::")
    function = function.partition("[")[0]
    path = ROOT / file
    return path.is_file() and re.search(rf"^def {re.escape(function)}\(", path.read_text(encoding="utf-8"), re.M)


def model_exists(name):
    table = (ROOT / "tests" / "model" / "run.sh").read_text(encoding="utf-8")
    return name == "arrows" or name in {" ".join(line.split()[:-1]) for line in table.splitlines() if line[:1].isalpha()}


def exists(kind, name):
    finders = {"unit": unit_exists, "pytest": pytest_exists, "model": model_exists,
               "sim": lambda name: name == "seeds" and (ROOT / "tests" / "sim" / "run.sh").is_file(),
               "bug": lambda name: (ROOT / "tests" / "sim" / "bugs" / f"{name}.patch").is_file(),
               "oom": lambda name: f"\\t{name}\\t" in (ROOT / "tests" / "oom" / "run.py").read_text(encoding="utf-8"),
               "fuzz": lambda name: (ROOT / "tests" / "fuzz" / f"{name}.c").is_file()}
    return kind in finders and bool(finders[kind](name))


def check_names(promises):
    problems = [f"{key}: '{' '.join(test)}' is no test" for key, _, clauses in promises
                for _, tests in clauses for test in tests if len(test) != 2 or not exists(*test)]
    problems += [f"{key}: names no test" for key, _, clauses in promises if not any(tests for _, tests in clauses)]
    return problems


# ---- running them ----------------------------------------------------------------------------------------------------------

def commands_for(tests):
    """[(what it is, command)] that leave the results of these tests. What is quick or needs its own surroundings is run as
    a whole."""
    names = {kind: sorted(name for other, name in tests if other == kind) for kind in KINDS}
    programs = sorted({str(BUILD / "unit" / name.split()[0]) for name in names["unit"]})
    ours = [name for name in names["pytest"] if not name.startswith(TORTURE)]
    yield "unit", ["tests/lib/run-unit.sh", *programs]
    for kind, command in RUNNERS.items():
        if names[kind]:
            yield kind, command
    yield "pytest", [*PYTEST, f"--junit-xml={RESULTS}/pytest.xml", *ours]
    if len(ours) < len(names["pytest"]):
        yield "torture", ["tests/torture/run.sh", "short"]


def run_tests(tests):
    """Leaves their results in RESULTS. What a runner says goes to a log there; how it ends is told by the results."""
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    environment = {**os.environ, "BUILD": str(BUILD), "RESULTS_DIR": str(RESULTS)}
    for what, command in commands_for(tests):
        print(f"running the {what} tests", file=sys.stderr, flush=True)
        with open(RESULTS / f"{what}.log", "wb") as log:
            subprocess.run(command, cwd=ROOT, env=environment, stdout=log, stderr=log, check=False)


def pytest_name(case):
    """tests.integration.test_daemon + test_x[a] -> tests/integration/test_daemon.py::test_x[a]"""
    return f"{case.get('classname').replace('.', '/')}.py::{case.get('name')}"


def read_results():
    """{(kind, name): "ok" | "FAIL" | "skipped"}"""
    results = {}
    for file in sorted(RESULTS.glob("*.tsv")):
        for line in file.read_text(encoding="utf-8").splitlines():
            kind, name, result = line.split("\t")
            results[kind, name] = result
    for file in sorted(RESULTS.glob("*.xml")):
        for case in xml.parse(file).iter("testcase"):
            tags = {child.tag for child in case}
            results["pytest", pytest_name(case)] = \
                "FAIL" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "ok"
    return results


def result_of(test, results):
    """"ok", or why it is not. A test with parameters that are not named stands for all of them."""
    kind, name = test
    found = {results[test]} if test in results else \
        {result for (other, full), result in results.items() if other == kind and full.startswith(name + "[")}
    if not found:
        return "not run"
    return "ok" if found == {"ok"} else sorted(found - {"ok"})[0]


# ---- the table -------------------------------------------------------------------------------------------------------------

def is_proven(clauses, results):
    return bool(clauses) and all(tests and all(result_of(test, results) == "ok" for test in tests)
                                 for _, tests in clauses)


def print_tests(clauses, results):
    for promise, tests in clauses:
        print(f"      {promise}")
        for test in tests:
            print(f"          {result_of(test, results):8} {' '.join(test)}")
        if not tests:
            print("          no test proves it")


def print_table(promises, results, with_tests):
    """Returns the number of faults of which something is unproven."""
    n_unproven = 0
    for key, fault, clauses in promises:
        holds = is_proven(clauses, results)
        n_unproven += not holds
        print(f"{'ok  ' if holds else 'FAIL'}  {key}: {fault}")
        if with_tests:
            print_tests(clauses, results)
    n_tests = sum(result_of(test, results) == "ok" for test in named_tests(promises))
    print(f"contract: {len(promises) - n_unproven} of {len(promises)} faults: every promise proven, "
          f"by {n_tests} tests that passed")
    return n_unproven


def main(arguments):
    if arguments not in (["run"], ["table"], ["names"]):
        print("usage: contract.py run|table|names", file=sys.stderr)
        return 64
    promises = read_promises()
    problems = check_names(promises)
    for problem in problems:
        print(f"{PROMISES.name}: {problem}", file=sys.stderr)
    if arguments == ["names"]:
        return 1 if problems else 0
    if arguments == ["run"]:
        run_tests(named_tests(promises))
    n_unproven = print_table(promises, read_results(), arguments == ["run"])
    return 1 if problems or n_unproven else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
