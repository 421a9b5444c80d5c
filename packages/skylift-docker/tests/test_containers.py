from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skylift_docker.containers import lines


@given(
    st.lists(st.text(alphabet=st.characters(blacklist_characters="\n", blacklist_categories=["Cs"]))),
    st.data(),
)
def test_lines_are_whole_however_they_come(expected: list[str], data: st.DataObject) -> None:
    whole = "".join(f"{line}\n" for line in expected).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)))))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert list(lines(pieces)) == expected


def test_the_last_line_may_lack_its_end() -> None:
    assert list(lines([b"one\ntw", b"o"])) == ["one", "two"]
