#!/usr/bin/env python3
"""Does every cell of the example notebook run?  notebook_test.py PROGRAM SOURCES; skipped without nbclient."""
import os
import sys
import tempfile

PROGRAM, SOURCES = (os.path.abspath(path) for path in sys.argv[1:3])
SKIPPED = 77
try:
    import nbclient
    import nbformat
    import pandas  # noqa: F401  (what the notebook shows)
except ImportError as missing:
    print(f"skipped: {missing} (apt-get install python3-nbclient python3-ipykernel python3-pandas)")
    sys.exit(SKIPPED)


def execute(notebook, folder):
    nbclient.NotebookClient(notebook, timeout=800, resources={"metadata": {"path": folder}}).execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def main():
    os.environ.update(TESSERA=PROGRAM, TESSERA_CONFIGS=os.path.join(SOURCES, "configs"),
                      PYTHONPATH=os.path.join(SOURCES, "explore/python"), PYTHONDONTWRITEBYTECODE="1", PYDEVD_DISABLE_FILE_VALIDATION="1")
    notebook = nbformat.read(os.path.join(SOURCES, "explore/python/examples/first_steps.ipynb"), as_version=4)
    kept = [cell for cell in notebook.cells if cell.get("outputs")]
    assert not kept, "the notebook in the tree holds outputs, which grow old"
    with tempfile.TemporaryDirectory() as folder:
        outputs = execute(notebook, folder)
        texts = "".join(str(output.get("text", "")) + str(output.get("data", "")) for output in outputs)
        for expected in ("speed-up 1.", "core_busy_share", "time.wait_weights", "bad input", "sparsity.ratio", "<table"):
            assert expected in texts, f"{expected} is in no output:\n{texts[:3000]}"
        assert os.path.exists(os.path.join(folder, "gemm.html")) and os.path.exists(os.path.join(folder, "sweep.html"))
        # A cell that fails must be noticed.
        broken = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import tessera\ntessera.run('nowhere.json')")])
        try:
            execute(broken, folder)
        except nbclient.exceptions.CellExecutionError as error:
            assert "TesseraError" in str(error)
        else:
            sys.exit("a failing cell passed")
    print(f"{len(notebook.cells)} cells, {len(outputs)} outputs")


if __name__ == "__main__":
    main()
