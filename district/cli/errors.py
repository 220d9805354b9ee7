"""Exceptions that are an operator's mistake, to be shown as one message."""

from district.embedded.postgres import PostgresError
from district.migrate import MigrationError
from district.settings import SettingsError
from ingest.receiver import ReceiverError
from ingest.yaml_document import DocumentError

OPERATOR_ERRORS = (DocumentError, MigrationError, PostgresError, ReceiverError, SettingsError)
