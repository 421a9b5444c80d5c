from __future__ import annotations

import shutil
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from skylift_tests_support.wheels import make_wheel

from skylift.bootstrap import locking
from skylift_contract.errors import ConfigurationError, SkyliftError


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    for version in ("1.0", "1.1", "2.0"):
        make_wheel(tmp_path, "own-base", version)
    make_wheel(tmp_path, "own-top", "3.0", requires=("own-base<2",))
    return tmp_path


def test_all_that_is_needed_is_found_in_the_index_alone(wheels: Path) -> None:
    assert locking.locked(["own-top"], "3.11", index=str(wheels)) == ("own-base==1.1", "own-top==3.0")


def test_what_is_installed_here_is_preferred(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "installed_here", lambda: ["own-base==1.0"])
    assert "own-base==1.0" in locking.locked(["own-base"], "3.11", index=str(wheels))
    assert "own-base==1.1" in locking.locked(["own-base>1.0,<2"], "3.11", index=str(wheels))


def test_wheels_are_those_of_the_image(tmp_path: Path) -> None:
    make_wheel(tmp_path, "own-native", "1.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    make_wheel(tmp_path, "own-native", "2.0", tag="cp312-cp312-manylinux_2_17_aarch64")
    found = [
        locking.locked(["own-native"], python, platform=platform, index=str(tmp_path))
        for python, platform in (("3.11", None), ("3.12", "linux/arm64"))
    ]
    assert found == [("own-native==1.0",), ("own-native==2.0",)]


def test_requirements_that_nothing_fits(wheels: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        locking.locked(["own-top", "own-base>=2"], "3.11", index=str(wheels))
    sentence = str(caught.value)
    assert sentence.startswith(
        "DockerSettings.requirements: no versions fit: No solution found when resolving dependencies: Because "
    )
    assert "own-base" in sentence
    assert sentence.endswith("(got 'own-top, own-base>=2'). Loosen them, or name the index that has them.")


def test_whose_requirements_they_are_is_said_where_it_is_known(wheels: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        locking.locked(["none-such"], "3.11", index=str(wheels), who="ours", fix="Ask us.")
    assert str(caught.value) == (
        "ours: no versions fit: No solution found when resolving dependencies: Because none-such was not found in "
        "the provided package locations and you require none-such, we can conclude that your requirements are "
        "unsatisfiable (got 'none-such'). Ask us."
    )


def test_an_index_that_does_not_answer_is_not_what_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/simple"
        with pytest.raises(SkyliftError) as caught:
            locking.locked(["own-top"], "3.11", index=url)
    sentence = str(caught.value)
    assert caught.value.exit_code == 1
    assert sentence.startswith("DockerSettings.requirements: the index could not be asked for what fits: ")
    assert sentence.endswith("(got 'own-top'). Try again, or see whether it can be reached from here.")


def test_a_platform_whose_wheels_are_not_known(wheels: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        locking.locked(["own-base"], "3.11", platform="linux/riscv64", index=str(wheels))
    assert str(caught.value) == (
        "DockerSettings.platform: which wheels it takes is not known (got 'linux/riscv64', limit: linux/amd64 or "
        "linux/arm64). Name an image that holds what the step needs: DockerSettings(image=…)."
    )


def test_without_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object) -> None:
        return None

    monkeypatch.setattr("importlib.util.find_spec", nowhere)
    monkeypatch.setattr(shutil, "which", nowhere)
    with pytest.raises(ConfigurationError) as caught:
        locking.locked(["numpy"], "3.11")
    assert str(caught.value) == (
        "DockerSettings.requirements: there is no uv here, which finds the versions that requirements stand for. "
        "pip install 'skylift[containers]', or name an image that holds them: DockerSettings(image=…)."
    )


@settings(max_examples=6)
@given(data=st.data())
def test_a_lock_is_what_was_asked_for_whatever_its_order(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("wheels")
    names = data.draw(st.lists(st.sampled_from(["own-a", "own-b", "own-c"]), min_size=1, unique=True))
    for name in names:
        make_wheel(folder, name, "1.0")
    found = locking.locked(names, "3.11", index=str(folder))
    assert found == tuple(sorted(f"{name}==1.0" for name in names))
    assert locking.locked(found, "3.11", index=str(folder)) == found
    assert all(str(Requirement(line).specifier).startswith("==") for line in found)


@pytest.mark.parametrize("line", ["own-base=>1", "-r nowhere.txt"])
def test_a_line_that_is_no_requirement_is_shown_and_no_file_of_ours(line: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        locking.locked([line], "3.11")
    assert f"(got {line!r})" in str(caught.value)
    assert tempfile.gettempdir() not in str(caught.value)
    assert "asked.in" not in str(caught.value)
