#!/usr/bin/env python3
"""What no source uses, because one place does it safely: banned_test.py ROOT."""
import os
import re
import sys

# (what, pattern, where it may stand, instead)
BANNED = [
    ("writes to stderr", r"print\(\s*stderr\b|std::cerr\b|std::clog\b|\bperror\(", ["sim/base/message.cpp"],
     "message() of sim/base/message.h, which outlives a stream that cannot be written"),
    ("std::regex", r"std::regex|#include <regex>", ["sim/validation/"],
     "plain code: it recurses over the text. sim/validation/csv.cpp limits how long a text its users see"),
    ("reads a file itself", r"\bstd::w?ifstream\b|\bstd::fstream\b|\bstd::filebuf\b|\b(?:std::)?fopen\(",
     ["explore/pool/attempt.cpp", "explore/store/salvage.cpp"],
     "sim/base/input_file.h or json_file.h, which refuse pipes, devices and files without end"),
    ("ends the process", r"(?<![\w.>])(?:std::)?(?:exit|abort|quick_exit)\(", [], "a Failure, up to main"),
    ("the wall clock", r"system_clock|\bgettimeofday\(|(?<![\w.>:])time\(\s*(?:nullptr|NULL|0)\s*\)", ["explore/"],
     "nothing: same input, same result"),
    ("random numbers of its own", r"std::mt19937|std::random_device|\brand\(\)", [], "sim/base/random.h"),
]
COMMENT = re.compile(r"//[^\n]*")


def violations(path, text):
    code = COMMENT.sub("", text)
    found = []
    for what, pattern, allowed, instead in BANNED:
        if any(path.startswith(place) for place in allowed):
            continue
        for hit in re.finditer(pattern, code):
            line = code.count("\n", 0, hit.start()) + 1
            found.append(f"{path}:{line}: {what} ({hit.group(0)}); instead: {instead}")
    return found


def sources(root):
    for top in ("sim", "models", "explore"):
        for folder, _, files in os.walk(os.path.join(root, top)):
            for file in sorted(files):
                if file.endswith((".h", ".cpp")):
                    yield os.path.join(folder, file)


def self_test():
    """Wrong lines that must be refused, and right ones."""
    wrong = ["fmt::print(stderr, text);", "std::cerr << 1;", "std::ifstream in(path);", "std::exit(1);", "abort();",
             'fopen("x", "r");', "#include <regex>\n", "std::system_clock::now();", "std::mt19937 r;", "seed(time(nullptr));"]
    right = ["// std::ifstream in(path);", "message(stderr, text);", "_exit(1);", "std::ofstream out(path);",
             "poll.exit(1);", "fmt::print(screen, text);", "run_time(0);"]
    bad = [line for line in wrong if not violations("sim/x.cpp", line)] + [line for line in right
                                                                           if violations("sim/x.cpp", line)]
    for line in bad:
        print("judged wrongly:", line)
    return not bad


def main():
    root = sys.argv[1]
    if not self_test():
        sys.exit(1)
    found, count = [], 0
    for path in sources(root):
        count += 1
        with open(path) as source:
            found += violations(os.path.relpath(path, root), source.read())
    print("\n".join(found) or f"{count} files use nothing that is banned")
    sys.exit(1 if found or count == 0 else 0)


if __name__ == "__main__":
    main()
