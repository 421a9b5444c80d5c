"""The shell commands a page may show: what is run, and what is only looked up.

A block holds simple command lines; a backslash goes on, `#` comments. What would change
the machine or repeat the test run (`pip install`, `make`, `nox`) is not run; instead,
what it names must exist in this repository.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from locks import locked
from workspace import ROOT, distribution, packages

if TYPE_CHECKING:
    from collections.abc import Callable

RUN: Final = frozenset({"skylift", "python", "cat", "cd", "cp", "echo", "export", "ls", "mkdir", "test"})


def refusal(command: str) -> str | None:
    """Why a command may not stand in a page without an exemption; None if it may."""
    words = _words(command)
    if not words or words[0] in RUN:
        return None
    if words[0] in LOOKED_UP:
        return LOOKED_UP[words[0]](words[1:])
    return f"there is no rule for `{words[0]}`; exempt the block with a reason, or add a rule"


def is_run(command: str) -> bool:
    words = _words(command)
    return bool(words) and words[0] in RUN


def commands(code: str, *, prompt: str = "") -> list[tuple[str, list[str]]]:
    """The commands of a block, each with the output lines that the page shows under it.

    With a prompt (`$ `, in a `console` block) lines without it are output; without one,
    every line that is neither blank nor a comment is a command.
    """
    found: list[tuple[str, list[str]]] = []
    for line in code.replace("\\\n", " ").splitlines():
        if not line.strip() or (not prompt and line.lstrip().startswith("#")):
            continue
        if line.startswith(prompt):
            found.append((line.removeprefix(prompt).strip(), []))
        elif found:
            found[-1][1].append(line.rstrip())
    return found


def _words(command: str) -> list[str]:
    words = shlex.split(command, comments=True)
    while words and re.fullmatch(r"[A-Za-z_]\w*=.*", words[0], re.DOTALL):
        words = words[1:]
    return words


def _installs(words: list[str]) -> str | None:
    arguments = [word for word in words if not word.startswith("-")]
    if arguments[:1] == ["pip"]:
        arguments = arguments[1:]
    if arguments[:1] != ["install"]:
        return f"only `install` is looked up, not `{' '.join(arguments[:1])}`"
    return next(filter(None, map(_installable, arguments[1:])), None)


def _installable(requirement: str) -> str | None:
    if requirement.startswith("./"):
        folders = {f"./{package.path.as_posix()}" for package in packages().values()}
        return None if requirement in folders else f"`{requirement}` is no package's folder"
    name, ours = distribution(requirement), packages()
    if name not in ours:
        known = any(name in locked(lock) for lock in (ROOT / "locks").glob("*.txt"))
        return None if known else f"`{name}` is neither a package of this repository nor in a lock"
    extras = re.search(r"\[(.*)\]", requirement)
    offered = ours[name].data["project"].get("optional-dependencies", {})
    missing = [x.strip() for x in extras[1].split(",") if x.strip() not in offered] if extras else []
    return f"`{name}` has no extra named {', '.join(missing)}" if missing else None


def _made(words: list[str]) -> str | None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    missing = [word for word in words if not word.startswith("-") and "=" not in word and word not in targets]
    return f"the Makefile has no target {', '.join(missing)}" if missing else None


def _sessions(words: list[str]) -> str | None:
    if words[:1] not in (["-s"], ["-t"], ["-l"]):
        return "only `nox -s SESSION …`, `nox -t TAG` and `nox -l` are looked up"
    wanted = [word for word in words[1 : words.index("--") if "--" in words else None] if words[0] == "-s"]
    missing = [word for word in wanted if word not in session_names()]
    return f"the noxfile has no session {', '.join(missing)}" if missing else None


def session_names() -> set[str]:
    """The names in the noxfile, those made for each package included; nox is not started."""
    noxfile = (ROOT / "noxfile.py").read_text()
    written: list[tuple[str, str]] = re.findall(r'name="([\w-]+)"|^def (\w+)\(session', noxfile, re.MULTILINE)
    names = {name for pair in written for name in pair if name}
    return names | {f"tests-{p.short}{end}" for p in packages().values() for end in ("", "-lowest")}


def _uv(words: list[str]) -> str | None:
    if words[:1] == ["pip"]:
        return _installs(words)
    return f"only `uv pip install` is looked up, not `uv {' '.join(words[:1])}`"


LOOKED_UP: Final[dict[str, Callable[[list[str]], str | None]]] = {
    "pip": _installs,
    "uv": _uv,
    "make": _made,
    "nox": _sessions,
    ".tools/bin/nox": _sessions,
}
