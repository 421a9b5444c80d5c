"""A pipeline that makes data, a model of it, and predictions: what comes out must be the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from skylift import pipeline, step

POINTS: Final = tuple((float(x), 3.0 * x + 1.0) for x in range(20))
ASKED: Final = (0.5, 100.0, -7.25)


@dataclass(frozen=True)
class Line:
    """A model: least squares through points."""

    slope: float
    intercept: float

    def predict(self, x: float) -> float:
        return self.slope * x + self.intercept


def fitted(points: list[tuple[float, float]]) -> Line:
    n, sum_x = len(points), sum(x for x, _ in points)
    sum_y, sum_xx = sum(y for _, y in points), sum(x * x for x, _ in points)
    slope = (n * sum(x * y for x, y in points) - sum_x * sum_y) / (n * sum_xx - sum_x**2)
    return Line(slope, (sum_y - slope * sum_x) / n)


@step
def points() -> Annotated[list[tuple[float, float]], "points"]:
    return list(POINTS)


@step
def train(given: list[tuple[float, float]]) -> Annotated[Line, "model"]:
    return fitted(given)


@step
def predict(model: Line) -> Annotated[list[float], "predicted"]:
    return [model.predict(x) for x in ASKED]


@pipeline
def trained() -> None:
    predict(train(points()))
