"""The one style of all figures: IEEE column widths, embedded fonts, colours that colour-blind readers can tell apart."""
import csv
import os
import textwrap

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


TITLES = True  # --no-title: captions say what the figures show; panels side by side keep the name of their network


def titles(figure, axes, names, helds, subject=""):
    """Panel titles: the name of each and what is held there; what all have in common stands once, over all of them."""
    if not TITLES:
        if len(axes) > 1:
            for axis, name in zip(axes, names):
                axis.set_title(name)
        return
    common = helds[0] if len(set(helds)) == 1 else ""
    width = figure.get_size_inches()[0]
    for axis, name, held in zip(axes, names, helds):
        text = ": ".join(part for part in (name, subject) if part)
        own = "" if common and len(axes) > 1 else held
        axis.set_title("\n".join(wrapped([text, own], width / len(axes))))
    if common and len(axes) > 1:
        figure.suptitle("\n".join(wrapped([common], width)), fontsize=plt.rcParams["axes.titlesize"])


def wrapped(parts, inches):
    """Lines that fit the width: at 8 pt a letter takes about 0.062 inches."""
    return [line for part in parts if part for line in textwrap.wrap(part, max(20, int(inches / 0.062)))]


def line_of(axis, points, **look):
    """A line through the means; bars over the repetitions; open markers where a mask is marked (column mask_marks)."""
    xs, means = [p.x for p in points], [p.mean for p in points]
    line, = axis.plot(xs, means, **look)
    if any(p.most > p.least for p in points):
        axis.errorbar(xs, means, yerr=[[p.mean - p.least for p in points], [p.most - p.mean for p in points]], fmt="none",
                      ecolor=line.get_color(), elinewidth=0.7, capsize=1.8, capthick=0.7)
    marked = [p for p in points if p.marked]
    axis.plot([p.x for p in marked], [p.mean for p in marked], linestyle="none", marker=line.get_marker(),
              color=line.get_color(), markerfacecolor="white")
    return bool(marked)


def explain_open_markers(axis):
    axis.plot([], [], linestyle="none", marker="o", color="black", markerfacecolor="white",
              label="masks differ from the ratio (mask_marks)")


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
