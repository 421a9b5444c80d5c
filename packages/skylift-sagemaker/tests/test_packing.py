from __future__ import annotations

import json
import subprocess
import sys

from hypothesis import example, given, settings
from hypothesis import strategies as st

from skylift_sagemaker.limits import check_command
from skylift_sagemaker.packing import packed

ECHO = "import json,sys; print(json.dumps(sys.argv[1:]))"
# What a process may be given: no NUL, and nothing that has no encoding.
WORDS = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=600), max_size=4
)


@given(WORDS, st.lists(st.sampled_from(["-m", "skylift.runtime", "--step", "größe"]), max_size=3))
@example(["a\nb", "x" * 9_000], ["--step", "a b"])
@settings(max_examples=15, deadline=None)
def test_it_runs_as_what_it_was_packed_of(prefix: list[str], command: list[str]) -> None:
    argv = packed([sys.executable, "-c", ECHO, *prefix], command)
    check_command(argv, "a test")
    done = subprocess.run([sys.executable, *argv[1:]], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [*prefix, *command]


def test_without_anything_before_it_a_command_stays_as_it_is() -> None:
    assert packed([], ["python", "-m", "skylift.runtime"]) == ["python", "-m", "skylift.runtime"]
