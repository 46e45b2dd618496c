#!/usr/bin/env python3
"""Does the launcher install what a machine lacks, and only that, and skip what is done?  launcher_test.py TESSERA

The launcher runs in a folder of its own with stand-ins for dpkg-query, apt-get, cmake and ctest, which note their calls.
That every package a build needs is in its list is not asked here: only a machine without them shows that."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

STAND_INS = {
    # Knows cmake and g++; like the real one it fails when it is asked for anything else.
    "dpkg-query": 'for p in "$@"; do case $p in cmake|g++) echo "installed $p";; esac; done; exit 1',
    "apt-get": '[ "${APT_FAILS:-}" ] && { echo "E: no network"; exit 100; }; exit 0',
    "cmake": 'if [ "$1" = -S ]; then touch "$TESSERA_BUILD/CMakeCache.txt"; else'
             ' p=$(echo "$4" | tr _ -);'
             ' printf "#!/bin/sh\\necho $p \\"\\$@\\"\\n" > "$TESSERA_BUILD/$p"; chmod +x "$TESSERA_BUILD/$p"; fi',
    "ctest": "echo tests",
    "ninja": "exit 0",
}


class Machine:
    def __init__(self, folder, launcher):
        self.root = pathlib.Path(folder)
        for part in ("sim", "models", "explore", "bin", "build"):
            (self.root / part).mkdir()
        (self.root / "CMakeLists.txt").touch()
        (self.root / "models/systemc.cmake").touch()
        shutil.copy(launcher, self.root / "tessera")
        for name, script in STAND_INS.items():
            path = self.root / "bin" / name
            path.write_text(f'#!/bin/sh\necho {name} "$@" >> "{self.root}/calls"\n{script}\n')
            path.chmod(0o755)

    def run(self, *arguments, **more):
        """The launcher's result, and the calls that it made."""
        (self.root / "calls").write_text("")
        environment = dict(os.environ, PATH=f"{self.root}/bin:{os.environ['PATH']}", TESSERA_BUILD=f"{self.root}/build", **more)
        done = subprocess.run([str(self.root / "tessera"), *arguments], env=environment, text=True, capture_output=True)
        return done, (self.root / "calls").read_text().splitlines()


def check(condition, what, done, calls):
    if not condition:
        sys.exit(f"{what}\nexit {done.returncode}\n{done.stdout}{done.stderr}\ncalls:\n" + "\n".join(calls))


def main():
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(folder, sys.argv[1])
        done, calls = machine.run("run", "x.json", APT_FAILS="1")
        check(done.returncode == 1 and "by hand: apt-get install" in done.stderr, "a failed installation is not said", done, calls)
        check(not any(c.startswith("cmake") for c in calls), "it went on after a failed installation", done, calls)

        done, calls = machine.run("run", "x.json")
        installs = [c.split() for c in calls if c.startswith("apt-get install")]
        check(done.returncode == 0 and done.stdout == "tessera-first run x.json\n", "the first call fails", done, calls)
        check(len(installs) == 1 and "libsystemc-dev" in installs[0] and "catch2" in installs[0], "packages are missing", done, calls)
        check("chromium" not in installs[0], "a run installs a browser", done, calls)
        check("cmake" not in installs[0] and "g++" not in installs[0], "what is there is installed again", done, calls)

        done, calls = machine.run("run", "x.json")
        check(done.stdout == "tessera-first run x.json\n" and not calls, "a second call does it all again", done, calls)

        done, calls = machine.run("sweep", "x.json")
        check(done.stdout == "tessera sweep x.json\n", "a sweep does not get the whole program", done, calls)
        done, calls = machine.run("run", "x.json")
        check(done.stdout == "tessera run x.json\n" and not calls, "a run does not take the program that is there", done, calls)

        done, calls = machine.run("test")
        installs = [c.split() for c in calls if c.startswith("apt-get install")]
        check(done.stdout == "tests\n", "the tests do not run", done, calls)
        check(len(installs) == 1 and "chromium" in installs[0] and "catch2" not in installs[0], "the tests lack a browser", done, calls)


main()
