"""`district decode`: what the platform makes of a message, without broker and database."""

import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import orjson
import typer

from district.cli.profile import named_profile, own_profiles
from ingest import quantities
from ingest.formats import FORMATS, stamps
from ingest.formats.report import Happening, Report, Sent, Time
from ingest.guess import guess
from ingest.model import Flag, Origin, PayloadError, Reason
from ingest.profile import Compiled, Profiles, Run, explain, unacceptable
from ingest.times import to_datetime


def decode(
    file: Annotated[
        str, typer.Argument(help="File with one payload, or '-'; with --capture: lines of `mosquitto_sub -F %j`.")
    ],
    format: Annotated[str | None, typer.Option("--format", help=f"One of {', '.join(sorted(FORMATS))}.")] = None,
    profile_id: Annotated[str | None, typer.Option("--profile", help="Device profile: an id, or a file.")] = None,
    topic: Annotated[str, typer.Option(help="Topic of the message.")] = "",
    zone: Annotated[str, typer.Option(help="Zone of times without one.")] = "UTC",
    capture: Annotated[bool, typer.Option("--capture", help="The file holds one JSON object per message.")] = False,
) -> None:
    """Print the readings of each message as JSON, a line per message.

    Without --profile, and where the format has none of its own, the profile is guessed from the keys, and the answer says
    so. A collector never guesses.
    """
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    messages = _captured(data) if capture else iter([(Sent(topic, data), None)])
    profiles = own_profiles()
    conversation = _Conversation(zone=zone, profile=named_profile(profile_id, profiles), profiles=profiles)
    for sent, named in messages:
        name = named or format
        if name is None or name not in FORMATS:
            detail = f"no format {name!r}; known: {', '.join(sorted(FORMATS))}"
            outcome = _outcome([], [], (Reason.UNKNOWN_TOPIC, detail))
        else:
            outcome = conversation.outcome(name, sent)
        sys.stdout.write(orjson.dumps(outcome).decode() + "\n")


def _captured(data: bytes) -> Iterator[tuple[Sent, str | None]]:
    for line in data.splitlines():
        if not line.strip():
            continue
        entry = orjson.loads(line)
        if "payload_hex" in entry:
            payload = bytes.fromhex(entry["payload_hex"])
        else:
            body = entry.get("payload", "")
            payload = body.encode() if isinstance(body, str) else orjson.dumps(body)
        yield Sent(str(entry.get("topic", "")), payload, bool(entry.get("retain"))), entry.get("format")


@dataclass(slots=True, kw_only=True)
class _Conversation:
    """Messages in their order: a format may need what an earlier one said."""

    zone: str
    #: None: that of the format, else the likeliest
    profile: Compiled | None
    profiles: Profiles
    memory: dict[tuple[str, str], object | None] = field(default_factory=dict)

    def outcome(self, name: str, sent: Sent) -> Mapping[str, object]:
        """What becomes of one message."""
        try:
            decoded = FORMATS[name].decode(sent._replace(recall=lambda key: self.memory.get((name, key))))
        except PayloadError as error:
            return _outcome([], [], (error.reason, error.detail))
        self.memory.update({(name, key): value for key, value in decoded.remember.items()})
        told = _Told(name, sent.topic or "(route)", self.zone, list(decoded.problems))
        for report in decoded.reports:
            if (meanings := self._profile(name, report, told)) is not None:
                told.report(report, meanings)
        for entry in decoded.direct:
            value = entry.quantity, entry.channel, entry.value
            told.run(entry.address, Run(entry.time, entry.span_us, entry.flags, [value]))
        for event in decoded.events:
            told.event(event)
        answer = _outcome(told.readings, told.events, told.problems[0] if told.problems else None)
        return {**answer, "guessed_profile": told.guessed} if told.guessed else answer

    def _profile(self, name: str, report: Report, told: "_Told") -> Compiled | None:
        if self.profile is not None:
            return self.profile
        default = FORMATS[name].profile
        if default is not None and default in self.profiles:
            return self.profiles[default]
        likely = guess(name, report.values, self.profiles)
        if likely is None:
            if report.values:
                told.problems.append(
                    (Reason.UNKNOWN_QUANTITY, "no profile: name one with --profile, or write one (docs/profiles.md)")
                )
            return None
        told.guessed = likely
        return self.profiles[likely]


@dataclass(slots=True)
class _Told:
    """What one message says, as it is printed."""

    format: str
    nameless: str  #: stands for a device that only the route names
    zone: str
    problems: list[tuple[Reason, str]]
    readings: list[Mapping[str, object]] = field(default_factory=list)
    events: list[Mapping[str, object]] = field(default_factory=list)
    guessed: str | None = None

    def report(self, report: Report, meanings: Compiled) -> None:
        """Values under the maker's keys."""
        explained = explain(report, meanings)
        self.problems += explained.problems
        for run in explained.runs:
            self.run(report.address, run, explained.coded)
        for bare in explained.undeclared:
            # Shown as it was sent, so that a person can tell its unit; the collector keeps the message in quarantine.
            line = self._line(report.address, bare.quantity, bare.channel, bare.value, bare.time)
            self.readings.append({**line, "unit": ""})
        for event in explained.events:
            self.event(event)

    def run(self, device: str, run: Run, coded: Collection[tuple[str, str]] = ()) -> None:
        """Values of one device at one time; a state that was sent as a number is shown as one."""
        for name, channel, value in run.values:
            problem = unacceptable(name, value)
            if problem is not None:
                self.problems.append(problem)
                continue
            line = self._line(device, name, channel, value, run.time)
            if (name, channel) in coded:
                line["value"] = int(value)
            if run.span_us:
                line["span_s"] = run.span_us / 1_000_000
            if run.flags:
                line["flags"] = _words(run.flags)
            self.readings.append(line)

    def event(self, event: Happening) -> None:
        """Something that happened."""
        self.events.append(
            {"device": event.address or self.nameless, "type": event.type, "time": self._time(event.time),
             "key": event.key, "refers_to": event.refers_to, "severity": event.severity, "amount": event.amount,
             "attributes": dict(event.attributes)}
        )  # fmt: skip

    def _line(self, device: str, name: str, channel: str, value: float, time: Time) -> dict[str, object]:
        quantity = quantities.load()[name]
        return {
            "device": device or self.nameless, "quantity": f"{name}{quantity.join}{channel}" if channel else name,
            "value": quantity.codes[int(value)] if quantity.codes else value, "unit": quantity.unit,
            "kind": quantity.kind.value, "time": self._time(time),
        }  # fmt: skip

    def _time(self, time: Time) -> str | None:
        at = stamps.resolve(time, self.zone)
        return None if at is None else to_datetime(at).isoformat()


def _words(flags: int) -> list[str]:
    origin = [list(Origin)[flags & Flag.ORIGIN].value] if flags & Flag.ORIGIN else []
    return origin + [flag.name.lower() for flag in Flag if flag.name and flag & ~Flag.ORIGIN and flags & flag]


def _outcome(
    readings: list[Mapping[str, object]], events: list[Mapping[str, object]], problem: tuple[Reason, str] | None
) -> Mapping[str, object]:
    error = None if problem is None else {"reason": problem[0].value, "detail": problem[1]}
    return {"readings": readings, "events": events, "error": error}
