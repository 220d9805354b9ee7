"""What people have told about a district, as of the end of a window: signatures, waivers, figures that no reading gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import psycopg

from metrics.zones import zone
from scoring import register, stated
from scoring.assessment import Assessment
from scoring.model import Stated, Waiver, Window
from scoring.register import District, Fact
from scoring.requirement import Rule, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Everything a rule asks the register for."""

    district: District
    #: of the registers that the rule names, by name
    signatures: Mapping[str, Fact]
    waivers: tuple[Waiver, ...]
    #: by name of the figure
    stated: Mapping[str, Stated]
    #: by name of the word
    words: Mapping[str, str]
    #: what the figures, words and waivers rest on
    facts: list[Fact]

    @classmethod
    def of(
        cls,
        connection: psycopg.Connection,
        district: str,
        rule: Rule,
        assessment: Assessment,
        window: Window,
        revision: int | None = None,
    ) -> "Told":
        """Reads it."""
        names = [measure.metric for measure in rule.measures() if measure.source is Source.STATED]
        asked = [stated.figures()[name] for name in dict.fromkeys(names)]
        words = [stated.figures()[name] for part in rule.parts() for name in part.applies or {}]
        fields: dict[str, set[str]] = {}
        for figure in (*asked, *words):
            for kind, own in figure.reads().items():
                fields.setdefault(kind, set()).update(own)
        found = {
            kind: register.at_end(
                register.facts(connection, district, kind, window, fields=sorted(own), revision=revision), window
            )
            for kind, own in sorted(fields.items())
        }
        signatures = register.signatures(connection, district, window, revision)
        waivers = register.waivers(connection, district, window, revision)
        begins = _begins(assessment, window)
        signing = {*rule.signed_by, *(name for figure in asked for name in figure.registers())}
        return cls(
            district=register.district_in(connection, district, window, revision),
            signatures={name: fact for name, fact in signatures.items() if name in signing},
            waivers=waivers,
            stated={figure.name: stated.find(figure, found, signatures, window, begins) for figure in asked},
            words={
                figure.name: str(fact.body[figure.field])
                for figure in words
                for fact in found.get(figure.kind, [])
                if fact.body.get(figure.field)
            },
            facts=[fact for own in found.values() for fact in own] + [_waiver(waiver, window) for waiver in waivers],
        )


def _waiver(waiver: Waiver, window: Window) -> Fact:
    body = {"feed": waiver.feed, "item": waiver.item, "reason": waiver.reason, "signer": waiver.signer, "signed_on": waiver.signed_on}  # fmt: skip
    return Fact(kind="waiver", id=waiver.item or waiver.feed, start=window.start, end=window.end, body=body)


def _begins(assessment: Assessment, window: Window) -> date:
    """First local day of the evaluation; of one without a period, of the window's last year."""
    start = assessment.period_start or window.end
    return start.astimezone(zone(window.zone)).date()
