"""Config paths and values in the few words that a title or an axis has room for."""
import os

PLACES = {"ddr": "DDR", "memtile": "memory tile", "tile": "compute tile", "shim": "shim tile", "dma": "DMA"}
SUFFIXES = [("bytes_per_cycle", "B/cycle"), ("gb_per_s", "GB/s"), ("bytes", "B"), ("cycles", "cycles"), ("hz", "Hz"),
            ("us", "us"), ("ns", "ns")]  # of keys: their unit where axes.json is missing
STEPS = {"B": [(2 ** 30, "GiB"), (2 ** 20, "MiB"), (2 ** 10, "KiB")], "Hz": [(1e9, "GHz"), (1e6, "MHz")]}


def show(value):
    """A value as a reader writes it: 8×8 for a block, aie2 for the path of its file."""
    if isinstance(value, list):
        return "×".join(str(part) for part in value)
    if not isinstance(value, str):
        return f"{value:g}" if isinstance(value, float) else f"{value}"
    if "/" in value:
        return os.path.splitext(os.path.basename(value))[0]
    return value.replace("x", "×") if value.replace("x", "").isdigit() else value


def normal(text):
    """What is the same for 8x8, 8×8 and [8, 8], and for 4 and 4.0."""
    text = text.strip().strip("[]").replace(" ", "").replace(",", "x").replace("×", "x")
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def place_of(axis):
    """DDR for hardware.ddr.read_bytes_per_cycle, nothing for sparsity.block."""
    parts = axis.replace("memtile.memory.", "memtile.").split(".")[1:-1]
    return " ".join(PLACES.get(part, part) for part in parts)


def noun_of(axis):
    """Last part of the path without its unit: read for hardware.ddr.read_bytes_per_cycle."""
    noun = axis.split(".")[-1]
    for suffix, _ in SUFFIXES:
        if noun.endswith("_" + suffix):
            noun = noun[:-len(suffix) - 1]
            break
    return noun.replace("_", " ")


def unit_of(axis, known):
    if known is not None:
        return known
    if axis.endswith("memory.size"):
        return "B"
    return next((unit for suffix, unit in SUFFIXES if axis.split(".")[-1].endswith(suffix)), "")


def scale_of(values, unit):
    """(factor, unit) in which all of these numbers are short: bytes in KiB when all are whole KiB."""
    for factor, larger in STEPS.get(unit, []):
        if all(value >= factor and value % (factor if unit == "B" else 1) == 0 for value in values):
            return factor, larger
    return 1, unit


def quantity(axis, value, known):
    """A value with its unit: 256 KiB, 4 B/cycle, 50 %, 8×8 channels."""
    if axis.endswith(".ratio"):
        return f"{100 * value:g} %"
    unit = unit_of(axis, known)
    if isinstance(value, (int, float)):
        factor, unit = scale_of([value], unit)
        value = value / factor if factor > 1 else value
    return f"{show(value)} {unit}".strip()
