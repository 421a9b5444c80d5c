"""What runs in a container: `step` runs one step of a run, `orchestrate` a dynamic run.

`python -m skylift.runtime step --snapshot DIGEST --step ID [--store URI] [--set NAME=VALUE]…`

argparse rather than click: this starts once for every step of every run.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from skylift_contract.errors import SkyliftError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def main(argv: list[str] | None = None) -> int:
    """Run one step, or a dynamic run; the exit code is the step's, or says how the run ended."""
    options = _parser().parse_args(_in_one_word(sys.argv[1:] if argv is None else argv))
    # A script that reads its arguments when it is imported finds none of ours.
    del sys.argv[1:]
    try:
        return options.run_it(options)
    except SkyliftError as error:
        sys.stderr.write(f"skylift: {error}\n")
        return error.exit_code


def _in_one_word(argv: list[str]) -> list[str]:
    """`--step=NAME` for `--step NAME`: a name that begins with a dash would be taken for an option."""
    words = iter(argv)
    return [f"{word}={next(words, '')}" if word == "--step" else word for word in words]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m skylift.runtime")
    commands = parser.add_subparsers(required=True)
    step = commands.add_parser("step", help="run one step of a run")
    step.add_argument("--step", required=True, help="invocation id")
    step.add_argument("--attempt", type=int, help="the backend's own count of attempts, from 1")
    step.add_argument("--run", help="of a dynamic run: its id")
    step.set_defaults(run_it=_step)
    orchestrate = commands.add_parser("orchestrate", help="run the function of a dynamic pipeline")
    orchestrate.set_defaults(run_it=_orchestrate)
    for command in (step, orchestrate):
        command.add_argument("--store", help="URI of the artifact store; by default from the environment")
        command.add_argument("--snapshot", required=True, help="digest of the snapshot")
        command.add_argument("--set", action="append", default=[], type=_pair, metavar="NAME=VALUE")
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _step(options: argparse.Namespace) -> int:
    from skylift.runtime.interrupts import STOPPED_EXIT, StopRequested, held_back, interruptible
    from skylift.runtime.opening import called_step, code_on_path, join_run, open_ledger
    from skylift.runtime.orphans import stop_when_orphaned
    from skylift.runtime.signals import stop_on_signals
    from skylift.runtime.step import exit_code, run_step

    stop_on_signals()
    try:
        with held_back(), _capture():
            stop_when_orphaned()
            ledger = open_ledger(options.store)
            snapshot = ledger.snapshot(options.snapshot)
            with code_on_path(ledger, snapshot.code):
                with interruptible():
                    if options.run:
                        run, step = called_step(ledger, snapshot, options.run, options.step)
                    else:
                        step = snapshot.step(options.step)
                        run = join_run(ledger, snapshot, dict(options.set), step.spec.invocation_id)
                return exit_code(run_step(run, step, options.attempt))
    except (StopRequested, KeyboardInterrupt):
        return STOPPED_EXIT


def _orchestrate(options: argparse.Namespace) -> int:
    from skylift.dynamic.environment import orchestrated
    from skylift.runtime.interrupts import STOPPED_EXIT, StopRequested, held_back
    from skylift.runtime.opening import code_on_path, join_run, open_ledger
    from skylift.runtime.signals import stop_on_signals

    stop_on_signals()
    try:
        with held_back():
            ledger = open_ledger(options.store)
            snapshot = ledger.snapshot(options.snapshot)
            with code_on_path(ledger, snapshot.code):
                return orchestrated(join_run(ledger, snapshot, dict(options.set), ""))
    except (StopRequested, KeyboardInterrupt):
        return STOPPED_EXIT


def _capture() -> AbstractContextManager[None]:
    """Everything the process writes where the system can fork; else what Python's streams are given."""
    from skylift.runtime.streams import teed

    if not hasattr(os, "fork"):
        return teed()
    from skylift.runtime.descriptors import captured_descriptors

    return captured_descriptors()


if __name__ == "__main__":
    sys.exit(main())
