"""The words of scoring as types: evidence that was found, what follows from it, and what we suggest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from metrics.model import MetricValue
from scoring.digest import Canonical


class Text(NamedTuple):
    """Words for people in both languages of the platform."""

    zh: str
    en: str


class Outcome(StrEnum):
    """What we conclude about one item. Only the first three carry points."""

    MET = "met"
    PARTLY_MET = "partly_met"
    NOT_MET = "not_met"
    #: data are missing or too incomplete: never zero points
    UNDETERMINED = "undetermined"
    #: only papers speak, a person decides
    DOCUMENTS_ONLY = "documents_only"
    #: feeds could contribute, and no rule says how yet
    NO_RULE = "no_rule"


class PaperState(StrEnum):
    """What has become of a paper that an item needs. Also keys of texts.yaml."""

    #: a person has accepted it, and it is valid
    ACCEPTED = "accepted"
    #: handed in, nobody has looked at it yet
    WAITING = "waiting"
    #: accepted once; its validity is over or has not begun
    EXPIRED = "expired"
    REJECTED = "rejected"
    MISSING = "missing"


class Gap(StrEnum):
    """Why a requirement can neither be called met nor failed. Also keys of texts.yaml."""

    NO_DATA = "no_data"
    COVERAGE = "coverage"
    ORIGIN = "origin"
    UNSIGNED = "unsigned"
    TOO_SHORT = "too_short"
    NOT_MEASURED = "not_measured"
    #: nobody declared the figure, or not for the period that the form asks about
    NOT_STATED = "not_stated"
    #: it was declared in another unit
    WRONG_UNIT = "wrong_unit"
    #: papers are missing, or nobody has accepted them
    PAPERS = "papers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The period evidence speaks about: whole local days, half-open in UTC."""

    start: datetime
    end: datetime
    #: whole local days
    days: int
    #: IANA name; dates in texts are dates of this zone
    zone: str
    #: reason of a person who chose another window than the default; '' : the default
    chosen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A figure of the register, or one that a person declared."""

    #: exact; None: there is none
    value: Fraction | None
    #: UCUM code
    unit: str
    gap: Gap | None = None
    #: who signed what it comes from, and when; '' where it is the register of the district itself
    signer: str = ""
    signed_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A class of devices, or an item, that a person declared not to apply here."""

    feed: str
    item: str
    reason: str
    signer: str
    signed_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was found for one item in one window: figures with coverage, devices and origin, and what they rest on."""

    district: str
    rubric: str
    item: str
    assessment: str
    window: Window
    #: the district calls itself a demo at some time of the window, or now
    demo: bool
    #: simulated readings count: the district was a demo during the whole window and still is
    simulated_counts: bool
    #: names of registers that carry a signature as of the end of the window
    signed_registers: frozenset[str]
    #: per measure key of the rule, one value per subject; a silent subject has a value without a figure
    values: Mapping[str, tuple[MetricValue, ...]]
    #: figures that no reading gives, by name
    stated: Mapping[str, Stated] = field(default_factory=dict)
    #: words of the register that decide which part applies, by name
    words: Mapping[str, str] = field(default_factory=dict)
    #: by id of the paper
    papers: Mapping[str, PaperState] = field(default_factory=dict)
    #: in force at the end of the window
    waivers: tuple[Waiver, ...] = ()
    #: covered part of what was expected of everything the rule limits by coverage, 0 to 1; None: nothing expected
    coverage: Fraction | None = None
    #: '' until stored; then ``lakeside-demo/2.2.5.1/2026-10-24/30d/r1``
    id: str = ""
    #: SHA-256 of the canonical inputs
    digest: str = ""
    computed_at: datetime | None = None
    #: 1: the first of this window; 0: not stored
    revision: int = 0
    #: why it superseded the one before, in words of `store.CAUSES`
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Evidence together with the inputs that its digest is over."""

    evidence: Evidence
    inputs: Mapping[str, Canonical]
    #: public ids of all datastreams that were read, and of devices whose events were
    streams: tuple[str, ...]
    #: start of the first hour that was read
    begin: datetime
    #: kinds of facts that were read
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one measure says: its figure, whether the requirement holds, and if that is open, why."""

    #: key of the measure in its rule, ``parts/classes/energy/online``
    measure: str
    #: name shown as the metric's
    metric: str
    subject: str
    #: exact; None: undetermined
    value: Fraction | None
    #: UCUM code
    unit: str
    #: required value, in the same unit; None: nothing is required of it
    threshold: Decimal | None
    #: how the figure is compared with it: at_least, at_most, above; '' : not at all
    comparison: str
    #: True met, False failed, None open
    holds: bool | None
    gap: Gap | None = None
    #: covered part of what was expected, 0 to 1; None: nothing was expected
    coverage: Fraction | None = None
    devices: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    #: subjects that fail the requirement, where the measure looks at each one
    failing: tuple[str, ...] = ()


class State(StrEnum):
    """What became of one part of a rule."""

    MET = "met"
    FAILED = "failed"
    #: data are missing, too incomplete, or of an origin that may not count
    OPEN = "open"
    #: the register lists nothing that could meet it: failed, and said in its own words
    ABSENT = "absent"
    #: a signed waiver takes it out of its group
    WAIVED = "waived"
    #: it is meant for other districts
    NOT_HERE = "not_here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The conclusion of a rule, before it is put into words."""

    outcome: Outcome
    #: of the highest level that surely holds
    points: Decimal | None = None
    #: why it is undetermined
    gap: Gap | None = None
    #: by key of the measure
    findings: Mapping[str, Finding] = field(default_factory=dict)
    #: by key of the part
    states: Mapping[str, State] = field(default_factory=dict)
    #: papers that keep it from more points, in the order of the rule
    missing: tuple[str, ...] = ()
    #: points once those papers are accepted; None: papers alone do not settle it
    points_with_papers: Decimal | None = None


class Lack(StrEnum):
    """What can keep an item from more points. Also keys of texts.yaml."""

    COVERAGE = "coverage"
    DATA = "data"
    DAYS = "days"
    ORIGIN = "origin"
    REGISTER = "register"
    STATED = "stated"
    THRESHOLD = "threshold"
    PAPER = "paper"
    REVIEW = "review"
    DECISION = "decision"
    RULE = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """One thing that keeps an item from more points."""

    lack: Lack
    #: name of the figure, of the register or of the paper
    what: str
    text: Text
    #: devices whose silence it is
    devices: tuple[str, ...] = ()
    #: as found and as needed, plain decimals
    have: str | None = None
    need: str | None = None
    #: UCUM code
    unit: str = ""
    #: complete days that are still needed at least
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Points we propose for one item, and why. A person decides."""

    item: str
    outcome: Outcome
    #: None where nothing may be suggested; never zero for lack of data
    points: Decimal | None
    provisional: bool
    demo: bool
    reason: Text
    rule_id: str
    #: content hash of the rule
    rule_version: str
    findings: tuple[Finding, ...] = ()
    #: every needed paper is there: a person can decide
    ready: bool = False
    #: what keeps the item from more points
    missing: tuple[Missing, ...] = ()
    evidence: Evidence | None = field(default=None, repr=False)
