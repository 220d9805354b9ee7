"""ChirpStack's events as protobuf: the fields that are read, by their numbers in integration.proto and gw.proto (MIT)."""

from collections.abc import Mapping
from functools import cache

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, struct_pb2, timestamp_pb2
from google.protobuf.message import DecodeError, Message

from ingest.model import PayloadError, Reason

_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "chirpstack"
#: Message -> field -> (number, type); a type that is a text names a message, `*` before it a list of them.
_MESSAGES: Mapping[str, Mapping[str, tuple[int, int | str]]] = {
    "DeviceInfo": {"dev_eui": (8, _FIELD.TYPE_STRING)},
    "UplinkRxInfo": {
        "gw_time": (3, "google.protobuf.Timestamp"),
        "rssi": (6, _FIELD.TYPE_INT32),
        "snr": (7, _FIELD.TYPE_FLOAT),
        "ns_time": (17, "google.protobuf.Timestamp"),
    },
    "UplinkEvent": {
        "time": (2, "google.protobuf.Timestamp"),
        "device_info": (3, "chirpstack.DeviceInfo"),
        "object": (11, "google.protobuf.Struct"),
        "rx_info": (12, "*chirpstack.UplinkRxInfo"),
    },
    "StatusEvent": {
        "time": (2, "google.protobuf.Timestamp"),
        "device_info": (3, "chirpstack.DeviceInfo"),
        "margin": (5, _FIELD.TYPE_INT32),
        "external_power_source": (6, _FIELD.TYPE_BOOL),
        "battery_level_unavailable": (7, _FIELD.TYPE_BOOL),
        "battery_level": (8, _FIELD.TYPE_FLOAT),
    },
    "LogEvent": {
        "time": (1, "google.protobuf.Timestamp"),
        "device_info": (2, "chirpstack.DeviceInfo"),
        "level": (3, _FIELD.TYPE_INT32),
        "code": (4, _FIELD.TYPE_INT32),
    },
}
_EVENTS = {"up": "UplinkEvent", "status": "StatusEvent", "log": "LogEvent"}
#: integration.proto, LogLevel and LogCode: words by number.
_LEVELS = ("INFO", "WARNING", "ERROR")
_CODES = (
    "UNKNOWN", "DOWNLINK_PAYLOAD_SIZE", "UPLINK_CODEC", "DOWNLINK_CODEC", "OTAA", "UPLINK_F_CNT_RESET", "UPLINK_MIC",
    "UPLINK_F_CNT_RETRANSMISSION", "DOWNLINK_GATEWAY", "RELAY_NEW_END_DEVICE", "F_CNT_DOWN", "EXPIRED",
)  # fmt: skip


def document_of(event: str, payload: bytes) -> dict[str, object]:
    """The JSON document that says the same as a protobuf `up`, `status` or `log` event.

    Raises:
        PayloadError: it is not this message.
    """
    message = _class_of(_EVENTS[event])()
    try:
        message.ParseFromString(payload)
        document: dict[str, object] = json_format.MessageToDict(message)
    except (DecodeError, json_format.Error, ValueError, RecursionError) as error:
        raise PayloadError(Reason.BAD_SHAPE, f"no {_EVENTS[event]}: {error}"[:200]) from error
    if "object" in document:
        document["object"] = _ordered(document["object"])
    if event == "status":
        # Zero is left out on the wire, and 0 is a margin, and a battery.
        document = {"margin": 0, "batteryLevel": 0.0, **document}
    elif event == "log":
        document |= {key: _word(words, document.get(key, 0)) for key, words in (("level", _LEVELS), ("code", _CODES))}
    return document


def _ordered(value: object) -> object:
    """With keys in their order: a map of protobuf has none, and the same bytes have to say the same."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    return [_ordered(entry) for entry in value] if isinstance(value, list) else value


def _word(words: tuple[str, ...], place: object) -> str:
    """The word of an enumeration; one that is newer than this list is named by its number."""
    known = isinstance(place, int) and 0 <= place < len(words)
    return words[place] if known and isinstance(place, int) else str(place)


@cache
def _class_of(name: str) -> type[Message]:
    pool = descriptor_pool.DescriptorPool()
    for known in (timestamp_pb2, struct_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(
        name="chirpstack/events.proto", package=_PACKAGE, syntax="proto3",
        dependency=["google/protobuf/timestamp.proto", "google/protobuf/struct.proto"],
    )  # fmt: skip
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for field, (place, kind) in fields.items():
            one = described.field.add(name=field, number=place, label=_FIELD.LABEL_OPTIONAL)
            if isinstance(kind, str):
                one.type, one.type_name = _FIELD.TYPE_MESSAGE, f".{kind.removeprefix('*')}"
                if kind.startswith("*"):
                    one.label = _FIELD.LABEL_REPEATED
            else:
                one.type = kind  # type: ignore[assignment]
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
