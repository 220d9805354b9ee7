"""FIWARE UltraLight 2.0: <api key>/<device>/attrs, `t|15|k|abc`, groups of measures by `#`; attrs/<name>, one bare value.

Address: the device of the topic; key: the short name. A group may begin with its time. The API key in the topic is a
credential: declare it as `{secret}` in the route. Commands and their results, and configuration, are no measurements.

fiware-iotagent-ul.readthedocs.io, user manual.
"""

from collections.abc import Iterator

from ingest.formats import numbers, stamps
from ingest.formats.redaction import personal, word
from ingest.formats.report import Decoded, Report, Sent
from ingest.model import PayloadError, Reason


def decode(sent: Sent) -> Decoded:
    """What an UltraLight message says."""
    levels = sent.topic.split("/")
    if "attrs" not in levels[1:]:
        if levels[-1] in {"cmd", "cmdexe", "configuration", "commands", "values"}:
            return Decoded()
        raise PayloadError(Reason.UNKNOWN_TOPIC, "expected <api key>/<device>/attrs")
    place = len(levels) - 1 - levels[::-1].index("attrs")
    address = levels[place - 1]
    try:
        text = sent.payload.decode().strip()
    except UnicodeDecodeError as error:
        raise PayloadError(Reason.BAD_ENCODING, f"not UTF-8 at byte {error.start}") from error
    if place < len(levels) - 1:
        return Decoded(reports=[Report(address, None, {"/".join(levels[place + 1 :]): _value(text)})])
    decoded = Decoded()
    for position, group in enumerate(text.split("#")):
        fields = group.strip().split("|")
        time = stamps.from_text(fields[0]) if len(fields) % 2 and fields[0] else None
        if len(fields) % 2 and time is None:
            if not decoded.problems:
                decoded.problems.append((Reason.BAD_SHAPE, f"group {position + 1}: expected key|value pairs"))
            continue
        pairs = fields[len(fields) % 2 :]
        values = {key: _value(value) for key, value in zip(pairs[::2], pairs[1::2], strict=True) if key}
        if values:
            decoded.reports.append(Report(address, time, values))
    return decoded


def _value(text: str) -> object:
    number = numbers.number(text)
    return text if number is None else number


def redact(sent: Sent) -> bytes:
    """Numbers and words under keys that name no person."""
    groups = [group.strip().split("|") for group in sent.payload.decode("utf-8", "replace").strip().split("#")]
    return "#".join("|".join(_kept(fields)) for fields in groups).encode()


def _kept(fields: list[str]) -> Iterator[str]:
    odd = len(fields) % 2
    yield from map(word, fields[:odd])
    for key, value in zip(fields[odd::2], fields[odd + 1 :: 2], strict=True):
        if not personal(key, count=numbers.number(value) is not None):
            yield from (key, word(value))
