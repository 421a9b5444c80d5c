"""What a container runs before its step: installs what the plan says, and becomes the step.

It is sent as text to images that hold none of ours, so it imports the standard library only, and
nothing of this package. Arguments: the plan as JSON, and the command. The plan:
`requirements`, one a line of a requirements file; `index`, a URL or a folder of wheels or empty;
`cache`, a folder that containers share, each user in one of their own, or empty.

What is refused is one line on stderr, and exit code 2; a stop is 143, as a shell has it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Generator

REFUSED: Final = 2
STOPPED: Final = 143
LAST: Final = 3
"""Lines of an installer that failed which are said: its cause stands there."""


class Refused(Exception):
    """Why nothing can be installed here, and what to do, in a sentence each."""


def main(argv: list[str]) -> int:  # noqa: RET503 -- it does not come back from becoming the command
    """Become the command, with what the plan says on its path; or say why that cannot be."""
    signal.signal(signal.SIGTERM, _stopped)
    signal.signal(signal.SIGINT, _stopped)
    plan, command = json.loads(argv[0]), argv[1:]
    try:
        found = environment(plan)
    except Refused as error:
        sys.stderr.write(f"skylift: {error}\n")
        return REFUSED
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(found), before] if before else [str(found)])
    os.environ["PATH"] = os.pathsep.join([str(found / "bin"), os.environ.get("PATH", os.defpath)])
    sys.stdout.flush()
    os.execvp(command[0], command)  # noqa: S606 -- the command, as it would have been started


def _stopped(*_: object) -> NoReturn:
    raise SystemExit(STOPPED)


def environment(plan: dict[str, Any]) -> Path:
    """A folder with what the plan says installed in it; made where it is not in the cache."""
    if plan["cache"] and _may_be_written(cache := Path(plan["cache"], str(os.getuid()))):
        return _kept(plan, cache)
    try:
        own = Path(tempfile.mkdtemp(prefix="skylift-environment-"))
    except OSError:
        tried = f"neither {plan['cache']} nor" if plan["cache"] else "not even"
        raise Refused(
            f"this container has no place to install into: {tried} a folder for temporary files can be "
            "written to. Give it a /tmp, as tmpfs, or use an image that holds skylift."
        ) from None
    install(plan, own)
    return own


def _may_be_written(folder: Path) -> bool:
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return os.access(folder, os.W_OK | os.X_OK)


def _kept(plan: dict[str, Any], cache: Path) -> Path:
    """One that was installed before, by whichever container came first; the others wait for it."""
    name = key(plan)
    done, partly = cache / name, cache / f"{name}.part"
    if done.is_dir():
        return done
    with _alone(cache / f"{name}.lock"):
        if not done.is_dir():
            shutil.rmtree(partly, ignore_errors=True)  # of a container that was killed
            install(plan, partly)
            partly.rename(done)
    return done


def key(plan: dict[str, Any]) -> str:
    """The name of an environment: by what is in it, where it is from, and the Python that it is for."""
    libc = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else "other"
    own = [sys.implementation.cache_tag, sysconfig.get_platform(), libc]
    parts = json.dumps([own, plan["requirements"], plan["index"]])
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


@contextmanager
def _alone(lock: Path) -> Generator[None]:
    """Hold a lock, which ends with this process; on file systems without, the last of several wins."""
    import fcntl

    with lock.open("w") as file:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def install(plan: dict[str, Any], target: Path) -> None:
    """Install into a folder, with bytecode; the installer is gone when this returns or is stopped."""
    tool = installer()
    sys.stderr.write(f"skylift: installing {len(plan['requirements'])} distributions\n")
    sys.stderr.flush()
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:  # /tmp need not be there
        listed = Path(folder) / "requirements.txt"
        listed.write_text("\n".join(plan["requirements"]) + "\n")
        argv = [*tool, *_place(plan["index"], tool), "--target", str(target), "--requirement", str(listed)]
        code, said = _run(argv, {**os.environ, "TMPDIR": folder})
    if code:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        how = f"exit code {code}" if code > 0 else "it was killed"
        cause = " / ".join(lines[-LAST:]) or "it said nothing"
        raise Refused(
            f"what the step needs could not be installed ({how}): {cause}. Check its requirements, and the "
            "index that they are from."
        )


def _run(argv: list[str], variables: dict[str, str]) -> tuple[int, str]:
    process = subprocess.Popen(  # noqa: S603 -- argv list, no shell
        argv, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        said, _ = process.communicate()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return process.returncode, said.decode(errors="replace")


def installer() -> list[str]:
    """The image's own pip, else uv, else the pip that Python brings along."""
    of_pip = ["install", "--quiet", "--no-cache-dir", "--disable-pip-version-check", "--no-input"]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", *of_pip]
    of_uv = ["pip", "install", "--quiet", "--no-cache", "--compile-bytecode", "--link-mode=copy"]
    if uv := [sys.executable, "-m", "uv"] if importlib.util.find_spec("uv") else _on_path("uv"):
        return [*uv, *of_uv, "--python", sys.executable]
    spec = importlib.util.find_spec("ensurepip")
    bundled = Path(spec.origin or "").parent / "_bundled" if spec else Path("none")
    for wheel in bundled.glob("pip-*.whl"):
        return [sys.executable, f"{wheel}/pip", *of_pip]
    raise Refused(
        "this image has Python, and neither pip nor uv to install skylift and the step's requirements with. "
        "Put pip into it, or use an image that holds them."
    )


def _on_path(name: str) -> list[str]:
    found = shutil.which(name)
    return [found] if found else []


def _place(index: str, tool: list[str]) -> list[str]:
    """Where packages are from: the index alone, so that none of a stranger takes the place of another."""
    if not index:
        return []
    if index.startswith(("http://", "https://")):
        return ["--default-index" if "--link-mode=copy" in tool else "--index-url", index]
    return ["--no-index", "--find-links", index]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
