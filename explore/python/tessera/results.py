"""result.json as dataclasses. Fields are those of the file, `tessera explain` says what they mean; `raw` has the rest."""
from __future__ import annotations

import json
import pathlib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Type, TypeVar, Union

if TYPE_CHECKING:
    import pandas

Json = Dict[str, Any]
T = TypeVar("T", "Layer", "Density", "Hardware")


def _made(kind: Type[T], raw: Mapping[str, Any], **more: Any) -> T:
    known = {f.name for f in fields(kind)} - {"raw"}
    return kind(**{key: raw[key] for key in known if key in raw and key not in more}, **more, raw=dict(raw))


@dataclass(frozen=True)
class Layer:
    """A layer of one density."""

    name: str
    op: str
    start_us: float
    end_us: float
    macs: int
    mapping: str
    ddr_read_bytes: int
    ddr_write_bytes: int
    time: Dict[str, float]  # core cycles by cause
    compute_bound_us: Optional[float] = None
    alone_bound_us: Optional[float] = None
    alone_bound_by: Optional[str] = None
    zero_share: Optional[float] = None
    imbalance: Optional[float] = None
    raw: Json = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Density:
    """The dense or the sparse half of a result."""

    cycles: float
    latency_us: float
    total_us: float
    program_hash: str
    ddr_read_bytes: int
    ddr_write_bytes: int
    time: Dict[str, float]
    layers: List[Layer]
    macs: int
    bound_us: Optional[float] = None
    core_busy_share: Optional[float] = None
    mac_utilization: Optional[float] = None
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    def layer(self, name: str) -> Layer:
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)


@dataclass(frozen=True)
class Hardware:
    name: str
    rows: int
    cols: int
    clock_hz: float
    kernels: str
    calibration: str = ""
    raw: Json = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Result:
    """One run. A density that was not simulated is None."""

    name: str
    network: str
    accounting: str
    fidelity: str
    hardware: Hardware
    dense: Optional[Density]
    sparse: Optional[Density]
    speedup: Optional[float]
    total_speedup: Optional[float]
    folder: Optional[pathlib.Path] = None  # of the result, where it is known
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    @property
    def densities(self) -> Dict[str, Density]:
        both = {"dense": self.dense, "sparse": self.sparse}
        return {name: density for name, density in both.items() if density is not None}

    def frame(self) -> "pandas.DataFrame":
        """One line per density and layer; what is inside a key gets a column "key.inner"."""
        import pandas

        lines = [{"density": name, **flatten(layer.raw)} for name, density in self.densities.items()
                 for layer in density.layers]
        return pandas.DataFrame(lines)

    def summary(self) -> "pandas.DataFrame":
        """One column per density, one line per number of the whole run."""
        import pandas

        numbers = {name: {key: value for key, value in flatten(density.raw).items() if not isinstance(value, list)}
                   for name, density in self.densities.items()}
        return pandas.DataFrame(numbers)


def flatten(raw: Mapping[str, Any], prefix: str = "") -> Json:
    flat: Json = {}
    for key, value in raw.items():
        if isinstance(value, dict):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def _density(raw: Optional[Mapping[str, Any]]) -> Optional[Density]:
    if raw is None:
        return None
    return _made(Density, raw, layers=[_made(Layer, layer) for layer in raw["layers"]])


def make_result(raw: Json, folder: Optional[pathlib.Path] = None) -> Result:
    return Result(name=raw["name"], network=raw["network"], accounting=raw["accounting"], fidelity=raw["fidelity"],
                  hardware=_made(Hardware, raw["hardware"]), dense=_density(raw["dense"]), sparse=_density(raw["sparse"]),
                  speedup=raw["speedup"], total_speedup=raw["total_speedup"], folder=folder, raw=raw)


def read_result(path: Union[str, pathlib.Path]) -> Result:
    """Of a result folder, or of a file written by `tessera run --json`."""
    where = pathlib.Path(path)
    folder = where if where.is_dir() else None
    with open(where / "result.json" if folder else where, encoding="utf-8") as file:
        return make_result(json.load(file), folder)
