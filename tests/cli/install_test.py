#!/usr/bin/env python3
"""A program that was installed, or only copied, works without the tree that it was built in.

install_test.py CMAKE BUILD_FOLDER

The source tree cannot be hidden from the test, so the test looks at what the program opens: nothing of that tree.
"""
import json
import os
import subprocess
import sys
import tempfile


def run(command, folder, code=0):
    env = {key: value for key, value in os.environ.items() if key != "TESSERA_CONFIGS"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=800)
    assert done.returncode == code, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def library(cmake, build, prefix, config, work):
    """The example builds against what was installed, and prints the numbers of the program."""
    source, archive = (cache_entry(build, "CMAKE_HOME_DIRECTORY"), os.path.join(prefix, "lib/libtessera.a"))
    with open(archive, "rb") as file:
        assert source.encode() not in file.read(), "the source tree is in the library"
    example = os.path.join(work, "example")
    run([cmake, "-S", os.path.join(source, "explore/cpp"), "-B", example, f"-DCMAKE_PREFIX_PATH={prefix}",
         f"-DCMAKE_CXX_FLAGS={cache_entry(build, 'CMAKE_CXX_FLAGS')}"], work)
    run([cmake, "--build", example], work)
    sets = ["network=gemm_512x512x512", "sparsity.ratio=0.75"]
    said = run([os.path.join(example, "first_steps"), config, *sets], work)
    run([os.path.join(prefix, "bin/tessera"), "run", config, "--json", "own.json", *[w for s in sets for w in ("--set", s)]], work)
    with open(os.path.join(work, "own.json")) as file:
        own = json.load(file)
    slowest = max(own["sparse"]["layers"], key=lambda layer: layer["end_us"] - layer["start_us"])
    numbers = [float(word.strip(",")) for word in said.split() if word.strip(",").replace(".", "").isdigit() and word != "512"]
    should = [own["dense"]["latency_us"], own["sparse"]["latency_us"], own["speedup"], slowest["time"]["wait_input"]]
    assert numbers == should, f"{said}\n{should}"
    refused = run([os.path.join(example, "first_steps"), config, "sparsity.ratio=2", "hardware.rows=0"], work, code=2)
    assert "sparsity.ratio" in refused and "hardware.rows" in refused, refused


def cache_entry(build, name):
    with open(os.path.join(build, "CMakeCache.txt")) as cache:
        return next(line.split("=", 1)[1].strip() for line in cache if line.startswith(name + ":"))


def main():
    cmake, build = sys.argv[1:3]
    source = cache_entry(build, "CMAKE_HOME_DIRECTORY")
    with tempfile.TemporaryDirectory() as work:
        prefix, elsewhere = os.path.join(work, "prefix"), os.path.join(work, "elsewhere")
        os.mkdir(elsewhere)
        run([cmake, "--install", build, "--prefix", prefix], work)
        program = os.path.join(prefix, "bin", "tessera")
        with open(program, "rb") as binary:
            assert source.encode() + b"/configs" not in binary.read(), "the source tree is compiled in"
        assert "resnet50" in run([program, "list", "networks"], elsewhere)
        config = os.path.join(prefix, "share/tessera/configs/runs/resnet50_4x4.json")
        small = ["--set", 'network={"name":"n","input":[8,8,16],"layers":[{"name":"a","op":"conv2d","channels":16,"kernel":1}]}']
        run([program, "run", config, "--report", "page.html"] + small, elsewhere)
        with open(os.path.join(elsewhere, "page.html")) as page:
            assert '"id":"tessera-data"' not in page.read(100) and os.path.getsize(page.name) > 100_000, "no page"
        made = os.listdir(os.path.join(elsewhere, "results/runs"))
        assert len(made) == 1, made
        with open(os.path.join(elsewhere, "results/runs", made[0], "config.json")) as resolved:
            assert source not in json.dumps(json.load(resolved))
        run([program, "run", config, "--out", "mine"] + small, elsewhere)
        assert os.listdir(os.path.join(elsewhere, "mine"))
        plot = run([program, "plot", "nowhere"], elsewhere, code=2)
        assert "is missing" not in plot, plot
        library(cmake, build, prefix, config, work)
        # The binary alone names the folder that it lacks; TESSERA_CONFIGS gives it one.
        alone = os.path.join(work, "alone")
        os.makedirs(os.path.join(alone, "bin"))
        os.rename(program, os.path.join(alone, "bin/tessera"))
        said = run([os.path.join(alone, "bin/tessera"), "explain-schedule", "conv1"], elsewhere, code=2)
        assert os.path.join(alone, "share/tessera/configs") in said, said
        os.environ["CONFIGS"] = os.path.join(prefix, "share/tessera/configs")
        given = "TESSERA_CONFIGS=$CONFIGS " + os.path.join(alone, "bin/tessera") + " list networks"
        assert "resnet50" in run(["sh", "-c", given], elsewhere)
    print("installed, run elsewhere, copied")


if __name__ == "__main__":
    main()
