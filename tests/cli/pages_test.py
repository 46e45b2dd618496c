#!/usr/bin/env python3
"""Runs the examples of pages: pages_test.py PROGRAM ROOT PAGE...

Every line of a fenced block without a language is a command that must end with 0, in one folder per page that has
./tessera, configs/ and model.onnx.gz. A block ```json NAME is written to that file. A page without commands, and (with
--self-test) one whose command fails, is refused."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)


def failures(program, root, page):
    with open(page, encoding="utf-8") as file:
        blocks = BLOCK.findall(file.read())
    wrong, commands = [], 0
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.join(root, "configs"), os.path.join(folder, "configs"))
        os.symlink(program, os.path.join(folder, "tessera"))
        shutil.copy(os.path.join(root, "tests/import/models/squeezenet1_1_op11.onnx.gz"),
                    os.path.join(folder, "model.onnx.gz"))
        env = dict(os.environ, TESSERA_CONFIGS=os.path.join(root, "configs"))
        for language, text in blocks:
            if language.startswith("json "):
                with open(os.path.join(folder, language[5:]), "w", encoding="utf-8") as file:
                    file.write(text)
            if language:
                continue
            for command in text.splitlines():
                commands += 1
                done = subprocess.run(["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True,
                                      timeout=800)
                if done.returncode != 0:
                    wrong.append(f"{page}: {command}\nexit {done.returncode}\n{done.stdout[-1500:]}{done.stderr}")
    return wrong if commands else [f"{page}: has no command"]


def self_test(program, root):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("a.md", "```\n./tessera check nothing.json\n```\n"), ("b.md", "no command\n")):
            page = os.path.join(folder, name)
            with open(page, "w", encoding="utf-8") as file:
                file.write(text)
            if not failures(program, root, page):
                return [f"accepted: {text}"]
    return []


def main():
    program, root = (os.path.abspath(path) for path in sys.argv[1:3])
    wrong = self_test(program, root)
    for page in sys.argv[3:]:
        wrong += failures(program, root, page)
    print("\n".join(wrong) or f"{len(sys.argv) - 3} pages")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
