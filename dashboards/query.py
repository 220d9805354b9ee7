"""The PostgreSQL query of a panel: grafana-foundation-sdk has none."""

from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.models.common import DataSourceRef

Format = Literal["time_series", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresQuery(variants.Dataquery):
    """SQL as Grafana's PostgreSQL datasource reads it from a panel."""

    sql: str
    format: Format
    datasource: DataSourceRef
    ref_id: str = "A"

    def to_json(self) -> dict[str, object]:
        """The query as the panel's JSON holds it."""
        return {
            "datasource": self.datasource.to_json(),
            "editorMode": "code",
            "format": self.format,
            "rawQuery": True,
            "rawSql": self.sql,
            "refId": self.ref_id,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Built(builder.Builder[variants.Dataquery]):
    """What the SDK wants where a query is expected: something that builds one."""

    query: PostgresQuery

    def build(self) -> variants.Dataquery:
        """The query."""
        return self.query
