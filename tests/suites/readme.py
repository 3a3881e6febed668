#!/usr/bin/env python3
"""Does what README.md, or another page, says, block by block, and compares what comes out with what it shows.

    ```toml      part of a badge file of the repository, which its first line names: # badges/photos.toml
    ```console   lines after "$ " are run, with a shell; the lines that follow are what they must write. "…" stands
                 for anything within a line, and alone for any lines. Nothing shown: nothing is compared
    ```json      written to the file that the line before the block names: <!-- as events.jsonl -->; and so are toml, js, php and nginx

A console block after the line <!-- goes on --> is left running; what it shows must have come when the page ends.
Any other kind of block is a mistake: what nothing executes rots.

Everything happens in a scratch folder with a copy of `badges/`, and the server takes a free port, so 127.0.0.1:50051
stands for that one. `laurels` and `cargo run --release --` are the program that was built.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE = 60  # seconds for one command, or for what a command left running must show
DEFAULT_ADDRESS = "127.0.0.1:50051"
ROOT = os.getcwd()


def blocks(text):
    """Each block: its line, its kind, the comment before it, its lines."""
    found, block, before = [], None, ""
    for number, line in enumerate(text.split("\n"), 1):
        if block is not None and line == "```":
            found.append(block)
            block, before = None, ""
        elif block is not None:
            block[3].append(line)
        elif line.startswith("```"):
            block = (number, line[3:].strip(), before, [])
        elif line.strip():
            before = line.strip()
    return found


def commands(lines):
    """(command, lines shown) pairs; a command goes on after a backslash."""
    pairs = []
    for line in lines:
        if pairs and pairs[-1][0].endswith("\\"):
            pairs[-1] = (pairs[-1][0][:-1] + line.strip(), pairs[-1][1])
        elif line.startswith("$ "):
            pairs.append((line[2:], []))
        elif pairs:
            pairs[-1][1].append(line)
        else:
            sys.exit("a console block begins with $")
    return pairs


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def shows(said, shown):
    lines = ["(.*\n)*" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + "\n" for line in shown]
    return re.fullmatch("".join(lines), said.strip("\n") + "\n") is not None


def check_excerpt(lines):
    """Fails unless a block's lines are in the file that it names, in the same order; comments aside."""
    bare = lambda line: re.sub(r"\s+# .*", "", line)
    name = lines[0][2:].strip()
    rest = iter(map(bare, read(name).split("\n")))
    for line in lines[1:]:
        # Goes on where the line before was found.
        if bare(line) not in rest:
            sys.exit("%s does not have, in this order, this line: %s" % (name, line))


class Page:
    def __init__(self, scratch):
        self.scratch, self.address, self.running = scratch, None, []
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("LAURELS_")}
        self.env["PATH"] = os.path.join(ROOT, "target", "debug") + os.pathsep + self.env["PATH"]
        self.env.update(LAURELS_LISTEN="127.0.0.1:0", LAURELS_LOG="warn")
        shutil.copytree("badges", os.path.join(scratch, "badges"))

    def write(self, name, lines):
        path = os.path.join(self.scratch, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.served("\n".join(lines)) + "\n")

    def shell(self, command):
        command = re.sub(r"^cargo run (--release )?-- ", "laurels ", command)
        return self.served(command)

    def served(self, text):
        """The text with the address of the server that runs."""
        return text.replace(DEFAULT_ADDRESS, self.address) if self.address else text

    def start(self, command, shown):
        out = open(os.path.join(self.scratch, "out-%d" % len(self.running)), "w+", encoding="utf-8")
        child = subprocess.Popen(["bash", "-c", "exec " + self.shell(command)], cwd=self.scratch, env=self.env,
                                 stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        self.running.append((child, out.name, command, shown))
        # Begun is what has said something.
        self.wait_for(lambda: "\n" in read(out.name) or child.poll() is not None, command, out.name)
        listens = re.search(r"^Laurels listens on (\S+)$", read(out.name), re.M)
        if listens:
            self.address = listens.group(1)
            self.env["LAURELS_SERVER"] = "http://" + self.address

    def wait_for(self, condition, command, log):
        until = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > until:
                sys.exit("%s has not shown what it should; it wrote:\n%s" % (command, read(log)))
            time.sleep(0.05)

    def run(self, command, shown):
        done = subprocess.run(["bash", "-c", self.shell(command)], cwd=self.scratch, env=self.env, timeout=PATIENCE,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = done.stdout.decode("utf-8")
        if shown and not shows(said, shown):
            sys.exit("$ %s\nwrote\n%s\nand not\n%s" % (command, said, "\n".join(shown)))
        if not shown and done.returncode != 0:
            sys.exit("$ %s\nfailed:\n%s" % (command, said))

    def finish(self):
        for child, log, command, shown in self.running:
            if shown:
                self.wait_for(lambda: shows(read(log), shown), command, log)

    def stop(self):
        for child, *_ in reversed(self.running):
            child.send_signal(signal.SIGINT)
            child.wait(PATIENCE)


def main():
    text = read(sys.argv[1])
    scratch = tempfile.mkdtemp()
    page, count = Page(scratch), 0
    try:
        for line, kind, before, lines in blocks(text):
            print("%s:%d %s" % (sys.argv[1], line, kind), flush=True)
            named = re.fullmatch(r"<!-- as (\S+) -->", before)
            if kind == "toml" and lines and lines[0].startswith("# badges/"):
                check_excerpt(lines)
            elif kind in ("json", "toml", "js", "php", "nginx") and named:
                page.write(named.group(1), lines)
            elif kind == "console":
                for command, shown in commands(lines):
                    (page.start if before == "<!-- goes on -->" else page.run)(command, shown)
            else:
                sys.exit("line %d: nothing is known to do with this block; see %s" % (line, __file__))
            count += 1
        page.finish()
    finally:
        page.stop()
        shutil.rmtree(scratch)
    if not count:
        sys.exit("there is no block")
    print("%d blocks" % count)


main()
