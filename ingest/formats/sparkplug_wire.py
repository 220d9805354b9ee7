"""Payloads of Sparkplug B on the wire: protobuf (Eclipse Tahu's sparkplug_b.proto), or JSON as its specification prints them.

The descriptor is built here from a table; no generated file is kept.
"""

import math
import struct
from typing import NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, EncodeError, Message

from ingest.formats import json_document
from ingest.formats.redaction import Own, dumped, kept, word
from ingest.model import PayloadError, Reason

#: Data types of a metric (Sparkplug 3.0, 6.4.16). Arrays, data sets and files carry no single value and are left out.
DATA_TYPES = {
    "Int8": 1, "Int16": 2, "Int32": 3, "Int64": 4, "UInt8": 5, "UInt16": 6, "UInt32": 7, "UInt64": 8, "Float": 9,
    "Double": 10, "Boolean": 11, "String": 12, "DateTime": 13, "Text": 14, "UUID": 15, "DataSet": 16, "Bytes": 17,
    "File": 18, "Template": 19,
}  # fmt: skip
#: Bits of the signed ones: they travel as unsigned, in two's complement.
_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
_SCALAR = frozenset({"int_value", "long_value", "float_value", "double_value", "boolean_value", "string_value"})
#: First bytes of JSON. 0x7b would be field 15 as a group: no protobuf payload of Sparkplug B begins so.
_JSON = frozenset({b"{", b" ", b"\n", b"\xef"})
#: Templates inside templates that are followed: our choice.
_DEEPEST = 8

_TYPES = {
    "uint32": descriptor_pb2.FieldDescriptorProto.TYPE_UINT32,
    "uint64": descriptor_pb2.FieldDescriptorProto.TYPE_UINT64,
    "float": descriptor_pb2.FieldDescriptorProto.TYPE_FLOAT,
    "double": descriptor_pb2.FieldDescriptorProto.TYPE_DOUBLE,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    # Bytes, not string: a name that is not UTF-8 must be refused by us, with its reason.
    "text": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
}
#: message -> `name number type`; `*` repeated, `|` one of the values, upper case: another message
_SCHEMA = {
    "PropertyValue": "type 1 uint32, is_null 2 bool, |int_value 3 uint32, |long_value 4 uint64, |float_value 5 float, "
    "|double_value 6 double, |boolean_value 7 bool, |string_value 8 text",
    "PropertySet": "*keys 1 text, *values 2 PropertyValue",
    "Template": "version 1 text, *metrics 2 Metric, template_ref 4 text, is_definition 5 bool",
    "Metric": "name 1 text, alias 2 uint64, timestamp 3 uint64, datatype 4 uint32, is_historical 5 bool, "
    "is_transient 6 bool, is_null 7 bool, properties 9 PropertySet, |int_value 10 uint32, |long_value 11 uint64, "
    "|float_value 12 float, |double_value 13 double, |boolean_value 14 bool, |string_value 15 text, "
    "|bytes_value 16 text, |template_value 18 Template",
    "Payload": "timestamp 1 uint64, *metrics 2 Metric, seq 3 uint64",
}


#: A value of the wire.
Value = float | str | bool


class Property(NamedTuple):
    """What a metric's property set says of it."""

    unit: str | None  #: `engUnit`
    quality: int | None  #: `Quality`: 0 bad, 192 good, 500 stale


NO_PROPERTY = Property(None, None)
#: Names of properties in use, and as they travel.
_UNIT_KEYS = ("engUnit", "Engineering Units", "unit")
_QUALITY_KEYS = ("Quality", "quality")
_UNIT_NAMES = frozenset(key.encode() for key in _UNIT_KEYS)
_QUALITY_NAMES = frozenset(key.encode() for key in _QUALITY_KEYS)


class Metric(NamedTuple):
    """One metric of a payload."""

    name: str  #: '' where only the alias stands for it
    alias: int | None
    stamp: int | None  #: epoch ms; None: that of the payload
    datatype: int | None
    historical: bool
    value: Value | None  #: None: null, or no single value
    unsigned: bool  #: the value is an integer whose sign only the data type can tell
    property: Property


class Payload(NamedTuple):
    """One Sparkplug payload."""

    stamp: int | None  #: epoch ms
    seq: int | None
    metrics: list[Metric]


def _build() -> type[Message]:
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug_b.proto", package="district.sparkplug", syntax="proto2")
    for message, fields in _SCHEMA.items():
        kind = file.message_type.add(name=message)
        for entry in fields.split(", "):
            name, number, word = entry.split()
            field = kind.field.add(name=name.lstrip("*|"), number=int(number), label=3 if name[0] == "*" else 1)
            if word in _TYPES:
                field.type = _TYPES[word]
            else:
                field.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
                field.type_name = f".district.sparkplug.{word}"
            if name[0] == "|":
                if not kind.oneof_decl:
                    kind.oneof_decl.add(name="value")
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("district.sparkplug.Payload"))


_Payload = _build()


def read(payload: bytes) -> Payload:
    """The payload of a birth, data or death message.

    Raises:
        PayloadError: neither protobuf of Sparkplug B nor its JSON.
    """
    if payload[:1] in _JSON:
        return _from_json(payload)
    message = _parsed(payload)
    metrics: list[Metric] = []
    _collect(message.metrics, "", 0, metrics)  # type: ignore[attr-defined]
    return Payload(_optional(message, "timestamp"), _optional(message, "seq"), metrics)


def _parsed(payload: bytes) -> Message:
    message = _Payload()
    try:
        message.ParseFromString(payload)
    except DecodeError as error:
        raise PayloadError(Reason.BAD_ENCODING, "not a Sparkplug B payload (protobuf)") from error
    return message


def rebirth(stamp: int | None) -> bytes:
    """The command `Node Control/Rebirth` (Sparkplug 3.0, 6.4.19); `stamp` in epoch ms."""
    message = _Payload()
    command = message.metrics.add(name=b"Node Control/Rebirth", datatype=DATA_TYPES["Boolean"], boolean_value=True)  # type: ignore[attr-defined]
    if stamp is not None:
        message.timestamp = command.timestamp = stamp  # type: ignore[attr-defined]
    return message.SerializeToString()


def encode(metrics: list[dict[str, object]], stamp: int | None = None, seq: int | None = None) -> bytes:
    """A payload, for simulators and tests; a metric's keys are field names of the schema.

    Raises:
        ValueError: a value does not fit its field.
    """
    message = _Payload()
    try:
        for metric in metrics:
            message.metrics.add(  # type: ignore[attr-defined]
                **{key: value.encode() if isinstance(value, str) else value for key, value in metric.items()}
            )
        if stamp is not None:
            message.timestamp = stamp  # type: ignore[attr-defined]
        if seq is not None:
            message.seq = seq  # type: ignore[attr-defined]
        return message.SerializeToString()
    except (EncodeError, TypeError) as error:
        raise ValueError(str(error)) from error


def _optional(message: Message, field: str) -> int | None:
    return getattr(message, field) if message.HasField(field) else None


def _collect(entries: list[object], prefix: str, depth: int, metrics: list[Metric]) -> None:
    for entry in entries:
        name = prefix + _text(entry.name)  # type: ignore[attr-defined]
        field = entry.WhichOneof("value")  # type: ignore[attr-defined]
        if field == "template_value" and depth < _DEEPEST:
            if not entry.template_value.is_definition:  # type: ignore[attr-defined]
                _collect(entry.template_value.metrics, f"{name}/", depth + 1, metrics)  # type: ignore[attr-defined]
            continue
        datatype = entry.datatype or None  # type: ignore[attr-defined]
        value: Value | None = None
        unsigned = False
        if field in _SCALAR and not entry.is_null:  # type: ignore[attr-defined]
            value = getattr(entry, field)
            if field == "string_value":
                value = _text(value)  # type: ignore[arg-type]
            elif field == "float_value":
                value = _shortest(value)  # type: ignore[arg-type]
            else:
                unsigned = field in {"int_value", "long_value"}
        metrics.append(
            Metric(
                name,
                entry.alias if entry.HasField("alias") else None,  # type: ignore[attr-defined]
                entry.timestamp or None,  # type: ignore[attr-defined]
                datatype,
                entry.is_historical,  # type: ignore[attr-defined]
                value,
                unsigned,
                _properties(entry.properties) if entry.HasField("properties") else NO_PROPERTY,  # type: ignore[attr-defined]
            )
        )


def signed(value: Value, datatype: int | None) -> Value:
    """An integer of the wire as its data type means it: two's complement for the signed ones, 0 and 1 for Boolean."""
    if datatype in _SIGNED_BITS and isinstance(value, int):
        bits = _SIGNED_BITS[datatype]
        value &= (1 << bits) - 1
        return value - (1 << bits) if value >> (bits - 1) else value
    return bool(value) if datatype == DATA_TYPES["Boolean"] else value


def _shortest(single: float) -> float:
    """The shortest decimal that is this single: 12.3, not 12.300000190734863."""
    short = float(f"{single:.7g}")
    if not math.isfinite(single) or struct.unpack("f", struct.pack("f", short))[0] != single:
        return single
    return short


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise PayloadError(Reason.BAD_ENCODING, "a name or text of a metric is not UTF-8") from error


def _properties(found: object) -> Property:
    unit, quality = None, None
    for key, value in zip(found.keys, found.values, strict=False):  # type: ignore[attr-defined]
        if value.is_null:
            continue
        if key in _UNIT_NAMES and value.HasField("string_value"):
            unit = _text(value.string_value)
        elif key in _QUALITY_NAMES and value.HasField("int_value"):
            quality = value.int_value
    return Property(unit, quality)


def _from_json(payload: bytes) -> Payload:
    document = json_document.mapping(json_document.read(payload), "Sparkplug payload")
    entries = document.get("metrics", [])
    if not isinstance(entries, list):
        raise PayloadError(Reason.BAD_SHAPE, "metrics: expected an array")
    metrics = []
    for entry in entries:
        item = json_document.mapping(entry, "metrics")
        name, kind, value = item.get("name", ""), item.get("dataType", item.get("datatype")), item.get("value")
        if not isinstance(name, str):
            raise PayloadError(Reason.BAD_SHAPE, "metrics.name: expected a text")
        datatype = DATA_TYPES.get(kind) if isinstance(kind, str) else _whole(kind)
        null = item.get("is_null", item.get("isNull")) is True
        scalar = value if isinstance(value, str | bool | int | float) and not null else None
        historical = item.get("is_historical", item.get("isHistorical")) is True
        metrics.append(
            Metric(
                name, _whole(item.get("alias")), _whole(item.get("timestamp")), datatype, historical, scalar, False,
                _json_properties(item.get("properties")),
            )
        )  # fmt: skip
    return Payload(_whole(document.get("timestamp")), _whole(document.get("seq")), metrics)


def _json_properties(found: object) -> Property:
    """Of the JSON: `{"engUnit": {"type": "String", "value": "V"}}`, or the value alone."""
    if not isinstance(found, dict):
        return NO_PROPERTY
    values = {key: one.get("value") if isinstance(one, dict) else one for key, one in found.items()}
    unit = next((values[key] for key in _UNIT_KEYS if isinstance(values.get(key), str)), None)
    return Property(
        unit, next((found for key in _QUALITY_KEYS if (found := _whole(values.get(key))) is not None), None)
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def redacted(payload: bytes) -> bytes:
    """The payload without texts that may name a person, and without files, data sets and what nobody reads.

    Raises:
        PayloadError: neither protobuf of Sparkplug B nor its JSON.
    """
    if payload[:1] in _JSON:
        return dumped(kept(json_document.read(payload), Own("name", "dataType", "datatype", "engUnit")))
    message = _parsed(payload)
    message.DiscardUnknownFields()
    _cleared(message.metrics, 0)  # type: ignore[attr-defined]
    return message.SerializeToString()


def _cleared(entries: list[object], depth: int) -> None:
    for entry in entries:
        field = entry.WhichOneof("value")  # type: ignore[attr-defined]
        if field == "string_value":
            entry.string_value = word(_text(entry.string_value)).encode()  # type: ignore[attr-defined]
        elif field == "template_value" and depth < _DEEPEST:
            _cleared(entry.template_value.metrics, depth + 1)  # type: ignore[attr-defined]
        elif field in {"bytes_value", "template_value"}:
            entry.ClearField(field)  # type: ignore[attr-defined]
