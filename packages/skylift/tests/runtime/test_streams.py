from __future__ import annotations

import contextvars
import io
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from skylift.runtime.known_secrets import known
from skylift.runtime.logs import LogSink
from skylift.runtime.streams import Tee, captured, current_sink, gathered, teed, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class Heard(LogSink):
    """A sink whose output can be looked at."""

    def __init__(self) -> None:
        super().__init__(lambda _, data: self.stored.append(data))
        self.stored: list[bytes] = []

    @property
    def text(self) -> str:
        self.settle()
        return b"".join(self.stored).decode()


@contextmanager
def listening() -> Generator[Heard]:
    sink = Heard()
    with captured(sink):
        yield sink


def root_handler(stream: Any) -> Callable[[], None]:
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    return lambda: logging.getLogger().removeHandler(handler)


def test_print_is_in_the_log_and_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with teed(), listening() as sink:
        print("one")
        sys.stderr.write("two\n")
        sys.stdout.writelines(["three", "\n"])
        heard = sink.text

    assert heard == "one\ntwo\nthree\n"
    assert capsys.readouterr() == ("one\nthree\n", "two\n")


def test_outside_a_step_nothing_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with teed():
        print("before")
        with listening() as sink:
            pass
        print("after")

    assert sink.stored == []
    assert capsys.readouterr().out == "before\nafter\n"


def test_the_streams_are_put_back() -> None:
    before = sys.stdout, sys.stderr
    during: list[object] = []

    def run() -> None:
        with teed():
            during.append(sys.stdout)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()

    assert isinstance(during[0], Tee)
    assert (sys.stdout, sys.stderr) == before


def test_what_is_asked_of_a_tee_is_asked_of_its_stream() -> None:
    with teed():
        assert sys.stdout.encoding == sys.__stdout__.encoding if sys.__stdout__ else True
        assert not sys.stdout.isatty()
        sys.stdout.flush()


def test_a_run_within_a_run_is_not_heard_twice() -> None:
    with teed(), teed(), listening() as sink:
        print("once")
        heard = sink.text

    assert heard == "once\n"


@pytest.mark.parametrize("name", ["", "a.library.of.its.own"])
def test_loggers_that_were_set_up_before_are_heard(name: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    stream = handler.stream
    try:
        with teed(), listening() as sink:
            logger.warning("from a logger")
            heard = sink.text
    finally:
        logger.removeHandler(handler)

    assert heard == "from a logger\n"
    assert handler.stream is stream


def test_loggers_that_a_step_sets_up_are_heard_in_the_next_run_too() -> None:
    heard: list[str] = []
    remove: Callable[[], None] = lambda: None  # noqa: E731
    for number in range(2):
        with teed(), listening() as sink:
            if number == 0:
                remove = root_handler(sys.stderr)
            logging.getLogger().warning("run %d", number)
            heard.append(sink.text)
    remove()

    assert heard == ["run 0\n", "run 1\n"]


def test_a_handler_to_elsewhere_is_left_alone(tmp_path: Any) -> None:
    with (tmp_path / "log").open("w") as file:
        remove = root_handler(file)
        with teed(), listening() as sink:
            logging.getLogger().warning("to a file")
            heard = sink.text
        remove()

    assert heard == ""


def test_text_that_is_no_utf8_is_spelled() -> None:
    with listening() as sink:
        Tee(sys.stderr).write("caf\udce9\n")
        heard = sink.text

    assert heard == "caf\\udce9\n"


def test_a_thread_of_the_step_belongs_to_it() -> None:
    with teed(), listening() as sink:
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start()
        thread.join()
        heard = sink.text

    assert heard == "from a thread\n"


def test_steps_at_once_keep_their_logs_apart() -> None:
    """Each in a copied context, as threads and tasks of a program may run them."""
    met = threading.Barrier(3)
    heard: dict[int, str] = {}

    def run(number: int) -> None:
        with listening() as sink:
            met.wait(20)
            print(f"step {number}")
            inner = contextvars.copy_context()
            thread = threading.Thread(target=inner.run, args=(print, f"thread of {number}"))
            thread.start()
            thread.join()
            met.wait(20)
            heard[number] = sink.text

    with teed():
        threads = [
            threading.Thread(target=contextvars.copy_context().run, args=(run, number)) for number in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert heard == {number: f"step {number}\nthread of {number}\n" for number in range(3)}


def test_what_threads_of_steps_at_once_print_goes_to_the_step_that_started_them() -> None:
    meet, heard = threading.Barrier(2, timeout=10), dict[str, Heard]()

    def says(name: str) -> None:
        print(f"thread of {name}")
        within = threading.Thread(target=print, args=[f"its own of {name}"])
        within.start()
        within.join()

    def works(name: str) -> None:
        with listening() as sink:
            heard[name] = sink
            meet.wait()
            with ThreadPoolExecutor(1) as pool:
                pool.submit(says, name).result()
            meet.wait()

    with teed():
        steps = [threading.Thread(target=works, args=[name]) for name in "ab"]
        for each in steps:
            each.start()
        for each in steps:
            each.join()

    assert {name: sink.text for name, sink in heard.items()} == {
        name: f"thread of {name}\nits own of {name}\n" for name in "ab"
    }


def test_a_thread_that_outlives_its_step_is_in_no_log_of_another() -> None:
    ended, told = threading.Event(), threading.Event()

    def says() -> None:
        ended.wait(10)
        print("late")
        told.set()

    with teed():
        with listening() as first:
            threading.Thread(target=says).start()
        with listening() as one, ExitStack() as stack:
            two = stack.enter_context(listening())
            ended.set()
            assert told.wait(10)
    assert first.text + one.text + two.text == ""


def test_threads_start_as_before_when_it_is_over() -> None:
    before = threading.Thread.start
    with teed():
        pass
    assert threading.Thread.start is before


def test_a_thread_that_belongs_to_no_step_is_not_given_to_one_of_several() -> None:
    seen: list[LogSink | None] = []
    with listening(), listening():
        thread = threading.Thread(target=lambda: seen.append(current_sink()))
        thread.start()
        thread.join()

    assert seen == [None]


def test_without_streams_there_is_nothing_to_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under a Windows GUI, where there are none."""
    monkeypatch.setattr(sys, "stdout", None)
    with wrapped(Tee):
        assert sys.stdout is None


def test_what_is_gathered_reaches_the_sink_at_the_end() -> None:
    late = ["late"]

    def gather() -> None:
        if late and (sink := current_sink()):
            sink.write(late.pop().encode())

    with gathered(gather), listening() as sink:
        pass

    assert sink.stored == [b"late"]


def test_a_step_does_not_notice_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Gone())
    with teed():
        with listening() as sink:
            print("heard", flush=True)
            heard = sink.text
        with pytest.raises(BrokenPipeError):
            print("of no step")
    assert heard == "heard\n"


def test_bytes_go_the_same_way_as_text(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 -- a descriptor
    monkeypatch.setattr(sys, "stdout", stream)
    with stream, known(["hunter2é"]), teed(), listening() as sink:
        print("text")
        assert sys.stdout.buffer.write("it is hunter2é!\n".encode()) == 17
        for byte in "hunter2é\n".encode():
            sys.stdout.buffer.write(bytes([byte]))
        sys.stdout.write("hunt")
        sys.stdout.buffer.writelines([memoryview(b"er2"), bytearray("é".encode())])
        print(" end")
        heard = sink.text

    assert heard == "text\nit is ***!\n***\n*** end\n"
    assert capfdbinary.readouterr().out == heard.encode()


def test_bytes_that_are_no_text_reach_the_terminal_as_they_are() -> None:
    inner = io.BytesIO()
    data = bytes(range(256)) + "é".encode()[:1]
    with listening() as sink:
        tee = Tee(io.TextIOWrapper(inner, encoding="ascii"))
        tee.buffer.write(data)
        tee.end()
        heard = sink.text

    assert inner.getvalue() == data
    assert heard == data.decode("utf-8", "backslashreplace")


def test_a_stream_without_a_buffer_has_none() -> None:
    assert not hasattr(Tee(io.StringIO()), "buffer")
