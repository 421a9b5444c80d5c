"""In a process, as in a container: a Python without any of ours, and a folder of wheels."""

from __future__ import annotations

import ensurepip
import importlib.util
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.wheels import make_wheel

from skylift.bootstrap import program
from skylift.bootstrap.command import SetUp, after_set_up

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.machinery import ModuleSpec

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
SAYS = "import own_top, sys; print(own_top.__file__); print(own_top.__cached__); sys.exit(own_top.VALUE)"


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    make_wheel(folder, "own-top", "3.0")
    return folder


def run(
    plan: SetUp, code: str = SAYS, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    _, *argv = after_set_up(plan, [sys.executable, "-c", code])
    environment = {**os.environ, **(variables or {})}
    return subprocess.run(
        [sys.executable, *argv], env=environment, capture_output=True, text=True, check=False
    )


def test_the_command_has_what_was_installed_and_its_exit_code_is_kept(wheels: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    done = run(SetUp(HERE, ("own-top==3.0",), str(wheels), str(cache)))
    assert done.returncode == 7, done.stderr
    source, compiled = map(Path, done.stdout.split())
    assert source.is_relative_to(cache)
    assert compiled.is_file()


def test_another_container_finds_it_in_the_cache(wheels: Path, tmp_path: Path) -> None:
    plan = SetUp(HERE, ("own-top==3.0",), str(wheels), str(tmp_path / "cache"))
    first = run(plan)
    (wheels / "own_top-3.0-py3-none-any.whl").unlink()
    second = run(plan)
    assert (second.stdout, second.stderr) == (first.stdout, "")


def test_several_at_once_install_it_once(wheels: Path, tmp_path: Path) -> None:
    plan = SetUp(HERE, ("own-top==3.0",), str(wheels), str(tmp_path / "cache"))
    with ThreadPoolExecutor(3) as pool:
        found = {done.stdout for done in pool.map(run, [plan] * 3)}
    assert len(found) == 1
    assert len([one for one in (tmp_path / "cache" / str(os.getuid())).iterdir() if one.is_dir()]) == 1


def test_what_a_killed_container_left_is_made_anew(wheels: Path, tmp_path: Path) -> None:
    plan = SetUp(HERE, ("own-top==3.0",), str(wheels), str(tmp_path / "cache"))
    told = {"requirements": list(plan.requirements), "index": plan.index, "cache": plan.cache}
    partly = tmp_path / "cache" / str(os.getuid()) / f"{program.key(told)}.part"
    (partly / "own_top").mkdir(parents=True)
    (partly / "own_top" / "__init__.py").write_text("VALUE = 1")
    assert run(plan).returncode == 7


def test_without_a_cache_it_has_a_folder_of_its_own(wheels: Path, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    done = run(SetUp(HERE, ("own-top==3.0",), str(wheels)), variables={"TMPDIR": str(tmp_path / "tmp")})
    assert done.returncode == 7, done.stderr
    assert Path(done.stdout.split()[0]).is_relative_to(tmp_path / "tmp")


def test_what_the_image_has_on_its_path_stays_behind_it(wheels: Path, tmp_path: Path) -> None:
    (tmp_path / "own_top.py").write_text("VALUE = 1")
    (tmp_path / "beside.py").write_text("VALUE = 2")
    plan = SetUp(HERE, ("own-top==3.0",), str(wheels), str(tmp_path / "cache"))
    code = "import own_top, beside, sys; sys.exit(own_top.VALUE + beside.VALUE)"
    assert run(plan, code, {"PYTHONPATH": str(tmp_path)}).returncode == 9


def refusal(plan: SetUp, **variables: str) -> str:
    done = run(plan, variables=variables)
    assert (done.returncode, done.stdout) == (2, "")
    installing, line = done.stderr.splitlines()
    assert installing == "skylift: installing 1 distributions"
    return line


def test_requirements_that_are_not_to_be_had(tmp_path: Path) -> None:
    said = refusal(SetUp(HERE, ("own-top==3.0",), str(tmp_path), str(tmp_path / "cache")))
    assert said.startswith("skylift: what the step needs could not be installed (exit code ")
    assert "own-top" in said
    assert said.endswith(". Check its requirements, and the index that they are from.")
    assert [one for one in (tmp_path / "cache" / str(os.getuid())).iterdir() if not one.suffix] == []


def test_a_container_that_may_write_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(**_: object) -> str:
        raise FileNotFoundError(2, "No usable temporary directory")

    monkeypatch.setattr("tempfile.mkdtemp", nowhere)
    told: dict[str, Any] = {"requirements": ["a==1"], "index": "", "cache": "/proc/nowhere"}
    with pytest.raises(program.Refused) as caught:
        program.environment(told)
    assert str(caught.value) == (
        "this container has no place to install into: neither /proc/nowhere nor a folder for temporary files can "
        "be written to. Give it a /tmp, as tmpfs, or use an image that holds skylift."
    )


def test_an_image_without_any_installer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def none(_: str) -> None:
        return None

    monkeypatch.setattr("importlib.util.find_spec", none)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(program.Refused) as caught:
        program.install({"requirements": ["a==1"], "index": "", "cache": ""}, tmp_path / "target")
    assert str(caught.value) == (
        "this image has Python, and neither pip nor uv to install skylift and the step's requirements with. Put pip "
        "into it, or use an image that holds them."
    )


def test_the_pip_that_python_brings_along_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Debian takes it out of its Python: there nothing is left."""
    find = importlib.util.find_spec

    def others(name: str) -> ModuleSpec | None:
        return None if name in {"pip", "uv"} else find(name)

    monkeypatch.setattr("importlib.util.find_spec", others)
    monkeypatch.setenv("PATH", str(tmp_path))
    if not [*Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl")]:
        with pytest.raises(program.Refused):
            program.installer()
        return
    said = subprocess.run([*program.installer()[:2], "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("pip ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_it_installs_ends_it_and_its_installer(tmp_path: Path, number: int) -> None:
    """The installer is a uv of the test's own, which says that it runs, and waits."""
    fifo = tmp_path / "arrived"
    os.mkfifo(fifo)
    (tmp_path / "pip.py").write_text(f"import signal\nopen({str(fifo)!r}, 'w').write('x')\nsignal.pause()\n")
    _, *argv = after_set_up(SetUp(HERE, ("a==1",)), [sys.executable, "-c", "print('ran')"])
    with subprocess.Popen(
        [sys.executable, *argv],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert fifo.read_text() == "x"
        process.send_signal(number)
        output, _ = process.communicate()  # the pipe's end is the installer's, too
    assert (process.returncode, output) == (143, "")


def test_a_plan_is_known_by_what_decides_on_the_environment() -> None:
    one: dict[str, Any] = {"requirements": ["a==1"], "index": "", "cache": "/c"}
    keys = [
        program.key(plan)
        for plan in (one, {**one, "requirements": ["a==2"]}, {**one, "index": "/w"}, {**one, "cache": "/d"})
    ]
    assert len(set(keys)) == 3
    assert keys[0] == keys[3]
