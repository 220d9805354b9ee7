"""Which message a number stands for: a format, an example of it, and what is done to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import orjson

from ingest.formats import FORMATS
from ingest.formats.report import Sent
from tests.fuzz.grammar import LANGUAGES, Vocabulary, json_document
from tests.fuzz.hostile import changed, cut, dumped

CASES = Path(__file__).parents[1] / "ingest" / "formats" / "cases"
#: Levels that are put into topics.
_LEVELS = (
    "",
    " ",
    "+",
    "$",
    "up",
    "event",
    "status",
    "x" * 300,
    "é",
    "\x00",
    "..",
    "0",
    "telemetry",
    "post",
    "DDATA",
    "NBIRTH",
)
#: What makes a careless expression, or a parser with a stack, take for ever when it comes thousands of times.
_PIECES = (
    b"<EventNotificationAlert ", b"<EventNotificationAlert></EventNotificationAlert", b"<a>", b"Code=a;action=b;index=0;data={",
    b"{", b"}", b"[", b'{"a":', b"a=1\n", b"a|1|", b"|", b"#", b"/", b"--", b"1", b" ", b"\n", b'"', b"\\u0000", b"\x0a\x02", b"\x9f", b"\x81", b"+1.",
)  # fmt: skip
_FLOOD = 200_000
#: Payloads that are of no format.
_ODD = (
    b"", b" ", b"\n", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xd8\xff\xe0", b"\x00" * 64, b"-", b"nan",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What is known of a format from its golden examples."""

    format: str
    examples: Sequence[Sent]
    #: those in JSON, parsed
    documents: Sequence[object]
    vocabulary: Vocabulary


class Maker:
    """Makes the message of a number; knows nothing but the seed and the golden folders."""

    def __init__(self, seed: int, formats: Sequence[str] = ()) -> None:
        self.seed = seed
        self.languages = [_language(name) for name in sorted(formats or FORMATS)]

    def message(self, number: int) -> tuple[str, Sent]:
        """Format and message of a number; neighbours in number share the format."""
        rng = Random(f"{self.seed}/{number}")
        language = self.languages[number // 50 % len(self.languages)]
        example = rng.choice(language.examples)
        topic = example.topic if rng.random() < 0.8 else _topic(rng, example.topic)
        return language.format, Sent(topic, _payload(rng, language, example), rng.random() < 0.05)


def _payload(rng: Random, language: Language, example: Sent) -> bytes:
    kind = rng.random()
    keys, words = language.vocabulary
    if kind < 0.3 and language.documents:
        document = rng.choice(language.documents)
        for _ in range(rng.choice((1, 1, 2, 3, 6))):
            document = changed(rng, document, keys, words)
        return dumped(document)
    if kind < 0.5:
        return cut(rng, example.payload, rng.choice(language.examples).payload)
    if kind < 0.52:
        return rng.choice(_ODD)
    if kind < 0.522:
        piece = example.payload if rng.random() < 0.3 else rng.choice(_PIECES)
        at = rng.randrange(len(example.payload) + 1)
        return (example.payload[:at] + (piece or b"x") * (_FLOOD // max(len(piece), 1)))[:_FLOOD]
    further = LANGUAGES.get(language.format, ())
    make = rng.choice((json_document, json_document, *further))
    return make(rng, language.vocabulary)


def _topic(rng: Random, topic: str) -> str:
    levels = topic.split("/")
    place = rng.randrange(len(levels))
    match rng.randrange(4):
        case 0:
            del levels[place]
        case 1:
            levels.insert(place, rng.choice(_LEVELS))
        case 2:
            levels[place] = rng.choice(_LEVELS)
        case _:
            levels = levels[: place + 1]
    return "/".join(levels)


def _language(name: str) -> Language:
    examples, documents = [], []
    keys: set[str] = set()
    words: dict[str, object] = {}
    for folder in sorted((CASES / name).iterdir()):
        coded = folder / "payload.hex"
        payload = bytes.fromhex(coded.read_text()) if coded.exists() else (folder / "payload").read_bytes()
        examples.append(Sent((folder / "topic").read_text().rstrip("\n"), payload))
        try:
            document = orjson.loads(payload)
        except orjson.JSONDecodeError:
            text = payload.decode("utf-8", "replace")
            tokens = text.replace("<", " ").replace(">", " ").replace("=", " ").replace("|", " ").split()
            keys.update(token.strip("/") for token in tokens if token.strip("/").isidentifier())
            words.update((token, token) for token in tokens[:200])
            continue
        documents.append(document)
        _learn(document, keys, words)
    return Language(
        format=name, examples=examples, documents=documents, vocabulary=(sorted(keys), [words[word] for word in sorted(words)])
    )  # fmt: skip


def _learn(document: object, keys: set[str], words: dict[str, object]) -> None:
    if isinstance(document, dict):
        keys.update(document)
        for value in document.values():
            _learn(value, keys, words)
    elif isinstance(document, list):
        for value in document:
            _learn(value, keys, words)
    else:
        words[repr(document)] = document
