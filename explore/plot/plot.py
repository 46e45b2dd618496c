#!/usr/bin/env python3
"""Every figure that the sweep in DIR supports, into DIR/figures as PDF, PNG and CSV."""
import argparse
import importlib
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

SYSTEM_PYTHON = "/usr/bin/python3"  # the one that python3-matplotlib of the distribution belongs to
FIGURES = ["speedup", "control", "heatmap", "arrays", "axis", "pareto", "layers", "roofline"]
OF_LAYERS = ["layers", "roofline"]  # need the layers of single points, which the table does not have


def parse(arguments):
    parser = argparse.ArgumentParser(prog="plot.py", description=__doc__)
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("figures", metavar="FIGURE", nargs="*", help=", ".join(FIGURES))
    parser.add_argument("--slice", metavar="KEY=VALUE", action="append", default=[], help="hold an axis at this value")
    parser.add_argument("--no-title", action="store_true", help="for figures with a caption")
    return parser.parse_intermixed_args(arguments)


def main(arguments):
    options = parse(arguments)
    wanted = options.figures or FIGURES
    for name in wanted:
        if name not in FIGURES:
            raise SystemExit(f"{name}: unknown figure; there are: {', '.join(FIGURES)}")
    try:
        from sweep_data import Sweep
        import style
    except ModuleNotFoundError as error:
        if os.path.exists(SYSTEM_PYTHON) and sys.prefix != "/usr":
            os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, os.path.abspath(__file__), *arguments])
        raise SystemExit(f"{error.name} is missing: apt-get install python3-matplotlib")
    style.TITLES = not options.no_title
    sweep = Sweep(options.folder)
    if not sweep.rows:
        raise SystemExit(f"{options.folder}: no point is done, nothing to plot")
    for assignment in options.slice:
        sweep.fix(assignment)
    folder = os.path.join(options.folder, "figures")
    made = []
    for name in wanted:
        made += importlib.import_module(f"figures.{name}").draw(sweep, folder)
    for name in made:
        print(f"{folder}/{name}.pdf .png .csv")
    report_missing(sweep, wanted, made, bool(options.figures))


def report_missing(sweep, wanted, made, named):
    """What is not in the figures, and which figures there are not."""
    if sweep.failed:
        print(f"{sweep.failed} points that are not done are left out", file=sys.stderr)
    without_store = [name for name in wanted if name in OF_LAYERS and not os.path.exists(sweep.store)]
    if without_store:
        print(f"{', '.join(without_store)}: not supported by a table alone, they show the layers of single points, which "
              f"{sweep.store} would hold; run the sweep to have it", file=sys.stderr)
    others = [name for name in wanted if name not in without_store]
    if not made and named:
        if others:
            print(f"the sweep does not support {', '.join(others)}: it does not vary what they show", file=sys.stderr)
    elif not made:
        print("the sweep supports no figure: it varies neither sparsity, array nor another number", file=sys.stderr)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BrokenPipeError:
        pass
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
            sys.exit(2)
        raise
    except (OSError, UnicodeError, ValueError) as error:
        print(f"{' '.join(sys.argv[1:2])}: {error}", file=sys.stderr)
        sys.exit(2)
