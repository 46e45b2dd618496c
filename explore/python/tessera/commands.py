"""The commands of the program as functions."""
from __future__ import annotations

import contextlib
import json
import os
import pathlib
import tempfile
from dataclasses import dataclass
from typing import Any, Dict, Iterator, Mapping, Optional, Union

from .program import TesseraError, call, set_words
from .progress import Progress
from .results import Result, make_result
from .tables import Sweep, read_sweep

Path = Union[str, "os.PathLike[str]"]
Config = Union[Path, Mapping[str, Any]]


@contextlib.contextmanager
def config_file(config: Config, name: str) -> Iterator[str]:
    """The path or name of a config. A mapping is written beside the current folder's files, where its paths start."""
    if not isinstance(config, Mapping):
        yield os.fspath(config)
        return
    handle, path = tempfile.mkstemp(prefix=".tessera_", suffix=".json", dir=os.getcwd())
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"name": name, **config}, file)
        yield path
    finally:
        os.unlink(path)


def _folder_of(output: str) -> Optional[pathlib.Path]:
    found = [line[len("result in "):] for line in output.splitlines() if line.startswith("result in ")]
    return pathlib.Path(found[-1]) if found else None


def run(config: Config, *, sets: Optional[Mapping[str, object]] = None, only: Optional[str] = None,
        fidelity: Optional[str] = None, functional: bool = False, report: Optional[Path] = None,
        trace: Optional[Path] = None, out: Optional[Path] = None, progress: bool = True) -> Result:
    """Simulates a run config (a path, a name of `tessera list runs`, or its content) or an ONNX file.

    `sets` changes keys of the config, as --set does; `only` is "dense" or "sparse"; `report` is a page to write."""
    with config_file(config, "run") as path, tempfile.TemporaryDirectory() as work:
        file = os.path.join(work, "result.json")
        words = ["run", path, "--json", file, *set_words(sets or {})]
        options: Dict[str, Optional[Path]] = {"--only": only, "--fidelity": fidelity, "--report": report, "--trace": trace,
                                              "--out": out}
        for option, value in options.items():
            if value is not None:
                words += [option, os.fspath(value)]
        if functional:
            words.append("--functional")
        output = call(words, Progress("tessera run") if progress else None)
        with open(file, encoding="utf-8") as written:
            return make_result(json.load(written), _folder_of(output))


@dataclass(frozen=True)
class Check:
    """What `tessera check` says of a config that can be run; numbers by density."""

    text: str
    plans: Dict[str, Dict[str, Any]]


def check(config: Config, *, sets: Optional[Mapping[str, object]] = None) -> Check:
    """Validates, schedules and verifies; simulates nothing. A config that is refused is a TesseraError."""
    with config_file(config, "check") as path, tempfile.TemporaryDirectory() as work:
        file = os.path.join(work, "check.json")
        text = call(["check", path, "--json", file, *set_words(sets or {})])
        with open(file, encoding="utf-8") as written:
            return Check(text, json.load(written))


def sweep(file: Config, *, out: Path, workers: Optional[int] = None, progress: bool = True) -> Sweep:
    """Runs the points of a sweep (a file, or its content, whose base may be the content of a run config) that are not done
    yet. Points that fail are in the table with their reason; a sweep in which all are refused is a TesseraError."""
    folder = os.fspath(out)

    def state() -> Optional[str]:
        try:
            return call(["sweep", "status", folder]).strip().splitlines()[0]
        except (TesseraError, IndexError):  # nothing is planned yet
            return None

    with contextlib.ExitStack() as files:
        if isinstance(file, Mapping) and isinstance(file.get("base"), Mapping):
            file = {**file, "base": files.enter_context(config_file(file["base"], "base"))}
        path = files.enter_context(config_file(file, "sweep"))
        words = ["sweep", path, "--out", folder] + (["--workers", str(workers)] if workers else [])
        try:
            call(words, Progress("tessera sweep") if progress else None, state)
        except TesseraError as error:
            if error.code != 1 or not os.path.exists(os.path.join(folder, "table.csv")):
                raise
            table = read_sweep(folder)
            if all(point.status in ("done", "pending") for point in table.points):  # interrupted, or a fault of the program
                raise
            return table
    return read_sweep(folder)


def report(*folders: Union[Path, Result, Sweep], out: Path) -> pathlib.Path:
    """Writes the page of a result, of two beside each other, or of a sweep."""
    places = []
    for folder in folders:
        place = folder.folder if isinstance(folder, (Result, Sweep)) else folder
        if place is None:
            raise ValueError("the result has no folder")
        places.append(os.fspath(place))
    call(["report", *places, "--out", os.fspath(out)])
    return pathlib.Path(out)


def explain(key: str) -> str:
    """Unit, sentence and formula of a key of a result."""
    return call(["explain", key]).strip()
