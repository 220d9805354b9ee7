"""The reference of mapping keys in docs/replay.md, made from their declarations."""

from simulators.replay.keys import reference
from simulators.replay.mapping import ReplayMapping

BEGIN, END = "<!-- keys: made by simulators/replay/reference.py -->", "<!-- end of keys -->"


def markdown() -> str:
    """The table of all keys, one row per key, between its two marks."""
    rows = [
        f"| `{name}` | {meaning} | {_code(default)} | `{_cell(example)}` |"
        for name, default, example, meaning in reference(ReplayMapping)
    ]
    head = ["| key | meaning | default | example |", "|---|---|---|---|"]
    return "\n".join([BEGIN, *head, *(row.replace("\n", " ") for row in rows), END])


def renew(document: str) -> str:
    """The document with the table made anew."""
    before, rest = document.split(BEGIN)
    return before + markdown() + rest.split(END)[1]


def _code(default: str) -> str:
    return default if default in ("required", "none", "as below") else f"`{_cell(default)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
