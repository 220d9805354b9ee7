"""NGSI: entities and notifications of a context broker, NGSI-v2 and NGSI-LD, key-values, normalized or concise.

Key: the attribute, with the path inside structured values (`activePower.L1`); units as `unitCode` says. The entity's type
goes along as `type`, because models use one attribute name for different things: a profile tells them apart by `when`.
Address: the device of the entity where it names one (`refDevice`), the point of interest where the entity's own id is
made of a time, else the id; a lane follows as `/lane <n>`. Time: that of the attribute (`observedAt`, metadata
`timestamp` or `TimeInstant`), then that of the observation, then that of the modification.

ETSI GS CIM 009 (NGSI-LD), FIWARE NGSI-v2, smartdatamodels.org.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from ingest.formats import json_document, numbers, stamps
from ingest.formats.redaction import TEXT, dumped, own, personal
from ingest.formats.report import Decoded, Report, Sent, Time, flat
from ingest.formats.sensorthings import interval
from ingest.formats.unit_words import ucum
from ingest.model import PayloadError, Reason

#: Times of an observation, the better first. `dateModified` is that of the broker.
_TIMES = (
    "dateObserved", "occupancyModified", "observationDateTime", "observedAt", "TimeInstant", "dateLastValueReported",
    "timestamp", "dateModified", "modifiedAt",
)  # fmt: skip
#: Attributes that say what the entity is, where it stands and whom it belongs to: never measurements.
_DESCRIPTIVE = frozenset(
    {
        "id", "type", "@id", "@type", "@context", "name", "alternateName", "description", "location", "address",
        "areaServed", "source", "dataProvider", "owner", "image", "seeAlso", "category", "scope", "createdAt",
        "deletedAt", "dateCreated", "dateFirstUsed", "dateInstalled", "dateManufactured", "dateLastCalibration",
        "dateEnergyMeteringStarted", "dateObservedFrom", "dateObservedTo", "accessModified", "serialNumber",
        "controlledProperty", "controlledAsset", "ipAddress", "macAddress", "mcc", "mnc", "laneId", "entityVersion",
        "municipalityInfo", *_TIMES,
    }
)  # fmt: skip
#: An id that is made of a time names another entity every hour.
_DATED_ID = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:?\d{2}")
_RELATIONS = frozenset({"Relationship", "GeoProperty", "LanguageProperty", "VocabProperty", "ListRelationship"})


def decode(sent: Sent) -> Decoded:
    """What an entity, an array of them, or a notification says."""
    document = json_document.read(sent.payload)
    decoded = Decoded()
    for entity in _entities(document):
        _entity(entity, decoded)
    return decoded


def _entities(document: object) -> list[Mapping[str, object]]:
    if (
        isinstance(document, dict)
        and isinstance(document.get("data"), list)
        and ("subscriptionId" in document or document.get("type") == "Notification")
    ):
        document = document["data"]
    items = document if isinstance(document, list) else [document]
    entities: list[Mapping[str, object]] = [json_document.mapping(item, "entity") for item in items]
    for entity in entities:
        if not isinstance(entity.get("id", entity.get("@id")), str):
            raise PayloadError(Reason.BAD_SHAPE, "entity: expected an id")
    return entities


def _entity(entity: Mapping[str, object], decoded: Decoded) -> None:
    plain = {name: _value(attribute) for name, attribute in entity.items()}
    kind = _short(plain.get("type", plain.get("@type")))
    address = _address(plain)
    common, span = _observed(plain)
    #: (time, span) -> values, units
    batches: dict[Time, tuple[dict[str, object], dict[str, str]]] = {}
    for name, attribute in entity.items():
        if name in _DESCRIPTIVE or name.startswith("ref") or _is_relation(attribute):
            continue
        for one in _instances(attribute):
            time = _own_time(one)
            values, units = batches.setdefault(common if time is None else time, ({}, {}))
            key = _key(name, one)
            leaves = _device_values(key, plain) if kind == "Device" and name == "value" else flat(_value(one), key)
            values.update(leaves)
            unit = _unit(one)
            if unit is not None:
                units.update(dict.fromkeys(leaves, unit))
    for time, (values, units) in batches.items():
        if not values:
            continue
        if kind:
            values.setdefault("type", kind)
        decoded.reports.append(Report(address, time, values, units, span if time == common else None))


def _key(name: str, attribute: object) -> str:
    key = _short(name)
    dataset = attribute.get("datasetId") if isinstance(attribute, dict) else None
    return f"{key}.{_short(dataset)}" if isinstance(dataset, str) else key


def _value(attribute: object) -> object:
    """The value of an attribute in any representation."""
    if isinstance(attribute, dict):
        if "value" in attribute:
            value = attribute["value"]
            return value["@value"] if isinstance(value, dict) and "@value" in value else value
        if "object" in attribute:
            return attribute["object"]
        if "@value" in attribute:
            return attribute["@value"]
    return attribute


def _is_relation(attribute: object) -> bool:
    return isinstance(attribute, dict) and (
        str(attribute.get("type")) in _RELATIONS or attribute.get("type") == "geo:json"
    )


def _instances(attribute: object) -> list[object]:
    """The instances of an NGSI-LD attribute that has several, told apart by `datasetId`; else the attribute itself."""
    if isinstance(attribute, list) and any(
        isinstance(one, dict) and one.get("type") == "Property" for one in attribute
    ):
        return attribute
    return [attribute]


def _own_time(attribute: object) -> Time:
    if not isinstance(attribute, dict):
        return None
    if "observedAt" in attribute:
        return stamps.instant(_value(attribute["observedAt"]))
    metadata = attribute.get("metadata")
    if isinstance(metadata, dict):
        for name in ("timestamp", "TimeInstant", "observedAt", "dateObserved"):
            found = stamps.instant(_value(metadata.get(name)))
            if found is not None:
                return found
    return None


def _unit(attribute: object) -> str | None:
    if not isinstance(attribute, dict):
        return None
    metadata = attribute.get("metadata")
    inside = metadata if isinstance(metadata, dict) else {}
    code = _value(attribute.get("unitCode", inside.get("unitCode", inside.get("unit"))))
    return ucum(code) if isinstance(code, str) and code.strip() else None


def _observed(plain: Mapping[str, object]) -> tuple[Time, int | None]:
    """When the entity was observed, and the length of its interval [µs]."""
    ends = [stamps.instant(plain.get(name)) for name in ("dateObservedFrom", "dateObservedTo")]
    if ends[1] is not None:
        return interval(ends[0], ends[1])
    for name in _TIMES:
        stamp = plain.get(name)
        if isinstance(stamp, str) and "/" in stamp:
            start, _, end = stamp.partition("/")
            found = interval(stamps.from_text(start), stamps.from_text(end))
        else:
            found = stamps.instant(stamp), None
        if found[0] is not None:
            return found
    return None, None


def _address(plain: Mapping[str, object]) -> str:
    """Whose values these are. A list of devices is a group: the entity stands for it."""
    name = str(plain.get("id", plain.get("@id")))
    device, place, lane = plain.get("refDevice"), plain.get("refPointOfInterest"), plain.get("laneId")
    if isinstance(device, str) and device:
        name = device
    elif isinstance(place, str) and place and _DATED_ID.search(name):
        name = place
    return f"{name}/lane {lane}" if isinstance(lane, int | str) and not isinstance(device, str) else name


def _device_values(key: str, plain: Mapping[str, object]) -> dict[str, object]:
    """Values of a Device: `t=21.2;l=0.22`, URL-encoded, in the order of its controlled properties."""
    value = plain.get("value")
    if not isinstance(value, str):
        return flat(value, key)
    pairs = [part.partition("=") for part in unquote(value).split(";")]
    if not all(mark for _, mark, _ in pairs):
        return {key: _number(value)}
    names = plain.get("controlledProperty")
    if isinstance(names, list) and len(names) == len(pairs) and all(isinstance(name, str) for name in names):
        return {f"{key}.{name}": _number(text) for name, (_, _, text) in zip(names, pairs, strict=True)}
    return {f"{key}.{short}": _number(text) for short, _, text in pairs}


def _number(text: str) -> object:
    number = numbers.number(text)
    return text if number is None else number


def _short(name: object) -> str:
    """A name without its namespace: `https://uri.etsi.org/ngsi-ld/default-context/intensity` -> `intensity`."""
    if isinstance(name, list):
        name = name[0] if name else ""
    if not isinstance(name, str):
        return ""
    return re.split(r"[/#]", name)[-1] if name.startswith(("http://", "https://")) else name


#: Of what describes an entity, what tells which it is and when it was seen.
_NEEDED = frozenset(
    {"id", "type", "@id", "@type", "controlledProperty", "dateObservedFrom", "dateObservedTo", "laneId", *_TIMES}
)
_IDENTITY = frozenset(
    {"id", "type", "@id", "@type", "refDevice", "refPointOfInterest", "unitCode", "datasetId", "object"}
)
_PAIR = r"[A-Za-z]{1,8}(?:=|%3D)[-+0-9.]{1,20}"
_DEVICE_VALUE = re.compile(rf"{_PAIR}(?:(?:;|%3B){_PAIR})*")


def redact(sent: Sent) -> bytes:
    """Entities with what was observed; not their names, owners, addresses and places."""
    document = json_document.read(sent.payload)
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        about = {key: value for key, value in document.items() if key in {"subscriptionId", "type"}}
        return dumped({**about, "data": [_public(entity) for entity in document["data"]]})
    return dumped([_public(entity) for entity in document] if isinstance(document, list) else _public(document))


def _public(entity: object) -> object:
    if not isinstance(entity, dict):
        return TEXT
    kept: dict[str, object] = {}
    for name, attribute in entity.items():
        if name in _DESCRIPTIVE and name not in _NEEDED:
            continue
        if (name == "value" and isinstance(attribute, str) and _DEVICE_VALUE.fullmatch(attribute)) or (
            name in _IDENTITY and isinstance(attribute, str)
        ):
            kept[name] = attribute
        elif not personal(name, count=isinstance(attribute, int | float)):
            kept[name] = (
                {key: own(inner, _IDENTITY) for key, inner in attribute.items()}
                if (isinstance(attribute, dict))
                else own(attribute, _IDENTITY)
            )
    return kept
