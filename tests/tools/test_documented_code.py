from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from documented_code import Ran, Reader, main, run_page
from documented_pages import PageError

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[[str], Ran]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def run(home: Path) -> Run:
    return lambda text: run_page(text, "docs/P.md", Reader(home, Path(sys.executable)))


def block(language: str, code: str, *notes: str) -> str:
    return "\n".join([*(f"<!-- {note} -->" for note in notes), f"```{language}", code, "```", "", ""])


def test_a_block_that_fails_fails_and_names_the_pages_line(run: Run) -> None:
    page = "A page.\n\n" + block("python", "x = 1\nraise ValueError(x)")
    with pytest.raises(PageError, match=r"^docs/P\.md:4: the block failed with exit code 1:") as caught:
        run(page)
    assert 'P.py", line 5, in <module>' in str(caught.value)


def test_blocks_are_counted_and_exempt_ones_not_run(run: Run) -> None:
    page = block("python", "x = 1") + block("bash", "aws s3 ls", "not run: needs an AWS account")
    assert run(page + block("text", "a drawing")) == Ran(run=1, exempt=1)


def test_blocks_that_do_not_continue_share_nothing(run: Run) -> None:
    with pytest.raises(PageError, match="NameError: name 'x' is not defined"):
        run(block("python", "x = 1") + block("python", "print(x)"))


def test_a_block_continues_the_one_before_it(run: Run, home: Path) -> None:
    first = "from pathlib import Path\nlog = Path('log')\nlog.write_text(log.read_text() + 'a' if log.exists() else 'a')"
    run(block("python", first) + block("python", "assert log.read_text() == 'a'", "continues"))
    assert (home / "log").read_text() == "a", "the chain runs once"


def test_a_block_with_nothing_to_continue_is_refused(run: Run) -> None:
    with pytest.raises(PageError, match=r"^docs/P\.md:3: there is no block before it to continue\.$"):
        run(block("python", "x = 1", "continues"))


def test_a_file_is_there_for_the_commands_after_it(run: Run) -> None:
    page = block("python", "print('hello')", "file: hello.py") + block("console", "$ python hello.py\nhello")
    assert run(page) == Ran(run=2, exempt=0)


def test_a_file_can_be_continued(run: Run) -> None:
    page = block("python", "x = 1", "file: more.py") + block(
        "python", "print(x)", "file: more.py", "continues"
    )
    run(page + block("console", "$ python more.py\n1"))


def test_a_file_that_nothing_uses_is_refused(run: Run) -> None:
    with pytest.raises(PageError, match=r"no later block uses 'unused\.py'\. Show how it is run\.$"):
        run(block("python", "1/0", "file: unused.py"))


def test_a_file_stays_in_the_pages_folder(run: Run) -> None:
    with pytest.raises(
        PageError, match=r"'\.\./out\.py' is outside the page's folder\. Name a relative path\.$"
    ):
        run(block("python", "", "file: ../out.py"))


def test_a_command_that_fails_in_the_middle_fails_the_block(run: Run) -> None:
    with pytest.raises(PageError, match="the block failed with exit code 3"):
        run(block("bash", "python -c 'raise SystemExit(3)'\necho fine"))


def test_output_that_is_shown_must_come(run: Run) -> None:
    run(block("console", "$ echo one; echo two; echo three\none\n...\nth...e"))
    with pytest.raises(PageError, match="the output has no line 'four'"):
        run(block("console", "$ echo one\nfour"))


def test_a_command_without_a_rule_is_refused(run: Run) -> None:
    with pytest.raises(PageError, match=r"^docs/P\.md:2: there is no rule for `kubectl`; exempt the block"):
        run(block("bash", "kubectl get pods"))


def test_a_language_without_a_rule_is_refused(run: Run) -> None:
    with pytest.raises(
        PageError, match=r"^docs/P\.md:2: there is no rule for a block of language ''\. Known: bash, "
    ):
        run(block("", "x"))


@pytest.mark.parametrize(
    ("language", "good", "bad"),
    [("toml", "a = 1", "a ="), ("yaml", "a: [1]\n---\nb: 2", "a: ["), ("json", '{"a": 1}', "{a: 1}")],
)
def test_data_must_parse(run: Run, language: str, good: str, bad: str) -> None:
    assert run(block(language, good)) == Ran(run=1, exempt=0)
    with pytest.raises(PageError, match=rf"^docs/P\.md:2: this is not {language}: "):
        run(block(language, bad))


def test_nothing_of_the_machine_is_seen(run: Run, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    code = "import os\nfrom pathlib import Path\nassert 'AWS_SECRET_ACCESS_KEY' not in os.environ\n"
    run(block("python", f"{code}assert Path.home() == Path({str(home)!r})"))


def test_the_command_says_what_was_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "README.md"
    page.write_text(block("python", "x = 1"))
    assert main([str(page)]) == 0
    assert capsys.readouterr().out == f"{page}: 1 blocks run, 0 exempt\n"
