"""`python -m skylift.runtime step --snapshot DIGEST --step ID [--store URI] [--set NAME=VALUE]…`.

argparse rather than click: this starts once for every step of every run.
"""

from __future__ import annotations

import argparse
import sys

from skylift_contract.errors import SkyliftError


def main(argv: list[str] | None = None) -> int:
    """Run one step; the exit code is the step's."""
    options = _parser().parse_args(argv)
    # A script that reads its arguments when it is imported finds none of ours.
    del sys.argv[1:]
    try:
        return _step(options)
    except SkyliftError as error:
        sys.stderr.write(f"skylift: {error}\n")
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m skylift.runtime")
    commands = parser.add_subparsers(required=True)
    step = commands.add_parser("step", help="run one step of a run")
    step.add_argument("--store", help="URI of the artifact store; by default from the environment")
    step.add_argument("--snapshot", required=True, help="digest of the snapshot")
    step.add_argument("--step", required=True, help="invocation id")
    step.add_argument("--attempt", type=int, help="the backend's own count of attempts, from 1")
    step.add_argument("--set", action="append", default=[], type=_pair, metavar="NAME=VALUE")
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _step(options: argparse.Namespace) -> int:
    from skylift.runtime.interrupts import StopRequested, stop_on_sigterm, stop_when_orphaned
    from skylift.runtime.logs import teed
    from skylift.runtime.opening import code_on_path, join_run, open_ledger
    from skylift.runtime.step import EXIT_STOPPED, exit_code, run_step

    stop_on_sigterm()
    stop_when_orphaned()
    try:
        ledger = open_ledger(options.store)
        snapshot = ledger.snapshot(options.snapshot)
        with code_on_path(ledger, snapshot.code), teed():
            run = join_run(ledger, snapshot, dict(options.set))
            return exit_code(run_step(run, snapshot.step(options.step), options.attempt))
    except (StopRequested, KeyboardInterrupt):
        return EXIT_STOPPED


if __name__ == "__main__":
    sys.exit(main())
