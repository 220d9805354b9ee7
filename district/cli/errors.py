"""Exceptions that are an operator's mistake, to be shown as one message."""

from district.access.roles import AccessError
from district.bench import BenchError
from district.demo import DemoError
from district.embedded.broker import BrokerError as EmbeddedBrokerError
from district.embedded.postgres import PostgresError
from district.migrate import MigrationError
from district.settings import SettingsError
from ingest.catalogue import CatalogueError
from ingest.corrections import CorrectionError
from ingest.receiver import ReceiverError
from ingest.seal import SealError
from ingest.yaml_document import DocumentError
from metrics.inputs import WindowError
from scoring.decision import DecisionError
from scoring.papers import PaperError
from scoring.source import SourceError
from simulators.demo import WorldError
from simulators.publish import BrokerError

OPERATOR_ERRORS = (
    AccessError,
    BenchError,
    BrokerError,
    CatalogueError,
    CorrectionError,
    DecisionError,
    DemoError,
    DocumentError,
    EmbeddedBrokerError,
    MigrationError,
    PaperError,
    PostgresError,
    ReceiverError,
    SealError,
    SettingsError,
    SourceError,
    WindowError,
    WorldError,
)
