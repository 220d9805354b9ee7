"""The catalogue: what a district consists of, written by people in one `district.yaml`, kept as facts with history."""

from ingest.catalogue.apply import apply
from ingest.catalogue.history import Change
from ingest.catalogue.load import load, read
from ingest.catalogue.model import Catalogue
from ingest.catalogue.record import CatalogueError, Result

__all__ = ["Catalogue", "CatalogueError", "Change", "Result", "apply", "load", "read"]
