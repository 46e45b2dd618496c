"""The program: where it is, and a call of it."""
from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import threading
from typing import Callable, List, Mapping, Optional, Sequence

from .progress import Progress

MEANINGS = {1: "internal error", 2: "bad input", 3: "does not fit", 4: "deadlock"}


class TesseraError(RuntimeError):
    """The program refused or failed. `code` is its exit code, `problems` the lines it said why in."""

    def __init__(self, code: int, problems: Sequence[str]) -> None:
        self.code = code
        self.problems = list(problems)
        super().__init__("\n".join([MEANINGS.get(code, f"exit code {code}"), *self.problems]))


def find_program() -> str:
    """$TESSERA, else `tessera` on the path, else the launcher of the source tree that this package stands in."""
    named = os.environ.get("TESSERA")
    if named:
        return named
    found = shutil.which("tessera")
    if found:
        return found
    for above in pathlib.Path(__file__).resolve().parents:
        launcher = above / "tessera"
        if launcher.is_file() and os.access(launcher, os.X_OK) and (above / "configs/hardware").is_dir():
            return str(launcher)
    raise FileNotFoundError("tessera is not on the path; the environment variable TESSERA names it otherwise")


def call(words: Sequence[str], progress: Optional[Progress] = None,
         poll: Optional[Callable[[], Optional[str]]] = None) -> str:
    """Standard output of the program. While it runs, `poll` gives the text of the progress every second. Every exit code
    but 0 is a TesseraError."""
    process = subprocess.Popen([find_program(), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               errors="replace")
    ended = threading.Event()

    def show() -> None:
        while progress is not None and not ended.wait(1.0):
            progress.show(poll() if poll else None)

    watcher = threading.Thread(target=show, daemon=True)
    watcher.start()
    try:
        out, err = process.communicate()
    except BaseException:  # an interrupted cell must not leave the program at work
        process.terminate()
        process.communicate()
        raise
    finally:
        ended.set()
        watcher.join()
        if progress is not None:
            progress.end()
    if process.returncode != 0:
        raise TesseraError(process.returncode, err.strip().splitlines() or out.strip().splitlines()[-1:])
    return out


def version() -> str:
    """Such as "0.1.0"."""
    return call(["--version"]).split()[-1]


def set_words(sets: Mapping[str, object]) -> List[str]:
    """--set options; a value that is no text is written as JSON."""
    words: List[str] = []
    for key, value in sets.items():
        words += ["--set", f"{key}={value if isinstance(value, str) else json.dumps(value)}"]
    return words
