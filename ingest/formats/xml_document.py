"""XML of foreign payloads as nested objects, without document types: nothing is declared, fetched or expanded."""

from xml.parsers import expat

from ingest.model import PayloadError, Reason

#: Levels of elements; no message of a device has half as many. Our choice.
DEEPEST = 64


def read(body: bytes) -> tuple[str, object]:
    """The name of the root and what is in it: a text, or children by name; of several of one name, a list.

    Namespaces and attributes are dropped.

    >>> read(b'<a:Alert xmlns:a="x"><enter>3</enter><id>1</id><id>2</id></a:Alert>')
    ('Alert', {'enter': '3', 'id': ['1', '2']})

    Raises:
        PayloadError: not well-formed, with a document type, or nested too deep.
    """
    tree = _Tree()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = tree.start, tree.end
    parser.CharacterDataHandler = tree.texts.append
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise PayloadError(Reason.BAD_SHAPE, f"not well-formed XML ({type(error).__name__})") from error
    return tree.root


def _refuse(*_: object) -> None:
    raise PayloadError(Reason.BAD_SHAPE, "XML with a document type")


class _Tree:
    """Elements as they open and close."""

    def __init__(self) -> None:
        self.open: list[tuple[str, dict[str, object]]] = []
        self.texts: list[str] = []
        self.root: tuple[str, object] = ("", "")

    def start(self, name: str, _: object) -> None:
        """An element opens."""
        if len(self.open) >= DEEPEST:
            raise PayloadError(Reason.BAD_SHAPE, f"XML of more than {DEEPEST} levels")
        self.open.append((name.rpartition(":")[2], {}))
        self.texts.clear()

    def end(self, _: str) -> None:
        """It closes: what was in it goes to the element around."""
        name, children = self.open.pop()
        value: object = children or "".join(self.texts).strip()
        self.texts.clear()
        if not self.open:
            self.root = name, value
            return
        around = self.open[-1][1]
        known = around.get(name)
        if name not in around:
            around[name] = value
        elif isinstance(known, list):
            known.append(value)
        else:
            around[name] = [known, value]
