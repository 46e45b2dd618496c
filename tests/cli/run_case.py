#!/usr/bin/env python3
"""Runs transcripts of the command line: run_case.py PROGRAM CONFIGS CASE...

A case is a text file:
    # what it shows
    -- file bad.json          a file of the case, in an empty folder with the project's configs/ beside it
    {...}
    -- run
    tessera check bad.json
    -- exit 2
    -- stdout                 exactly this; a line `...` stands for any lines; a section left out is not compared
    -- stderr
With UPDATE=1 in the environment the expected stdout and stderr are rewritten from what the program says.
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile


def parse(text):
    """Sections as [header, lines] in order; what stands before the first is the comment."""
    sections = [["", []]]
    for line in text.splitlines():
        if line.startswith("-- "):
            sections.append([line[3:].strip(), []])
        else:
            sections[-1][1].append(line)
    return sections


def matches(expected, got):
    pattern = "".join("(?:.*\n)*" if line.strip() == "..." else re.escape(line) + "\n" for line in expected)
    return re.fullmatch(pattern, got) is not None


def execute(sections, program, configs):
    """Exit code, stdout and stderr of the case's command in a fresh folder."""
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(configs, os.path.join(folder, "configs"))
        os.symlink(program, os.path.join(folder, "tessera"))
        for header, lines in sections:
            if header.startswith("file "):
                os.makedirs(os.path.dirname(os.path.join(folder, header[5:])), exist_ok=True)
                with open(os.path.join(folder, header[5:]), "w") as out:
                    out.write("\n".join(lines) + "\n")
        command = "\n".join(next(lines for header, lines in sections if header == "run"))
        env = dict(os.environ, PATH=folder + ":" + os.environ["PATH"], TESSERA_CONFIGS="configs",
                   XDG_CACHE_HOME=os.path.join(folder, ".cache"))
        return subprocess.run(["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True, timeout=800)


def check(path, program, configs):
    with open(path) as source:
        sections = parse(source.read())
    done = execute(sections, program, configs)
    expected_exit = next(int(header.split()[1]) for header, _ in sections if header.startswith("exit "))
    failures = []
    if done.returncode != expected_exit:
        failures.append(f"exit {done.returncode}, expected {expected_exit}\n{done.stdout}{done.stderr}")
    for section in sections:
        header, lines = section
        if header not in ("stdout", "stderr"):
            continue
        got = getattr(done, header)
        if matches(lines, got):
            continue
        if os.environ.get("UPDATE"):
            section[1] = got.splitlines()
            continue
        failures.append(header + " differs\n" + "\n".join(difflib.unified_diff(lines, got.splitlines(), "expected", "got", lineterm="")))
    if os.environ.get("UPDATE"):
        with open(path, "w") as out:
            for header, lines in sections:
                out.write("".join(line + "\n" for line in ([f"-- {header}"] if header else []) + lines))
    return failures


def main():
    program, configs = (os.path.abspath(path) for path in sys.argv[1:3])
    bad = 0
    for path in sys.argv[3:]:
        failures = check(path, program, configs)
        name = os.path.basename(path)
        print(("FAILED " if failures else "ok     ") + name)
        for failure in failures:
            bad += 1
            print(failure)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
