#!/usr/bin/env python3
"""Which folder may include which, and SystemC in models/ only: includes_test.py ROOT [--self-test]."""
import os
import re
import sys

# What each folder may include besides itself. base <- config, arch <- network <- sparsity <- program;
# mapping <- cost <- schedule; mapping <- lower -> program: who decides makes no program, who makes it decides nothing;
# the verifier sees programs, never who made them; models see no layers' schedule; explore sees neither models nor schedule.
ALLOWED = {
    "sim/base": [],
    "sim/arch": ["sim/base"],
    "sim/config": ["sim/base", "sim/arch"],
    "sim/ops": ["sim/base"],
    "sim/network": ["sim/base", "sim/ops"],
    "sim/sparsity": ["sim/base", "sim/ops", "sim/network"],
    "sim/tensor": ["sim/base"],
    "sim/import": ["sim/base", "sim/ops", "sim/network", "sim/sparsity", "sim/tensor"],
    "sim/program": ["sim/base", "sim/arch", "sim/ops", "sim/network", "sim/sparsity"],
    "sim/route": ["sim/base", "sim/arch", "sim/ops", "sim/network", "sim/sparsity", "sim/program"],
    "sim/control": ["sim/base", "sim/arch", "sim/ops", "sim/network", "sim/sparsity", "sim/program"],
    "sim/mapping": ["sim/base", "sim/arch", "sim/config", "sim/ops", "sim/network", "sim/sparsity"],
    "sim/cost": ["sim/base", "sim/arch", "sim/ops", "sim/network", "sim/sparsity", "sim/program", "sim/mapping"],
    "sim/trace": ["sim/base", "sim/arch", "sim/ops", "sim/network", "sim/program"],
    "sim/exec": ["sim/base", "sim/arch", "sim/program", "sim/trace"],
    "sim/result": ["sim/base", "sim/exec"],
    "sim/verify": ["sim/base", "sim/arch", "sim/ops", "sim/network", "sim/sparsity", "sim/program", "sim/route"],
    "sim/schedule": ["sim/base", "sim/arch", "sim/ops", "sim/network", "sim/sparsity", "sim/program/program.h", "sim/mapping",
                     "sim/cost"],
    "sim/lower": ["sim/base", "sim/arch", "sim/ops", "sim/network", "sim/sparsity", "sim/program", "sim/mapping"],
    "sim/designs": ["sim/base", "sim/arch", "sim/ops", "sim/network", "sim/sparsity", "sim/program", "sim/mapping", "sim/cost",
                    "sim/schedule"],
    "sim/compile": ["sim/base", "sim/arch", "sim/ops", "sim/network", "sim/sparsity", "sim/program", "sim/mapping", "sim/cost",
                    "sim/schedule", "sim/lower"],
    "sim/reference": ["sim/base", "sim/ops", "sim/network", "sim/sparsity"],
    "sim/evaluation": ["sim/base", "sim/ops", "sim/network", "sim/sparsity", "sim/import", "sim/reference"],
    "sim/pruning": ["sim/base", "sim/ops", "sim/network", "sim/sparsity", "sim/result", "sim/run"],
    "sim/replay": ["sim/base", "sim/arch", "sim/ops", "sim/network", "sim/sparsity", "sim/program", "sim/cost", "sim/trace",
                   "sim/exec", "sim/result"],
    "sim/report": ["sim/base", "sim/arch", "sim/ops", "sim/network", "sim/sparsity", "sim/program", "sim/result", "sim/trace"],
    "sim/validation": ["sim/base", "sim/arch", "sim/config", "sim/ops", "sim/network", "sim/sparsity", "sim/program", "sim/cost",
                       "sim/mapping", "sim/schedule", "sim/designs", "sim/lower", "sim/compile", "sim/verify", "sim/trace", "sim/exec",
                       "sim/run", "sim/result"],
    "sim/run": ["sim/control", "sim/route", "sim/base", "sim/arch", "sim/config", "sim/ops", "sim/network", "sim/sparsity", "sim/program", "sim/cost",
                "sim/mapping", "sim/schedule", "sim/lower", "sim/compile", "sim/verify", "sim/exec", "sim/result",
                "sim/trace", "sim/reference", "sim/replay"],
    "sim/library": ["sim/base", "sim/result", "sim/run"],
    "models": ["sim/base", "sim/arch", "sim/program", "sim/sparsity", "sim/ops", "sim/network/network.h", "sim/exec", "sim/trace"],
    "explore": ["sim/base", "sim/config", "sim/run", "sim/ops", "sim/network", "sim/arch", "sim/result"],
    "sim/cli": None,  # the top: everything
    "sim/main.cpp": None,
}
# Who may see untyped JSON: readers of configs and of files, result/, which alone turns
# typed results into JSON, and the makers of the report page's data.
JSON = ["sim/base/json_file", "sim/config/", "sim/network/", "sim/import/", "sim/cost/kernel_library_file.cpp",
        "sim/result/", "sim/replay/line_reader", "sim/replay/trace_file", "sim/report/", "sim/trace/event_writer.cpp", "sim/run/run_config", "sim/run/run_defaults.",
        "sim/run/calibration.cpp", "sim/run/pipeline", "sim/run/published", "sim/run/conflicting_keys.cpp", "sim/run/file_schemas.", "sim/cli/command_line.cpp",
        "sim/designs/open_engine/",
        "sim/mapping/", "sim/validation/bottleneck_rows.cpp", "sim/validation/design.cpp", "sim/validation/network_rows.cpp", "sim/cli/onnx_model.cpp", "sim/cli/report_command.cpp", "sim/cli/report_data.",
        "sim/cli/result_folder.cpp", "sim/cli/weight_masks.", "sim/cli/output.", "sim/cli/masks_command.cpp",
        "explore/runner.h", "explore/space/", "explore/store/", "explore/sweep/object_reader.h"]
SYSTEMC = re.compile(r"(systemc|systemc\.h|tlm|tlm\.h|sysc/.*|tlm_utils/.*|tlm_core/.*)$")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)


def unit(path):
    for folder in ALLOWED:
        if path == folder or path.startswith(folder + "/"):
            return folder
    return None


def violations(path, text):
    own = unit(path)
    if own is None:
        return [f"{path}: belongs to no known folder"]
    found = []
    if "nlohmann" in text and not any(path.startswith(reader) for reader in JSON):
        found.append(f"{path}: handles JSON; results are typed outside sim/result, and configs have their readers")
    for kind, name in INCLUDE.findall(text):
        if SYSTEMC.match(name) and own != "models":
            found.append(f"{path}: includes <{name}>; only models/ may")
        if kind != '"':
            continue
        if unit(name) is None:
            found.append(f'{path}: includes "{name}", which is no path from the root')
        elif ALLOWED[own] is not None and unit(name) != own:
            if not any(name == a or name.startswith(a + "/") for a in ALLOWED[own]):
                found.append(f'{path}: includes "{name}"; {own} may include {", ".join(ALLOWED[own]) or "nothing else"}')
    return found


def sources(root):
    for top in ("sim", "models", "explore"):
        for folder, _, files in os.walk(os.path.join(root, top)):
            for file in sorted(files):
                if file.endswith((".h", ".cpp")):
                    yield os.path.join(folder, file)


def self_test():
    """Wrong includes that must be refused."""
    wrong = [("sim/base/x.h", '#include "sim/program/program.h"'), ("explore/x.cpp", '#include "models/array.h"'),
             ("sim/run/x.cpp", "#include <systemc>"), ("sim/cli/run_report.cpp", "using nlohmann::json;"),
             ("explore/collect/x.cpp", "#include <nlohmann/json.hpp>"), ("models/x.cpp", '#include "sim/schedule/schedule.h"'),
             ("models/x.cpp", '#include "sim/run/pipeline.h"'), ("explore/x.cpp", '#include "sim/schedule/schedule.h"'),
             ("sim/verify/x.cpp", '#include "sim/schedule/schedule.h"'), ("sim/verify/x.cpp", '#include "sim/cost/bound.h"'),
             ("sim/lower/x.cpp", '#include "sim/schedule/policy.h"'), ("sim/lower/x.cpp", '#include "sim/cost/layer_cost.h"'),
             ("sim/schedule/x.cpp", '#include "sim/lower/emission.h"'),
             ("sim/schedule/x.cpp", '#include "sim/program/builder.h"'), ("sim/schedule/x.cpp", '#include "sim/designs/object_fifo/ring.h"'), ("sim/mapping/x.h", '#include "sim/program/program.h"'),
             ("sim/network/x.cpp", '  #  include "network.h"'), ("sim/oddments/x.h", "")]
    accepted = [case for case in wrong if not violations(*case)]
    for case in accepted:
        print("accepted, but wrong:", case)
    right = violations("models/x.cpp", '#include <systemc>\n#include "sim/exec/backend.h"\n')
    return not accepted and not right


def main():
    root = sys.argv[1]
    if not self_test():
        sys.exit(1)
    found, count = [], 0
    for path in sources(root):
        count += 1
        with open(path) as source:
            found += violations(os.path.relpath(path, root), source.read())
    print("\n".join(found) or f"{count} files include only what they may")
    sys.exit(1 if found or count == 0 else 0)


if __name__ == "__main__":
    main()
