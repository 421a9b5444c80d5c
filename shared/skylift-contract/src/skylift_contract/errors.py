"""Every error that Skylift raises on purpose.

    SkyliftError
    ├── ConfigurationError          what a person wrote: options, settings, names, schedules
    │   ├── UnknownName             a name that stands for nothing; says the nearest
    │   ├── AuthoringError          a pipeline or step that cannot be, as it is written
    │   └── Refused                 several reasons why a flavor cannot run a pipeline, at once (`refusals`)
    ├── DiscoveryError              plugins: finding, choosing and importing them
    │   ├── FlavorNotFound
    │   ├── FlavorConflict
    │   ├── FlavorBroken
    │   └── ContractMismatch
    ├── UnsupportedCapability       the flavor declares that it has not, or cannot
    ├── LimitExceeded               a vendor's or our limit, with value and limit
    ├── CompilationError            a snapshot or document that cannot be made
    ├── ReplayDiverged              a dynamic pipeline calls other steps than in the run it resumes
    ├── RunIdError                  a step cannot tell which run it belongs to
    ├── BackendError                the backend said no
    │   ├── AuthenticationError
    │   ├── PermissionDenied
    │   ├── QuotaExceeded
    │   ├── NotFound
    │   └── Transient               worth another try
    ├── StoreError                  the object store, or what lies in it
    │   ├── StoreUnavailable        missing, unreachable, or it refuses us
    │   ├── RecordTooNew            written by a newer Skylift
    │   └── DamagedObject           bytes are missing or are not what was written
    ├── MaterializationError        a value cannot be stored or loaded
    ├── StepFailed                  a step's own code failed
    ├── RunFailed                   a run ended without success
    ├── RunGoesOn                   it could not be waited for to its end
    └── RunStopped                  somebody asked it to stop

Each carries its parts as fields and builds one sentence from them: who, what, value,
limit, and then the fix.

`exit_code`: 2 of what was refused, for it cannot be as it was asked for, and nothing was made; 1
of what was tried and failed, or could not be asked, such as a backend that does not answer. So
whoever has a script try again does that at 1, and not at 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LISTED: Final = 20

LONGEST_SHOWN: Final = 200
"""Characters of a value's `repr` in a sentence; a longer one is cut in the middle."""

_NOBODYS: Final = frozenset({"IPython", "skylift", "skylift_contract"})
"""Packages between a cell and what is wrong in it."""


class SkyliftError(Exception):
    """The root of the tree.

    Args:
        what: What is wrong, as a clause without a full stop.
        who: What it is about: `step 'train'`, `ResourceSettings.memory`.
        value: What was found; shown with `repr`, as far as there is room.
        limit: What would have been accepted.
        fix: What to do about it, as a sentence.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, what: str, *, who: str = "", value: object = None, limit: object = None, fix: str = ""
    ) -> None:
        self.what, self.who, self.value, self.limit, self.fix = what, who, value, limit, fix
        super().__init__(self.sentence())

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled by its fields: a subclass's own parts are not what `Exception` was given."""
        return _restored, (type(self), self.args, self.__dict__)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the caller's lines and the sentence, for the way between is ours."""
        import traceback

        frames = (
            (frame, line)
            for frame, line in traceback.walk_tb(self.__traceback__)
            if frame.f_globals.get("__name__", "").partition(".")[0] not in _NOBODYS
        )
        lines = traceback.StackSummary.extract(frames).format()
        return [*(line.rstrip() for line in lines), f"{type(self).__name__}: {self}"]

    def sentence(self) -> str:
        """The whole message, in one line unless a part brings its own line breaks."""
        found = "" if self.value is None else f"got {_shown(self.value)}"
        bound = "" if self.limit is None else f"limit: {self.limit}"
        details = ", ".join(part for part in (found, bound) if part)
        clause = f"{self.who}: {self.what}" if self.who else self.what
        clause = f"{clause} ({details})" if details else clause
        clause = clause if clause.endswith((".", "?", "!")) else f"{clause}."
        return f"{clause} {self.fix}" if self.fix else clause


def _shown(value: object) -> str:
    """Its first and last characters, for these tell values apart; the field has it whole."""
    text = repr(value)
    if len(text) <= LONGEST_SHOWN:
        return text
    half = LONGEST_SHOWN // 2
    return f"{text[:half]}…{text[1 - half :]}"


def _restored(
    kind: type[SkyliftError], arguments: tuple[object, ...], fields: dict[str, object]
) -> SkyliftError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(fields)
    return error


class ConfigurationError(SkyliftError):
    exit_code = 2


class UnknownName(ConfigurationError):
    """A name that stands for nothing.

    Args:
        kind: What was looked for: `flavor`, `step`, `stack`.
        name: The name that was given.
        known: The names that would have been found.
        fix: What to do; by default the nearest known name is offered.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], *, who: str = "", fix: str = "") -> None:
        import difflib

        self.kind, self.name, self.known = kind, name, tuple(known)
        near = difflib.get_close_matches(name, self.known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {listed(self.known) or 'none'}."
        super().__init__(f"there is no {kind} named {_shown(name)}", who=who, fix=f"{hint} {fix}".strip())


def listed(names: Sequence[str]) -> str:
    """`a, b, c`; of very many the first, and how many more: a pipeline may have thousands of steps."""
    rest = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {rest} more" if rest > 0 else "")


class AuthoringError(ConfigurationError):
    pass


class DiscoveryError(SkyliftError):
    exit_code = 2


class FlavorNotFound(DiscoveryError):
    pass


class FlavorConflict(DiscoveryError):
    pass


class FlavorBroken(DiscoveryError):
    pass


class ContractMismatch(DiscoveryError):
    pass


class UnsupportedCapability(SkyliftError):
    """Something a snapshot uses and a flavor does not do; all reasons at once.

    Args:
        flavor: The flavor that was asked.
        refusals: For each capability, a sentence saying who uses it and why it is refused.
        fix: The way out.
    """

    exit_code = 2

    def __init__(self, flavor: str, refusals: Iterable[str], *, fix: str = "") -> None:
        self.flavor, self.refusals = flavor, tuple(refusals)
        reasons = "; ".join(self.refusals)
        super().__init__(f"it cannot run this pipeline: {reasons}", who=f"flavor {flavor!r}", fix=fix)


class LimitExceeded(SkyliftError):
    exit_code = 2


class CompilationError(SkyliftError):
    exit_code = 2


class ReplayDiverged(SkyliftError):
    """A dynamic pipeline's function made another call than the recorded run did at that point."""


class RunIdError(SkyliftError):
    pass


class BackendError(SkyliftError):
    """The backend refused a call.

    Args:
        what: The backend's own words.
        operation: The API call that was made: `sagemaker:StartPipelineExecution`.
        code: The backend's error code, as text.
    """

    def __init__(self, what: str, *, operation: str, code: str = "", fix: str = "") -> None:
        self.operation, self.code = operation, code
        super().__init__(f"{what} [{code}]" if code else what, who=operation, fix=fix)


class AuthenticationError(BackendError):
    pass


class PermissionDenied(BackendError):
    pass


class QuotaExceeded(BackendError):
    pass


class NotFound(BackendError):
    pass


class Transient(BackendError):
    pass


class StoreError(SkyliftError):
    pass


class StoreUnavailable(StoreError):
    pass


class RecordTooNew(StoreError):
    pass


class DamagedObject(StoreError):
    pass


class MaterializationError(SkyliftError):
    pass


class StepFailed(SkyliftError):
    """A step's own code failed; `traceback` is its text, for `--debug` and the record.

    Args:
        step: The invocation id.
        reason: The exception's class and message.
        traceback: The whole traceback as text, starting at the user's code.
    """

    def __init__(self, step: str, reason: str, *, traceback: str = "", fix: str = "") -> None:
        self.step, self.reason, self.traceback = step, reason, traceback
        super().__init__(f"failed: {reason}", who=f"step {step!r}", fix=fix)


class RunFailed(SkyliftError):
    """A run that was waited for ended without success.

    Args:
        run_id: The run.
        reason: The first cause, in the backend's or the step's words.
    """

    def __init__(self, run_id: str, reason: str, *, fix: str = "") -> None:
        self.run_id, self.reason = run_id, reason
        super().__init__(
            f"failed: {reason}", who=f"run {run_id}", fix=fix or f"See: skylift runs why {run_id}"
        )


class RunGoesOn(SkyliftError):
    """A run could not be waited for to its end; 75 is EX_TEMPFAIL of sysexits(3)."""

    exit_code = 75


class RunStopped(SkyliftError):
    """A run that was waited for was stopped; 130 is what a shell reports for Ctrl-C."""

    exit_code = 130
