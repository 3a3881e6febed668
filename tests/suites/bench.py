#!/usr/bin/env python3
"""What the suite `bench` checks, none of which is a time.

That every figure of docs/performance.md is in the JSON of the benchmarks, a finite number, not below zero unless it is a difference,
and no figure is there that the page does not tell of. And how many instructions one more decision and one more commit take (callgrind): they hardly differ
from run to run or machine to machine, so more than BAND beside what benches/instructions.txt has is a change somebody made.

    tests/suites/bench.py FIGURES.json     checks
    tests/suites/bench.py --bless          writes benches/instructions.txt anew
"""

import json
import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
RECORDED = TOP / "benches" / "instructions.txt"
PAGE = TOP / "docs" / "performance.md"
# Seeds of hash tables and versions of the C library move it by a hundredth or two; compilers by some more.
BAND = 0.15
# CPU time is counted in ticks of ten milliseconds: with little work it may be none, and one less another be below zero.
DIFFERENCES = re.compile(r"_(us|ms)_over_|^deliver_us$")
# The least that a difference of two runs needs to be exact, and the most that valgrind does in seconds.
FEW, MANY = 500, 1500


def figures_are_there(path):
    figures = json.loads(Path(path).read_text())
    del figures["spread"]
    table = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", PAGE.read_text(), re.M)
    told = {key for cell in table for key in re.findall(r"`(\w+)`", cell)}
    wrong = [f"docs/performance.md tells of {key}, which no benchmark measures" for key in sorted(told - set(figures))]
    wrong += [f"{key} is measured, and has no row in docs/performance.md" for key in sorted(set(figures) - told)]
    for key, value in figures.items():
        is_number = isinstance(value, (int, float)) and math.isfinite(value)
        if not is_number or value < 0 and not DIFFERENCES.search(key):
            wrong.append(f"{key} must be a finite number, not below zero, and is {value}")
    return wrong


def built():
    """The program whose instructions are counted."""
    command = ["cargo", "build", "--workspace", "--release", "--locked", "--quiet", "--bench", "instructions"]
    command.append("--message-format=json")
    output = subprocess.run(command, cwd=TOP, check=True, stdout=subprocess.PIPE, text=True).stdout
    artifacts = (json.loads(line) for line in output.splitlines())
    return next(a["executable"] for a in artifacts if a.get("executable") and a["target"]["name"] == "instructions")


def instructions(program, what, events):
    with tempfile.TemporaryDirectory() as directory:
        # The first thread's alone: what the one that owns sled does meanwhile differs from run to run.
        options = ["--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={directory}/out"]
        command = ["valgrind", *options, program, what, str(events)]
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{ran.stderr}")
        counted = Path(directory, "out-01").read_text()
    return int(re.search(r"^totals: (\d+)", counted, re.M).group(1))


def measured():
    """Instructions of one more event of each kind."""
    program = built()
    each = {
        what: (instructions(program, what, MANY) - instructions(program, what, FEW)) / (MANY - FEW)
        for what in ["parse", "decide", "commit"]
    }
    # What is decided was parsed before, and what is committed was decided.
    return {"decide": round(each["decide"] - each["parse"]), "commit": round(each["commit"] - each["decide"])}


def recorded():
    lines = (line.split() for line in RECORDED.read_text().splitlines() if not line.startswith("#"))
    return {name: int(number) for name, number in lines}


def instructions_are_as_recorded():
    now, before = measured(), recorded()
    wrong = []
    for name, number in now.items():
        print(f"{name}: {number} instructions, {number / before[name]:.3f} of the {before[name]} recorded")
        if abs(number / before[name] - 1) > BAND:
            wrong.append(
                f"{name} takes {number} instructions, and took {before[name]}. Find out why; where it is meant to be so: "
                "tests/suites/bench.py --bless"
            )
    return wrong


def bless():
    head = (
        "# Instructions of one event that three stats hear: engine::decide, and Store::commit of its outcome alone.\n"
        "# Counted by callgrind; tests/suites/bench.py compares, and writes this with --bless.\n"
    )
    RECORDED.write_text(head + "".join(f"{name} {number}\n" for name, number in measured().items()))


def main():
    if sys.argv[1:] == ["--bless"]:
        return bless()
    wrong = figures_are_there(sys.argv[1]) + instructions_are_as_recorded()
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
