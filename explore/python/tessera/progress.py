"""Progress of a call: a line that is written over in a notebook or on a terminal, nothing elsewhere."""
from __future__ import annotations

import sys
import time
from typing import Any, Optional


def in_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and shell.has_trait("kernel")


class Progress:
    def __init__(self, what: str) -> None:
        self._what = what
        self._begin = time.monotonic()
        self._handle: Any = None
        self._notebook = in_notebook()
        self._terminal = not self._notebook and sys.stderr.isatty()

    def show(self, text: Optional[str]) -> None:
        line = f"{self._what}: {text + ', ' if text else ''}{time.monotonic() - self._begin:.0f} s"
        if self._terminal:
            print(f"\r{line}\033[K", end="", file=sys.stderr, flush=True)
        if self._notebook:
            from IPython.display import display

            plain = {"text/plain": line}
            if self._handle is None:
                self._handle = display(plain, raw=True, display_id=True)
            else:
                self._handle.update(plain, raw=True)

    def end(self) -> None:
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        if self._handle is not None:
            self._handle.update({"text/plain": f"{self._what}: done, {time.monotonic() - self._begin:.0f} s"}, raw=True)
