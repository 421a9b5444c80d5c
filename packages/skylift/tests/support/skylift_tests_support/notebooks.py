"""A notebook that a real kernel executes, cell by cell."""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_COLORS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Cell:
    """What one execution of a cell showed; `raw` is all of it, with control sequences."""

    out: str
    err: str
    result: str
    error: str
    raw: str


class Notebook:
    """Cells are executed in the order in which they are given; one may be given again."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, source: str) -> Cell:
        cells = self._client.nb.cells
        cells.append(_formats().new_code_cell(source))
        self._client.execute_cell(cells[-1], len(cells) - 1)
        return _cell(cells[-1].outputs)


def _formats() -> Any:
    import nbformat

    return nbformat.v4


def _cell(outputs: list[Any]) -> Cell:
    def streamed(name: str) -> str:
        return "".join(one.text for one in outputs if one.output_type == "stream" and one.name == name)

    results = [one.data["text/plain"] for one in outputs if one.output_type == "execute_result"]
    errors = ["\n".join(one.traceback) for one in outputs if one.output_type == "error"]
    shown = streamed("stdout"), streamed("stderr"), "".join(results), "".join(errors)
    return Cell(*(_COLORS.sub("", text) for text in shown), raw="".join(shown[:3]))


@contextmanager
def notebook(folder: Path) -> Generator[Notebook]:
    """A kernel of this Python that stands in a folder."""
    with warnings.catch_warnings():
        # The clients' own: of event loops that they replace, and of paths that Jupyter will move.
        warnings.simplefilter("ignore")
        from nbclient import NotebookClient

        client = NotebookClient(
            _formats().new_notebook(),
            timeout=60,
            allow_errors=True,
            resources={"metadata": {"path": str(folder)}},
        )
        with client.setup_kernel():
            yield Notebook(client)
