#!/usr/bin/env python3
"""Every number of the first screen is that of result.json, and stands there under a name that `explain` knows:
numbers_test.py PROGRAM. The program writes result.json to standard output and the screen to standard error."""
import json
import math
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]


def shown(value, unit):
    """A number as the screen has it."""
    if not isinstance(value, (int, float)):
        return "-"
    if unit == "us":
        return f"{value / 1000:.3f} ms" if value >= 1000 else f"{value:.2f} us"
    if unit == "B":
        return next((f"{value / size:.{digits}f} {name}" for size, digits, name in ((1e6, 2, "MB"), (1e3, 1, "kB"))
                     if value >= size), f"{value:.0f} B")
    if unit == "uJ":
        return f"{value / 1000:.3f} mJ" if value >= 1000 else f"{value:.2f} uJ"
    if unit == "mW":
        return f"{value / 1000:.3f} W" if value >= 1000 else f"{value:.1f} mW"
    if unit == "share":
        return f"{value * 100:.1f} %"
    if unit == "ratio":
        return f"{value:.3f}"
    if unit == "multiply-accumulates":
        return f"{value / 1e9:.3f} G"
    return f"{math.floor(value + 0.5):,}"


def at(result, name):
    for part in name.split("."):
        if not isinstance(result, dict) or part not in result:
            return None
        result = result[part]
    return result


def differences(screen, result, metrics):
    """Labelled metrics whose line is missing or has other numbers."""
    wrong = []
    for metric in metrics:
        label, name, unit = metric["label"], metric["name"], metric["unit"]
        if not label:
            continue
        if name in result:
            cells = [shown(result[name], unit)]
        elif all(at(result[density], name) is None for density in ("dense", "sparse")):
            if f"  {label:<26}" in screen:
                wrong.append(f"{label}, which the result does not have")
            continue
        else:
            cells = [shown(at(result[density], name), unit) for density in ("dense", "sparse")]
        line = f"  {label:<26}" + (f"{cells[0]:>28}" if len(cells) == 1 else "".join(f"{cell:>14}" for cell in cells))
        if line not in screen.splitlines():
            wrong.append(line)
    return wrong


def judge(words, metrics):
    """The screen of a run against its result, and against one of which a number is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([PROGRAM, "run", *words, "--json", "-", "--out", folder], capture_output=True, text=True,
                             check=True)
    result = json.loads(run.stdout)
    wrong = differences(run.stderr, result, metrics)
    assert not wrong, "\n".join(["not on the screen:", *wrong, run.stderr])
    number = next(metric["name"] for metric in metrics if metric["label"] and metric["name"] in result["sparse"])
    result["sparse"][number] += 5_000_000
    assert len(differences(run.stderr, result, metrics)) == 1, number


def main():
    metrics = json.loads(subprocess.run([PROGRAM, "explain", "--json"], capture_output=True, check=True).stdout)
    assert all(metric["sentence"] and metric["formula"] for metric in metrics)
    stages = "staged."
    others = (stages, "accuracy.", "check.", "engine.", "prune.", "replay.", "validate.")  # not of `run`'s result.json
    plain = [metric for metric in metrics if not metric["name"].startswith(others)]
    staged = [{**metric, "name": metric["name"][len(stages):]} for metric in metrics if metric["name"].startswith(stages)]
    labelled = [sum(bool(metric["label"]) for metric in table) for table in (plain, staged)]
    assert labelled[0] > 20 and labelled[1] > 5, labelled
    judge(["resnet50_xdna1", "--set", "network=resnet18", "--set", "hardware.rows=2"], plain)
    judge(["resnet50_4x4", "--set", "network=resnet18", "--set", "batch=2"], plain)
    judge(["tests/import/models/text_reader_op13.onnx.gz", "--hardware", "xdna1_1800mhz", "--host", "LSTM=50us", "--host",
           "TopK=5us", "--set", "sparsity.ratio=0.5"], staged)
    print(f"{labelled} numbers of the screens are those of the results")


main()
