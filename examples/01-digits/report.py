"""Compare what the endpoint read with the true labels: a table, `confusion.png` and `mistakes.png`."""

import argparse
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from PIL import Image
from rich.console import Console
from rich.table import Table

mpl.use("Agg")  # no window: pictures are written to files
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

HERE = Path(__file__).resolve().parent
INK, FAINT, WRONG, RIGHT = "#1b1f24", "#8b949e", "#c4321e", "#1a7f37"
LIMIT = 40  # mistakes that one picture shows


def load(predictions: Path, data: Path) -> pd.DataFrame:
    """Return one row for every labelled image: file, label, prediction, probability."""
    truth = pd.read_csv(data / "labels.csv")
    rows = pd.read_csv(predictions)
    table = truth.merge(rows, on="file", how="left", validate="one_to_one")
    if len(rows) != len(truth) or table["prediction"].isna().any():
        raise SystemExit(
            f"error: {predictions} has {len(rows)} rows for {len(truth)} labelled images; it must have one for "
            "each. Score the folder again: azureml-stack invoke --input ... --watch --download ..."
        )
    return table.astype({"prediction": int})


def per_class(table: pd.DataFrame) -> Table:
    """Return the printed table: how many of each digit were read correctly, and what the wrong ones became."""
    view = Table(title="Accuracy by digit", title_justify="left", caption_justify="left")
    for heading, justify in (("digit", "right"), ("images", "right"), ("correct", "right"), ("accuracy", "right")):
        view.add_column(heading, justify=justify)  # type: ignore[arg-type]
    view.add_column("read as, when wrong")
    for digit, group in table.groupby("label"):
        right = group["prediction"] == digit
        wrong = group.loc[~right, "prediction"].value_counts()
        confused = ", ".join(f"{other} ({count}×)" for other, count in wrong.items())
        view.add_row(str(digit), str(len(group)), str(right.sum()), f"{right.mean():.1%}", confused or "–")
    right = table["prediction"] == table["label"]
    view.add_section()
    view.add_row("all", str(len(table)), str(right.sum()), f"[bold]{right.mean():.1%}[/bold]", "")
    return view


def draw_confusion(table: pd.DataFrame, target: Path) -> None:
    """Draw how often each digit was read as each other; the diagonal is what was read correctly."""
    counts = pd.crosstab(table["label"], table["prediction"]).reindex(index=range(10), columns=range(10), fill_value=0)
    shares = counts.div(counts.sum(axis=1), axis=0).to_numpy()
    figure, axes = plt.subplots(figsize=(7.2, 7), layout="constrained")
    axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1.15)  # the root shows single mistakes too
    for (row, column), count in np.ndenumerate(counts.to_numpy()):
        if count:
            color = "white" if row == column else WRONG
            weight = "bold" if row != column else "normal"
            axes.text(column, row, str(count), ha="center", va="center", color=color, fontweight=weight)
    accuracy = (table["prediction"] == table["label"]).mean()
    axes.set_title(f"{len(table)} digits, {accuracy:.1%} read correctly", loc="left", color=INK, fontsize=14)
    axes.set(xticks=range(10), yticks=range(10), xlabel="read as", ylabel="is a")
    axes.tick_params(length=0, colors=INK)
    axes.set_xticks(np.arange(-0.5, 10), minor=True)
    axes.set_yticks(np.arange(-0.5, 10), minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="minor", length=0)
    axes.spines[:].set_visible(False)
    figure.savefig(target, dpi=150)
    plt.close(figure)


def draw_digit(axes: Axes, row: pd.Series, images: Path) -> None:
    """Draw one misread digit with what was read, how surely, and what it is."""
    with Image.open(images / str(row["file"])) as picture:
        axes.imshow(np.asarray(picture), cmap="gray_r", vmin=0, vmax=255)
    axes.set_title(f"read as {row['prediction']}", color=WRONG, fontsize=12, fontweight="bold", pad=16)
    axes.text(
        0.5, 1.03, f"{row['probability']:.0%} sure", transform=axes.transAxes, ha="center", color=FAINT, fontsize=8.5
    )
    axes.set_xlabel(f"is a {row['label']}", color=RIGHT, fontsize=12, fontweight="bold")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color("#d0d7de")


def draw_mistakes(table: pd.DataFrame, images: Path, target: Path) -> None:
    """Draw the wrongly read digits, the most confident mistakes first."""
    wrong = table[table["prediction"] != table["label"]].sort_values("probability", ascending=False)
    shown = wrong.head(LIMIT)
    columns = 7
    rows = max(1, -(-len(shown) // columns))
    figure, grid = plt.subplots(rows, columns, figsize=(11, 0.7 + 2.1 * rows), layout="constrained", squeeze=False)
    for axes in grid.flat:
        axes.set_visible(False)
    for axes, (_, row) in zip(grid.flat, shown.iterrows(), strict=False):
        axes.set_visible(True)
        draw_digit(axes, row, images)
    more = f", the {LIMIT} surest of them here" if len(wrong) > LIMIT else ", the most confident mistakes first"
    figure.suptitle(
        f"{len(wrong)} of {len(table)} digits were misread{more}", x=0.02, ha="left", color=INK, fontsize=14
    )
    figure.get_layout_engine().set(h_pad=0.12, w_pad=0.08)  # type: ignore[union-attr]
    figure.savefig(target, dpi=150)
    plt.close(figure)


def main(arguments: list[str]) -> None:
    """Print the table and write the pictures beside the predictions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("predictions", type=Path, help="predictions.csv with file,prediction,probability")
    parser.add_argument("--data", type=Path, default=HERE / "data", help="the folder with images/ and labels.csv")
    options = parser.parse_args(arguments)
    table = load(options.predictions, options.data)
    out = options.predictions.parent
    draw_confusion(table, out / "confusion.png")
    draw_mistakes(table, options.data / "images", out / "mistakes.png")
    console = Console()
    console.print(per_class(table))
    for name in ("predictions.csv", "confusion.png", "mistakes.png"):
        console.print(f"  {out / name}", highlight=False)


if __name__ == "__main__":
    main(sys.argv[1:])
