"""OCPP 1.6 and 2.0.1 (JSON): MeterValues, TransactionEvent, StatusNotification, and the start and stop of transactions.

The message alone, or in its OCPP-J frame `[2, "<id>", "<action>", {..}]`. The standard fixes measurands and units. The
charge point is named by the connection, not by the message: the route names it, and the connector follows as
`/connector <n>`. A transaction's end does not name its connector in 1.6: it is remembered from
its start, or from its meter values. Defaults of 1.6: measurand Energy.Active.Import.Register, unit Wh, location Outlet. Who charges (idTag,
idToken) never leaves the decoder.

Open Charge Alliance: OCPP 1.6 edition 2, 7.31 to 7.45; OCPP 2.0.1 part 2, 2.46 to 2.51.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from ingest.formats import json_document, numbers, stamps
from ingest.formats.redaction import dumped, own
from ingest.formats.report import Decoded, Direct, Happening, Recall, Sent, Time
from ingest.formats.unit_words import ucum
from ingest.model import PayloadError, Reason

#: Measurand -> quantity, canonical unit, unit where the sample names none.
MEASURANDS: Mapping[str, tuple[str, str, str]] = {
    "Energy.Active.Import.Register": ("energy.import_total", "kW.h", "W.h"),
    "Energy.Active.Export.Register": ("energy.export_total", "kW.h", "W.h"),
    "Energy.Active.Import.Interval": ("energy.import_period", "kW.h", "W.h"),
    "Energy.Active.Export.Interval": ("energy.export_period", "kW.h", "W.h"),
    "Power.Active.Import": ("power.active", "W", "W"),
    "Power.Active.Export": ("power.active_export", "W", "W"),
    "Power.Factor": ("power.factor", "1", "1"),
    "Current.Import": ("current", "A", "A"),
    "Voltage": ("voltage", "V", "V"),
    "Frequency": ("frequency", "Hz", "Hz"),
    "Temperature": ("device.temperature", "Cel", "Cel"),
}
#: Phase of a sample -> channel (1.6, 7.33); phase to neutral is the phase.
_PHASES = {
    None: "", "L1": "l1", "L2": "l2", "L3": "l3", "N": "n", "L1-N": "l1", "L2-N": "l2", "L3-N": "l3",
    "L1-L2": "l12", "L2-L3": "l23", "L3-L1": "l31",
}  # fmt: skip
#: Codes of charger.state: the states of 1.6, 7.7, and the charging states of 2.0.1, 3.10.
_STATES = {
    "Available": 0, "Preparing": 1, "Charging": 2, "SuspendedEV": 3, "SuspendedEVSE": 3, "Finishing": 4, "Reserved": 5,
    "Unavailable": 6, "Faulted": 7, "EVConnected": 1,
}  # fmt: skip
_CALL, _RESULT = 2, 3


def decode(sent: Sent) -> Decoded:
    """What a charge point says."""
    document = json_document.read(sent.payload)
    call = ""
    if isinstance(document, list):
        if len(document) >= 3 and document[0] == _RESULT:
            return _result(document, sent.recall)
        if len(document) < 4 or document[0] != _CALL:
            # Errors of calls.
            return Decoded()
        call, document = str(document[1])[:64], document[3]
    body = json_document.mapping(document, "OCPP message")
    decoded = Decoded()
    address = _connector(body, call, sent.recall, decoded)
    time = stamps.instant(body.get("timestamp"))
    for name in ("meterValue", "transactionData"):
        _meter_values(address, body.get(name), decoded)
    status = body.get("status", body.get("connectorStatus"))
    if isinstance(status, str) and ("errorCode" in body or "connectorStatus" in body):
        _status(address, time, status, body, decoded)
    for key, kind in (("meterStart", "charging.started"), ("meterStop", "charging.stopped")):
        energy = numbers.number(body.get(key))
        if energy is not None:
            total = numbers.convert(energy, "W.h", "kW.h")
            decoded.direct.append(Direct(address, time, "energy.import_total", "", total))
            number = body.get("transactionId")
            decoded.events.append(Happening(address, time, kind, str(number) if isinstance(number, int) else ""))
    _transaction_event(address, time, body, decoded)
    return decoded


def _connector(body: Mapping[str, object], call: str, recall: Recall, decoded: Decoded) -> str:
    """The part of the charge point, below the address of the route; 0 is the whole. Remembers whose transaction it is."""
    evse = body.get("evse")
    number = body.get("connectorId", body.get("evseId", evse.get("id") if isinstance(evse, dict) else None))
    transaction = body.get("transactionId")
    key = f"transaction/{transaction}"
    if isinstance(transaction, int) and number is None:
        number = recall(key)
        if "meterStop" in body and number is not None:
            decoded.remember[key] = None
    elif isinstance(transaction, int) and recall(key) != number:
        decoded.remember[key] = number
    elif call and "meterStart" in body:
        decoded.remember[f"call/{call}"] = number
    return f"/connector {number}" if isinstance(number, int) and number > 0 else ""


def _result(result: Sequence[object], recall: Recall) -> Decoded:
    """The answer to the start of a transaction says its number."""
    key, body = f"call/{str(result[1])[:64]}", result[2]
    number = recall(key)
    transaction = body.get("transactionId") if isinstance(body, dict) else None
    if number is None or not isinstance(transaction, int):
        return Decoded()
    return Decoded(remember={key: None, f"transaction/{transaction}": number})


def _meter_values(address: str, entries: object, decoded: Decoded) -> None:
    for entry in entries if isinstance(entries, list) else []:
        item = json_document.mapping(entry, "meterValue")
        samples = item.get("sampledValue")
        if not isinstance(samples, list):
            raise PayloadError(Reason.BAD_SHAPE, "meterValue.sampledValue: expected an array")
        time = stamps.instant(item.get("timestamp"))
        for sample in samples:
            _sample(address, time, json_document.mapping(sample, "sampledValue"), decoded)


def _sample(address: str, time: Time, sample: Mapping[str, object], decoded: Decoded) -> None:
    measurand = sample.get("measurand", "Energy.Active.Import.Register")
    meaning = MEASURANDS.get(measurand) if isinstance(measurand, str) else None
    if meaning is None or sample.get("format", "Raw") != "Raw" or sample.get("location", "Outlet") != "Outlet":
        # Limits, reactive energy, the vehicle's own figures, signed data: no quantities of ours.
        return
    quantity, canonical, default = meaning
    phase = sample.get("phase")
    channel = _PHASES.get(phase) if phase is None or isinstance(phase, str) else None
    measure = sample.get("unitOfMeasure")
    measure = measure if isinstance(measure, dict) else {}
    unit = sample.get("unit", measure.get("unit"))
    number, power = numbers.number(sample.get("value")), measure.get("multiplier", 0)
    if number is None or channel is None or not isinstance(power, int) or not -9 <= power <= 9:
        decoded.problems.append((Reason.WRONG_TYPE, f"{quantity}: sampledValue cannot be read"))
        return
    if power:
        number = float(Decimal(repr(number)).scaleb(power))
    try:
        value = numbers.convert(number, ucum(unit) if isinstance(unit, str) and unit else default, canonical)
    except ValueError as error:
        decoded.problems.append((Reason.UNIT_UNDECLARED, f"{quantity}: {error}"[:200]))
        return
    decoded.direct.append(Direct(address, time, quantity, channel, value))


def _status(address: str, time: Time, status: str, body: Mapping[str, object], decoded: Decoded) -> None:
    if status == "Occupied":
        # 2.0.1 says here only that a cable is plugged; the transaction's chargingState tells the rest.
        return
    state = _STATES.get(status)
    if state is None:
        decoded.problems.append((Reason.UNKNOWN_STATE, f"charger.state: {status[:64]!r}"))
        return
    decoded.direct.append(Direct(address, time, "charger.state", "", float(state)))
    error = body.get("errorCode")
    if isinstance(error, str) and error != "NoError":
        decoded.events.append(Happening(address, time, "charger.error", error[:64], severity="error"))


def _transaction_event(address: str, time: Time, body: Mapping[str, object], decoded: Decoded) -> None:
    info = body.get("transactionInfo")
    kinds = {"Started": "charging.started", "Ended": "charging.stopped"}
    kind = kinds.get(str(body.get("eventType")))
    if not isinstance(info, dict):
        return
    state = info.get("chargingState")
    if isinstance(state, str) and state in _STATES:
        decoded.direct.append(Direct(address, time, "charger.state", "", float(_STATES[state])))
    if kind is not None:
        decoded.events.append(Happening(address, time, kind, str(info.get("transactionId", ""))[:64]))


def redact(sent: Sent) -> bytes:
    """Without idTag, idToken and other texts that are no words of the standard."""
    document = json_document.read(sent.payload)
    return dumped(own(document, frozenset({"transactionId"})))
