from __future__ import annotations

from typing import TYPE_CHECKING

from locks import lock_inputs, locked

if TYPE_CHECKING:
    from pathlib import Path


def test_each_package_has_a_lock_and_one_at_its_lower_bounds() -> None:
    inputs = lock_inputs()
    assert {"skylift", "skylift-lowest", "contract", "contract-lowest", "across", "tools"} <= set(inputs)
    assert "lowest-direct" in inputs["skylift-lowest"]
    assert "lowest-direct" not in inputs["skylift"]


def test_a_further_group_of_a_package_has_a_lock_with_its_tests() -> None:
    file = "packages/skylift-vertex/pyproject.toml"
    assert lock_inputs()["vertex-kfp"][:5] == [file, "--group", f"{file}:test", "--group", f"{file}:kfp"]


def test_an_example_with_requirements_gets_a_lock(tmp_path: Path) -> None:
    example = tmp_path / "examples" / "digits"
    example.mkdir(parents=True)
    (example / "requirements.txt").write_text("numpy\n")
    assert "examples/digits/requirements.txt" in lock_inputs(tmp_path)["example-digits"]


def test_a_lock_is_read_by_normalized_names(tmp_path: Path) -> None:
    lock = tmp_path / "one.txt"
    lock.write_text(
        "# a remark==1\n"
        "Foo.Bar==1.0 ; python_full_version < '3.12' \\\n    --hash=sha256:00==\n"
        "foo-bar==2.0 ; python_full_version >= '3.12' \\\n    --hash=sha256:11\n"
    )
    assert locked(lock) == {"foo-bar": {"1.0", "2.0"}}
