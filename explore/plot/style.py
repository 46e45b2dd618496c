"""The one style of all figures: IEEE column widths, embedded fonts, colours that colour-blind readers can tell apart."""
import csv
import os

os.environ.setdefault("SOURCE_DATE_EPOCH", "0")  # the same data gives the same file
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

COLUMN = 3.5  # inches: one column of an IEEE page
PAGE = 7.16   # both columns

# Okabe and Ito (2008), without yellow, which is faint on paper.
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#999999"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]
DENSE, SPARSE = COLORS[0], COLORS[1]

plt.rcParams.update({
    "pdf.fonttype": 42, "ps.fonttype": 42,
    "font.family": "STIXGeneral", "mathtext.fontset": "stix",
    "font.size": 8, "axes.labelsize": 8, "axes.titlesize": 8, "legend.fontsize": 7,
    "xtick.labelsize": 7, "ytick.labelsize": 7,
    "axes.linewidth": 0.6, "grid.linewidth": 0.4, "grid.color": "#d0d0d0", "axes.grid": True, "axes.axisbelow": True,
    "lines.linewidth": 1.0, "lines.markersize": 3.2,
    "legend.frameon": False, "legend.handlelength": 1.8, "legend.columnspacing": 1.2,
    "axes.spines.top": False, "axes.spines.right": False,
})


def panels(count, width, height, share_y=True):
    """`count` panels side by side; returns the figure and a list of axes."""
    figure, axes = plt.subplots(1, count, figsize=(width, height), sharey=share_y, squeeze=False,
                                constrained_layout=True)
    return figure, list(axes[0])


def legend_below(figure, axes, columns):
    """One legend for all panels, under them: it never covers data."""
    handles, labels = {}, []
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels()):
            if label not in handles:
                handles[label] = handle
                labels.append(label)
    figure.legend([handles[label] for label in labels], labels, loc="upper center", bbox_to_anchor=(0.5, 0.0),
                  ncol=min(columns, len(labels)))


def write(figure, path):
    """One file; its ending names the format."""
    pdf = path.endswith(".pdf")
    figure.savefig(path, bbox_inches="tight", pad_inches=0.02, dpi=300,
                   metadata={"CreationDate": None, "Creator": None, "Producer": None} if pdf else
                   {"Software": None} if path.endswith(".png") else None)


def save(figure, folder, name, header, rows):
    """PDF, PNG, and a CSV with just the data of the figure."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    write(figure, path + ".pdf")
    write(figure, path + ".png")
    plt.close(figure)
    with open(path + ".csv", "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return name
