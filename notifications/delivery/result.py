"""How an attempt ended, as plain facts without secrets: what is recorded, and what the journal keeps until then."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Self

from notifications.backends.base import BackendError, Fault, RecipientResult, Reply, Results, Stage
from notifications.backends.trace import Trace, printable


@dataclass(frozen=True)
class Failure:
    """Why an email was not handed over whole. `timed_out`: the server got all of it and did not reply in time."""

    fault: Fault
    reply: Reply
    stage: Stage | None = None
    timed_out: bool = False


@dataclass(frozen=True)
class SendResult:
    """`failure` is None when the server replied for every recipient. All texts are masked and printable."""

    results: Results
    failure: Failure | None = None
    transcript: str = ""

    @classmethod
    def of(cls, results: Results, error: BackendError | None, trace: Trace) -> Self:
        """Mask and clean what the server wrote, once and before anything of it is kept."""

        def clean(reply: Reply) -> Reply:
            return replace(reply, text=printable(trace.mask(reply.text)), reference=printable(reply.reference))

        cleaned = {to: replace(result, reply=clean(result.reply)) for to, result in results.items()}
        failure = None
        if error is not None:
            failure = Failure(error.fault, clean(error.reply), error.stage, error.timed_out)
        return cls(cleaned, failure, str(trace))

    def as_json(self) -> dict[str, Any]:
        """For one line of the journal; `from_json` is its inverse."""
        return {
            "results": {
                to: {"reply": reply_as_json(result.reply), "fault": result.fault, "stage": result.stage}
                for to, result in self.results.items()
            },
            "failure": self.failure and {**asdict(self.failure), "reply": reply_as_json(self.failure.reply)},
            "transcript": self.transcript,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError for what `as_json` did not write."""
        failure = values["failure"]
        return cls(
            {
                to: RecipientResult(
                    reply_from_json(each["reply"]), optional(Fault, each["fault"]), optional(Stage, each["stage"])
                )
                for to, each in values["results"].items()
            },
            failure
            and Failure(
                Fault(failure["fault"]),
                reply_from_json(failure["reply"]),
                optional(Stage, failure["stage"]),
                bool(failure["timed_out"]),
            ),
            values["transcript"],
        )


def reply_as_json(reply: Reply) -> dict[str, Any]:
    seconds = reply.retry_after.total_seconds() if reply.retry_after is not None else None
    return {**asdict(reply), "retry_after": seconds}


def reply_from_json(values: Mapping[str, Any]) -> Reply:
    seconds = values["retry_after"]
    return Reply(**{**values, "retry_after": None if seconds is None else timedelta(seconds=seconds)})


def optional(kind: Any, value: str | None) -> Any:
    return None if value is None else kind(value)
