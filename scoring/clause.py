"""One requirement in words: its figure beside what is asked for."""

from datetime import date

from scoring.measure import last_day
from scoring.model import Evidence, Finding, Text
from scoring.requirement import Comparison, Measure, Requirement
from scoring.texts import amount, catalogue, say


def clause(measure: Measure, finding: Finding | None, evidence: Evidence) -> Text:
    """The clause of a measure; without a figure it says so."""
    required = measure.required
    upwards = required is not None and required.comparison is Comparison.AT_MOST
    value = finding.value if finding else None
    return say(
        f"phrases.{measure.say}",
        value=catalogue()["none"] if value is None else amount(value, measure.unit, round_up=upwards),
        threshold=threshold(required, last_day(evidence.window)) if required else "",
    )


def threshold(required: Requirement, day: date) -> Text:
    """What is asked for, ``at least 95 %``."""
    value, unit = required.threshold.on(day), required.threshold.unit
    if required.comparison is Comparison.AT_LEAST and unit == "1" and value == 1:
        return say("comparisons.all")
    return say(f"comparisons.{required.comparison}", number=amount(value, unit))
