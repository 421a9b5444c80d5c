from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_testkit.emulator.command_line import bucket, parser

SERVES = """
from contextlib import contextmanager
from skylift_testkit.emulator.command_line import serve

class Emulator:
    def __enter__(self):
        print("entered")
        return self

    def __exit__(self, *_):
        print("ended")

    @contextmanager
    def in_real_time(self):
        print("in real time")
        yield
        print("not any more")

serve(Emulator(), lambda: {"ENDPOINT": "http://here", "REGION": "r"})
"""


def test_it_says_where_it_is_and_serves_until_it_is_interrupted() -> None:
    with subprocess.Popen([sys.executable, "-c", SERVES], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = [process.stdout.readline() for _ in range(5)]
            assert told == [
                "entered\n",
                "in real time\n",
                "export ENDPOINT=http://here\n",
                "export REGION=r\n",
                "\n",
            ]
            process.send_signal(signal.SIGINT)
            assert (process.stdout.read(), process.wait(20)) == ("not any more\nended\n", 0)
        finally:
            process.kill()  # what failed would otherwise be waited for, and outlive its test


def test_help_says_what_is_served_what_is_written_and_how_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser("some.emulator", "Serve a cloud.").parse_args(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert told.startswith(
        "usage: python -m some.emulator [-h] Serve a cloud. Everything is on this machine's "
    )
    assert "(export NAME=VALUE)" in told
    assert "until it is interrupted: Ctrl-C, or SIGTERM." in told


@pytest.mark.parametrize(
    "word", ["ab", "a" * 64, "Mine", "-mine", "mine.", "my_own", "my..own", "--help", "m/n", "mine\n"]
)
def test_what_is_no_bucket_is_refused_with_the_rule(word: str) -> None:
    rule = "3 to 63 lower-case letters, digits and - . that begin and end with a letter or a digit, "
    sentence = f"{word!r} is no name of a bucket: {rule}and no two dots in a row"
    with pytest.raises(argparse.ArgumentTypeError, match=f"^{re.escape(sentence)}$"):
        bucket("-.")(word)


ENDS = st.sampled_from("abz09")


@given(ENDS, st.text("abz09-._", min_size=1, max_size=61), ENDS)
def test_a_name_is_taken_as_it_is(first: str, middle: str, last: str) -> None:
    name = first + middle.replace("..", "--") + last
    assert bucket("-_.")(name) == name
