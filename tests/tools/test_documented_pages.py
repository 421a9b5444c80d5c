from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documented_pages import PageError, blocks

LINES = st.lists(st.text(st.characters(exclude_characters="`~<", exclude_categories=["C", "Z"])), max_size=5)


@given(prose=LINES, code=LINES, language=st.sampled_from(["python", "bash", "toml"]))
def test_a_block_is_read_back_with_the_line_it_starts_on(
    prose: list[str], code: list[str], language: str
) -> None:
    page = "\n".join([*prose, f"```{language}", *code, "```", "after"])
    (block,) = blocks(page, "P.md")
    assert block.code == "".join(f"{line}\n" for line in code)
    assert (block.language, block.line) == (language, len(prose) + 2)


def test_notes_stand_directly_before_their_block() -> None:
    text = (
        "<!-- file: a.py -->\n<!-- continues -->\n\n```python\nx = 1\n```\n\nprose\n\n```python\ny = 2\n```\n"
    )
    first, second = blocks(text, "P.md")
    assert first.notes == {"file": "a.py", "continues": ""}
    assert second.notes == {}


def test_a_note_with_prose_between_is_not_the_blocks() -> None:
    (block,) = blocks("<!-- not run: needs an AWS account -->\nprose\n```python\n1/0\n```\n", "P.md")
    assert not block.exempt


def test_an_indented_block_loses_the_indent_of_its_fence() -> None:
    (block,) = blocks("1. first\n\n   ```python\n   if x:\n       y()\n   ```\n", "P.md")
    assert block.code == "if x:\n    y()\n"


def test_a_longer_fence_may_show_a_shorter_one() -> None:
    (block,) = blocks("````text\n```python\n```\n````\n", "P.md")
    assert block.code == "```python\n```\n"


def test_an_exemption_with_a_reason_is_taken() -> None:
    (block,) = blocks("<!-- not run: needs an AWS account -->\n```bash\naws s3 ls\n```\n", "P.md")
    assert block.exempt


@pytest.mark.parametrize("note", ["<!-- not run -->", "<!-- not run: -->", "<!-- not run: later -->"])
def test_an_exemption_without_a_reason_is_refused(note: str) -> None:
    with pytest.raises(
        PageError, match=r"^P\.md:3: the block is exempt without a reason\. Write <!-- not run: "
    ):
        blocks(f"{note}\n```bash\naws s3 ls\n```\n", "P.md")


def test_a_file_note_names_a_file() -> None:
    with pytest.raises(
        PageError, match=r"^P\.md:3: the note names no file\. Write <!-- file: pipeline\.py -->\.$"
    ):
        blocks("<!-- file: -->\n```python\n```\n", "P.md")


def test_a_fence_that_is_never_closed_is_refused() -> None:
    with pytest.raises(PageError, match=r"^P\.md:2: the block that opens here is never closed\.$"):
        blocks("prose\n```python\nx = 1\n", "P.md")
