"""Runs the program `tessera` and reads what it writes; it has no numbers of its own.

    import tessera
    result = tessera.run("resnet50_4x4", sets={"sparsity.ratio": 0.75})
    result.speedup, result.sparse.latency_us, result.frame()
"""
from .commands import Check, check, explain, report, run, sweep
from .program import TesseraError, find_program, version
from .results import Density, Hardware, Layer, Result, read_result
from .tables import Point, Sweep, read_sweep

__all__ = ["Check", "Density", "Hardware", "Layer", "Point", "Result", "Sweep", "TesseraError", "check", "explain",
           "find_program", "read_result", "read_sweep", "report", "run", "sweep", "version"]
