"""Run the code that a Markdown page shows, as a reader would who types it in from the top.

    python tools/documented_code.py --python ENVIRONMENT/bin/python README.md …

Each page has an empty folder, which is also its home, and a clean environment: nothing of
the machine's own configuration or credentials is seen. Python runs as one program per
chain of blocks, its lines where they stand in the page, so a traceback names them. Shell
commands run with `bash -eu`; TOML, YAML and JSON must parse. Output that a `console`
block shows must come, in that order; `...` stands for anything.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from documented_commands import commands, is_run, refusal
from documented_pages import Block, PageError, blocks

if TYPE_CHECKING:
    from collections.abc import Callable

SHELL: Final = {"bash": "", "sh": "", "shell": "", "console": "$ "}
PROSE: Final = frozenset({"text", "mermaid"})
"""Languages of blocks that are no code: drawings, listings, output."""
SECONDS: Final = 50
"""How long one program or command of a page may run."""


@dataclass(frozen=True)
class Ran:
    """How many blocks of a page were run (or parsed), and how many its author exempted."""

    run: int
    exempt: int


@dataclass(frozen=True)
class Reader:
    """Somebody who types a page in: a folder of their own, and an interpreter."""

    home: Path
    python: Path

    def start(self, *argv: str, where: str) -> str:
        """Run a program in the folder; return what it printed on both streams."""
        done = subprocess.run(
            argv,
            cwd=self.home,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            raise PageError(f"{where}: the block failed with exit code {done.returncode}:\n{done.stdout}")
        return done.stdout

    def environment(self) -> dict[str, str]:
        names = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
        system = os.environ.get("PATH", os.defpath)
        own = {name: str(self.home / ".home" / name.lower()) for name in names}
        return {"HOME": str(self.home), "PATH": f"{self.python.parent}:{system}", "LANG": "C.UTF-8", **own}


def run_page(text: str, page: str, reader: Reader) -> Ran:
    """Run every block that is not exempt, in order. Raises `PageError` for the first that fails."""
    code = [block for block in blocks(text, page) if block.language not in PROSE]
    shown = [block for block in code if not block.exempt]
    for at in range(len(shown)):
        _run(shown, at, reader)
    return Ran(run=len(shown), exempt=len(code) - len(shown))


def _run(shown: list[Block], at: int, reader: Reader) -> None:
    block = shown[at]
    if "file" in block.notes:
        _write(block, shown[at + 1 :], reader)
    elif block.language == "python":
        _python(block, shown[:at], shown[at + 1 :], reader)
    elif block.language in SHELL:
        _shell(block, reader)
    elif block.language in PARSERS:
        _parse(block)
    else:
        known = ", ".join(sorted({"python", *SHELL, *PARSERS, *PROSE}))
        what = f"there is no rule for a block of language {block.language!r}"
        raise PageError(f"{block.where}: {what}. Known: {known}.")


def _write(block: Block, later: list[Block], reader: Reader) -> None:
    name = block.notes["file"]
    target = reader.home / name
    if not target.resolve().is_relative_to(reader.home.resolve()):
        raise PageError(f"{block.where}: {name!r} is outside the page's folder. Name a relative path.")
    if not name.endswith(".toml") and not any(Path(name).stem in one.code for one in later):
        raise PageError(f"{block.where}: no later block uses {name!r}. Show how it is run.")
    if block.language in PARSERS:
        _parse(block)
    target.parent.mkdir(parents=True, exist_ok=True)
    old = target.read_text() if "continues" in block.notes else ""
    target.write_text(old + block.code)


def _python(block: Block, before: list[Block], later: list[Block], reader: Reader) -> None:
    """Run the chain that ends here; a block that is continued runs with its continuation."""
    following = next((one for one in later if _is_program(one)), None)
    if following is not None and "continues" in following.notes:
        return
    program = reader.home / f"{Path(block.page).stem}.py"
    program.write_text(_placed(_chain(block, before)))
    reader.start(str(reader.python), str(program), where=block.where)


def _is_program(block: Block) -> bool:
    return block.language == "python" and "file" not in block.notes


def _chain(block: Block, before: list[Block]) -> list[Block]:
    chain = [block]
    earlier = [one for one in before if _is_program(one)]
    while "continues" in chain[0].notes:
        if not earlier:
            raise PageError(f"{chain[0].where}: there is no block before it to continue.")
        chain.insert(0, earlier.pop())
    return chain


def _placed(chain: list[Block]) -> str:
    """The blocks' code, each line with the number that it has in the page."""
    placed = ""
    for block in chain:
        placed += "\n" * (block.line - 1 - placed.count("\n")) + block.code
    return placed


def _shell(block: Block, reader: Reader) -> None:
    shown = commands(block.code, prompt=SHELL[block.language])
    for command, _ in shown:
        if reason := refusal(command):
            raise PageError(f"{block.where}: {reason}.")
    script = "\n".join(command for command, _ in shown if is_run(command))
    output = reader.start("bash", "-euc", script, where=block.where) if script else ""
    _compare(block, [line for _, lines in shown for line in lines], output.splitlines())


def _compare(block: Block, expected: list[str], output: list[str]) -> None:
    rest = iter(output)
    for line in expected:
        pattern = line.replace("[", "[[]").replace("...", "*")
        if line != "..." and not any(fnmatch.fnmatchcase(got.rstrip(), pattern) for got in rest):
            raise PageError(f"{block.where}: the output has no line {line!r}:\n" + "\n".join(output))


def _parse(block: Block) -> None:
    try:
        PARSERS[block.language](block.code)
    except ValueError as error:
        raise PageError(f"{block.where}: this is not {block.language}: {error}.") from error


def _yaml(text: str) -> object:
    import yaml

    try:
        return list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


PARSERS: Final[dict[str, Callable[[str], object]]] = {
    "toml": tomllib.loads,
    "json": json.loads,
    "yaml": _yaml,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    parser.add_argument("pages", nargs="+", type=Path)
    given = parser.parse_args(arguments)
    for page in given.pages:
        with tempfile.TemporaryDirectory() as home:
            ran = run_page(page.read_text(), str(page), Reader(Path(home), given.python.absolute()))
        print(f"{page}: {ran.run} blocks run, {ran.exempt} exempt")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
