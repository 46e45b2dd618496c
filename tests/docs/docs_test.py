#!/usr/bin/env python3
"""Does every command of the documentation work, and does every link lead somewhere?  docs_test.py PROGRAM SOURCES

Blocks marked sh and python of one page run in order in a folder of its own, in which ./tessera is PROGRAM, model.onnx a
network, dynamic.onnx the same with an open size N, and reader.onnx.gz one with an LSTM. Then every other command that
stands in the text as `./tessera ...`.
Blocks marked `setup` change the machine or the tree, those marked `json` are files; they are not run. The programs that make
published results are not run either: results/*/README.md."""
import gzip
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import onnx

PROGRAM, SOURCES = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
PAGES = ["README.md", "configs/networks/README.md", "configs/networks/onnx.md", "docs/first_ten_minutes.md", "docs/concepts.md", "docs/accuracy.md", "docs/extending.md", "CONTRIBUTING.md",
         "explore/python/README.md"]
LINKED = PAGES + ["CHANGELOG.md", "sim/README.md"]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
INLINE = re.compile(r"`(\./tessera [^`]+)`")
NOT_RUN = ["setup", "json"]
INTERPRETERS = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-B", "-c"]}


def commands(text):
    """A block of sh one command at a time, so that a failure is told by its line; here-documents stay whole."""
    lines, found = text.splitlines(), []
    while lines:
        command = [lines.pop(0)]
        end = re.search(r"<<'(\w+)'", command[0])
        while end and command[-1] != end[1]:
            command.append(lines.pop(0))
        if command[0].strip():
            found.append("\n".join(command))
    return found


def run_page(text, folder):
    """What fails, one text each."""
    os.symlink(SOURCES / "configs", os.path.join(folder, "configs"))
    os.symlink(PROGRAM, os.path.join(folder, "tessera"))
    make_models(folder)
    environment = dict(os.environ, TESSERA=PROGRAM, TESSERA_CONFIGS="configs", PYTHONPATH=str(SOURCES / "explore/python"))
    failures, count = [], 0
    for language, block in BLOCK.findall(text):
        if language not in INTERPRETERS and language not in NOT_RUN:
            failures.append(f"a block marked \"{language}\" is run by nobody: mark it sh, python or setup\n{block}")
    for language, command in commands_of(text):
        count += 1
        done = subprocess.run([*INTERPRETERS[language], command], cwd=folder, env=environment, capture_output=True,
                              text=True, timeout=800)
        if done.returncode:
            failures.append(f"{command}\nexit {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
    return failures, count


def commands_of(text):
    found = []
    for language, block in BLOCK.findall(text):
        if language in INTERPRETERS:
            found += [(language, command) for command in (commands(block) if language == "sh" else [block])]
    blocks = "".join(block for _, block in BLOCK.findall(text))
    return found + [("sh", command) for command in INLINE.findall(BLOCK.sub("", text)) if command not in blocks]


def make_models(folder):
    """ONNX files that pages name."""
    models = SOURCES / "tests/import/models"
    packed = models / "squeezenet1_1_op11.onnx.gz"
    pathlib.Path(folder, "reader.onnx.gz").write_bytes((models / "text_reader_op13.onnx.gz").read_bytes())
    pathlib.Path(folder, "model.onnx").write_bytes(gzip.decompress(packed.read_bytes()))
    model = onnx.load(os.path.join(folder, "model.onnx"))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "N"
    del model.graph.value_info[:]
    onnx.save(model, os.path.join(folder, "dynamic.onnx"))


def dead_links(page, text):
    def alive(link):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists():
            return False
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.M) if anchor else []
        return not anchor or anchor in [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings]

    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith("http")]
    return [f"{page.relative_to(SOURCES)}: {link} leads nowhere" for link in links if not alive(link)]


def main():
    failures = []
    with tempfile.TemporaryDirectory() as folder:  # a wrong command and a dead link must be noticed
        broken, _ = run_page("```sh\n./tessera list networks\n./tessera run nowhere.json\n```\nor `./tessera run missing`\n", folder)
        if len(broken) != 2 or "nowhere.json" not in broken[0] or "missing" not in broken[1]:
            sys.exit(f"a wrong command passed: {broken}")
    if len(dead_links(SOURCES / "README.md", "[x](nowhere.md) [y](#no-such-heading) [z](docs/concepts.md)")) != 2:
        sys.exit("a dead link passed")
    for page in LINKED:
        failures += dead_links(SOURCES / page, (SOURCES / page).read_text())
    for page in PAGES:
        with tempfile.TemporaryDirectory() as folder:
            found, count = run_page((SOURCES / page).read_text(), folder)
            failures += [f"{page}: {failure}" for failure in found]
            print(f"{page}: {count} commands, {len(found)} fail")
    sys.exit("\n\n".join(failures) if failures else 0)


if __name__ == "__main__":
    main()
