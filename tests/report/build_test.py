#!/usr/bin/env python3
"""The built page in the tree is what its sources give: build_test.py SOURCES WORK

Installs the locked packages with npm in WORK, builds there, and compares byte for byte. With UPDATE=1 in the environment
the page in the tree is replaced."""
import os
import pathlib
import shutil
import subprocess
import sys

SKIPPED = 77
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "ERR_SOCKET_TIMEOUT")


def npm(folder, *words):
    done = subprocess.run(["npm", *words], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"npm {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")


def main():
    sources, work = (pathlib.Path(path) for path in sys.argv[1:3])
    if shutil.which("npm") is None:
        print("skipped: npm is missing (apt-get install npm)")
        sys.exit(SKIPPED)
    lock = work / "package-lock.json"
    installed = lock.exists() and lock.read_bytes() == (sources / "package-lock.json").read_bytes()
    work.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(work / "src", ignore_errors=True)
    if not installed or not (work / "node_modules/.package-lock.json").exists():
        lock.unlink(missing_ok=True)
        shutil.copy(sources / "package.json", work)
        (work / "package-lock.json.new").write_bytes((sources / "package-lock.json").read_bytes())
        (work / "package-lock.json.new").rename(lock)
        try:
            npm(work, "ci", "--no-audit", "--no-fund")
        except SystemExit as failed:
            lock.unlink()
            if any(code in str(failed) for code in UNREACHABLE):
                print("skipped: the npm registry cannot be reached")
                sys.exit(SKIPPED)
            raise
    for name in ("package.json", "page.html", "tsconfig.json", "vite.config.ts"):
        shutil.copy(sources / name, work)
    shutil.copytree(sources / "src", work / "src")
    npm(work, "run", "build")
    built, kept = work / "dist/page.html", sources / "dist/page.html"
    if os.environ.get("UPDATE"):
        kept.parent.mkdir(exist_ok=True)
        shutil.copy(built, kept)
    if not kept.exists() or built.read_bytes() != kept.read_bytes():
        sys.exit(f"{kept} is not what its sources give; UPDATE=1 makes it again: UPDATE=1 ctest -R report_build")
    print(f"{kept}: {kept.stat().st_size} bytes, as built now")


if __name__ == "__main__":
    main()
