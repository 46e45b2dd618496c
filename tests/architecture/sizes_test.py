#!/usr/bin/env python3
"""How large files, functions and folders may be: sizes_test.py ROOT."""
import os
import re
import statistics
import sys

FILE, MEDIAN, FUNCTION, PARAMETERS, FOLDER = 400, 80, 60, 6, 0.16  # lines, lines, lines, number, share of all lines
TABLES = {("sim/config/hardware_keys.cpp", "make_keys"), ("sim/result/layer_metrics.cpp", "add_columns"),
          ("sim/result/density_metrics.cpp", "add_latency")}  # of any length
TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.|\n)*?\)"|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)\'', re.S)


def blanked(code):
    """Without comments, texts and preprocessor lines, of the same lines."""
    code = TEXT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), code)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m[0]), code, flags=re.M)


def split_commas(text):
    depth, count = 0, 1 if text.strip() else 0
    for c in text:
        depth += (c in "(<[{") - (c in ")>]}")
        count += c == "," and depth == 0
    return count


def parameters(header):
    """How many the function of the header has."""
    header = re.sub(r"operator\s*\(\)", "operator_call", header)
    begin = header.index("(")
    depth = 0
    for at in range(begin, len(header)):
        depth += (header[at] == "(") - (header[at] == ")")
        if depth == 0:
            return split_commas(header[begin + 1:at].replace("->", ""))
    return 0


def functions(code):
    """(name, first line, lines, parameters) of every function body that stands in a namespace or class."""
    code = blanked(code)
    found, scopes, since = [], [], 0
    for at, c in enumerate(code):
        if c == "{":
            header = code[since:at]
            outside = all(kind == "scope" for kind, _, _ in scopes)
            initializer = re.search(r"\)\s*(?:noexcept\s*)?:[^:].*[\w>]\s*$", header, re.S) is not None
            kind = "other"
            if outside and initializer:
                scopes.append(("initializer", at, header))
                continue
            if outside and (re.search(r"\bnamespace\b", header) or
                            re.match(r"\s*(?:template\s*<.*>\s*)?(?:struct|class|union)\b[^(]*$", header, re.S)):
                kind = "scope"
            elif outside and "(" in header and not re.search(r"=\s*(?:\[|$)", header):
                kind = "function"
            scopes.append((kind, since + len(header) - len(header.lstrip()), header))
            since = at + 1
        elif c == "}" and scopes:
            kind, begin, header = scopes.pop()
            if kind == "initializer":
                continue
            if kind == "function":
                name = re.search(r"([~\w]+)\s*\(", header)
                found.append((name[1] if name else "?", code.count("\n", 0, begin) + 1,
                              code.count("\n", begin, at) + 1, parameters(header)))
            since = at + 1
        elif c == ";" and not (scopes and scopes[-1][0] in ("function", "other")):
            since = at + 1
        elif c == ":" and re.search(r"\b(?:public|private|protected)\s*$", code[since:at]):
            since = at + 1
    return found


def folder_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] in ("sim", "explore") and len(parts) > 2 else parts[0]


def violations(files):
    found, lines, folders = [], {}, {}
    for path, text in files.items():
        lines[path] = text.count("\n")
        folders[folder_of(path)] = folders.get(folder_of(path), 0) + lines[path]
        if lines[path] > FILE:
            found.append(f"{path}: {lines[path]} lines; at most {FILE}")
        for name, line, length, arguments in functions(text):
            if length > FUNCTION and (path, name) not in TABLES:
                found.append(f"{path}:{line}: {name} has {length} lines; at most {FUNCTION}")
            if arguments > PARAMETERS:
                found.append(f"{path}:{line}: {name} has {arguments} parameters; at most {PARAMETERS}")
    if statistics.median(lines.values()) > MEDIAN:
        found.append(f"half of the files have more than {MEDIAN} lines")
    total = sum(lines.values())
    found += [f"{folder}: {100 * n / total:.1f} % of the lines; at most {100 * FOLDER:.0f} %"
              for folder, n in folders.items() if n > FOLDER * total]
    return found


def self_test():
    """Sources that must be refused, and right ones."""
    body = "  x();\n" * 59
    others = {f"sim/f{i}/a.cpp": "\n" * 70 for i in range(60)}
    wrong = ["\n" * 401, f"namespace a {{\nvoid f(int x) {{\n{body}}}\n}}\n", "int f(int a, int b, int c, int d, int e, int g, int h) {}\n",
             f"struct S {{\n  S() : a_{{1}}, b_(2) {{\n{body}  }}\n}};\n",
             "void S::f(std::map<int, int> a, int b, int c, int d, int e, int g, int h) const {}\n"]
    right = ["int f(std::map<int, int> a, int b = g(1, 2), int c = 3) {}\n", f"const T list[] = {{\n{body}}};\n",
             f"// void f() {{\n{body}", "void f() {\n}\n\n" * 99]
    bad = [text for text in wrong if len(violations({"sim/x/x.cpp": text, **others})) != 1]
    bad += [text for text in right if violations({"sim/x/x.cpp": text, **others})]
    if not violations({"sim/x/x.cpp": "\n" * 399, "sim/y/x.cpp": "\n"}):
        bad.append("a folder that is too large")
    for text in bad:
        print("judged wrongly:", text[:200], violations({"sim/x/x.cpp": text, **others}))
    return not bad


def main():
    root = sys.argv[1]
    if not self_test():
        sys.exit(1)
    files = {}
    for top in ("sim", "models", "explore"):
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                if name.endswith((".h", ".cpp")):
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8") as file:
                        files[os.path.relpath(path, root)] = file.read()
    found = violations(files)
    print("\n".join(sorted(found)))
    sys.exit(1 if found or not files else 0)


if __name__ == "__main__":
    main()
