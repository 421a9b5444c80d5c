"""Handwritten digits: two models trained side by side, compared, and the better one kept.

Side by side means a process for each step, and each imports scikit-learn anew: for models as
small as these one process is faster, `max_parallelism` 1 or nothing.

skylift run examples/digits/pipeline.py:digits
skylift run examples/digits/pipeline.py:digits --param trees=50
"""

from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from skylift import log_metadata, pipeline, step

Images = NDArray[np.float64]
Labels = NDArray[np.int64]


@step
def load() -> tuple[Annotated[Images, "images"], Annotated[Labels, "labels"]]:
    """1797 images of 8 x 8 pixels, as scikit-learn ships them; values from 0 to 1."""
    images, labels = load_digits(return_X_y=True)
    print(f"{len(images)} images of {images.shape[1]} pixels")
    return images / 16.0, labels.astype(np.int64)


@step
def split(
    images: Images, labels: Labels, test_share: float, seed: int
) -> tuple[
    Annotated[Images, "train_images"],
    Annotated[Images, "test_images"],
    Annotated[Labels, "train_labels"],
    Annotated[Labels, "test_labels"],
]:
    parts = train_test_split(images, labels, test_size=test_share, random_state=seed, stratify=labels)
    return tuple(parts)


@step
def train_logistic(images: Images, labels: Labels) -> Annotated[ClassifierMixin, "model"]:
    return LogisticRegression(max_iter=2000).fit(images, labels)


@step
def train_forest(
    images: Images, labels: Labels, trees: int, seed: int
) -> Annotated[ClassifierMixin, "model"]:
    return RandomForestClassifier(trees, random_state=seed).fit(images, labels)


@step
def evaluate(model: ClassifierMixin, images: Images, labels: Labels) -> Annotated[float, "accuracy"]:
    accuracy = float(model.score(images, labels))
    name = type(model).__name__
    print(f"{name}: {accuracy:.3f} of {len(labels)} digits read right")
    log_metadata({"model": name, "accuracy": accuracy})
    return accuracy


@step
def choose(
    models: list[ClassifierMixin], accuracies: list[float]
) -> tuple[Annotated[ClassifierMixin, "best"], Annotated[dict[str, float], "scores"]]:
    scores = {type(model).__name__: score for model, score in zip(models, accuracies, strict=True)}
    best = models[int(np.argmax(accuracies))]
    print(f"kept: {type(best).__name__}")
    return best, scores


@step
def draw(model: ClassifierMixin, images: Images, labels: Labels) -> Annotated[Path, "confusion"]:
    """The confusion matrix of the model that was kept, as a PNG."""
    import matplotlib as mpl

    mpl.use("Agg")
    display = ConfusionMatrixDisplay.from_estimator(model, images, labels, cmap="Blues", colorbar=False)
    display.ax_.set_title(f"{type(model).__name__}: what was read as what")
    path = Path(mkdtemp()) / "confusion.png"
    display.figure_.savefig(path, dpi=120, bbox_inches="tight")
    return path


@pipeline(settings={"orchestrator.local": {"max_parallelism": 2}})
def digits(trees: int = 200, test_share: float = 0.25, seed: int = 0) -> None:
    images, labels = load()
    train_images, test_images, train_labels, test_labels = split(images, labels, test_share, seed)
    models = [
        train_logistic(train_images, train_labels),
        train_forest(train_images, train_labels, trees, seed),
    ]
    accuracies = [evaluate(model, test_images, test_labels) for model in models]
    best, _ = choose(models, accuracies)
    draw(best, test_images, test_labels)


if __name__ == "__main__":
    digits()
