"""table.csv of a sweep."""
from __future__ import annotations

import csv
import pathlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Dict, List, Optional, Union

if TYPE_CHECKING:
    import pandas

Value = Union[None, int, float, str]


def typed(text: str) -> Value:
    if text == "":
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


@dataclass(frozen=True)
class Point:
    """One planned point, whatever became of it. `values` has every column of the table."""

    number: int
    status: str
    reason: Optional[str]
    values: Dict[str, Value]

    @property
    def done(self) -> bool:
        return self.status == "done"


@dataclass(frozen=True)
class Sweep:
    folder: pathlib.Path
    axes: List[str]
    points: List[Point]

    def frame(self, done: bool = True) -> "pandas.DataFrame":
        """One line per point: those that are done, or all."""
        import pandas

        return pandas.DataFrame([point.values for point in self.points if point.done or not done])


def read_sweep(folder: Union[str, pathlib.Path]) -> Sweep:
    where = pathlib.Path(folder)
    with open(where / "table.csv", newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        header = list(reader.fieldnames or [])
        rows = [{key: typed(text) for key, text in row.items()} for row in reader]
    axes = [name for name in header[:header.index("status")] if name != "point"] if "status" in header else []
    points = [Point(number, str(row.get("status", "done")), None if row.get("reason") is None else str(row["reason"]), row)
              for number, row in enumerate(rows, 1)]
    return Sweep(where, axes, points)
