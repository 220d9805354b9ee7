"""Our own rules for dashboards, over their JSON: what Grafana would accept and then show wrongly or not at all."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from grafana_foundation_sdk.models import units as grafana_units

from dashboards.house import PLUGINS, TAGS

Json = Mapping[str, Any]

#: What panels may read: figures, scores and the views; never readings.
SCHEMAS = ("metrics", "scoring", "dashboards")
RELATION = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]+)\.([a-z_]+)", re.IGNORECASE)
UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(?!__)([a-zA-Z]\w*)")
UNITS = frozenset(value for name, value in vars(grafana_units).items() if name[0].isupper() and isinstance(value, str))


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query of a dashboard and where it stands."""

    dashboard: str
    place: str
    sql: str
    #: time_series, table, variable or annotation
    format: str


def queries(dashboard: Json) -> Iterator[Query]:
    """Every query of panels, variables and annotations."""
    uid = dashboard["uid"]
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield Query(dashboard=uid, place=panel["title"], sql=target["rawSql"], format=target["format"])
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield Query(dashboard=uid, place=f"${variable['name']}", sql=variable["query"], format="variable")
    for annotation in dashboard["annotations"]["list"]:
        yield Query(dashboard=uid, place=annotation["name"], sql=annotation["target"]["rawSql"], format="annotation")


def check(tree: Mapping[str, Json]) -> list[str]:
    """Findings over all dashboards, by path in the tree (``zh/overview.json``); none is the only good answer."""
    return [*_tree(tree), *(f"{path}: {finding}" for path, each in tree.items() for finding in _dashboard(each))]


def _tree(tree: Mapping[str, Json]) -> Iterator[str]:
    uids: dict[str, str] = {}
    titles: dict[tuple[str, str], str] = {}
    for path, each in tree.items():
        if (other := uids.setdefault(each["uid"], path)) != path:
            yield f"{path}: uid {each['uid']!r} is also that of {other}: Grafana would freeze both providers"
        key = (path.split("/")[0], each["title"])
        if (other := titles.setdefault(key, path)) != path:
            yield f"{path}: title {each['title']!r} is also that of {other} in the same folder"


def _dashboard(each: Json) -> Iterator[str]:
    if not UID.fullmatch(each["uid"]):
        yield f"uid: expected up to 40 of A-Z a-z 0-9 _ -, got {each['uid']!r}"
    if each.get("editable", True):
        yield "editable: a generated dashboard is read-only; edits in the browser would be lost"
    if not set(TAGS) <= set(each.get("tags", [])):
        yield f"tags: expected {', '.join(TAGS)}, got {each.get('tags')}"
    for link in each.get("links", []):
        if link["type"] == "dashboards" and not set(link["tags"]) <= set(each["tags"]):
            yield f"link {link['title']!r}: no dashboard of the tree has the tags {link['tags']}"
    yield from _variables(each)
    yield from _panels(each["panels"])
    for query in queries(each):
        yield from _query(query)


def _variables(each: Json) -> Iterator[str]:
    variables = {variable["name"]: variable for variable in each["templating"]["list"]}
    datasource = variables.get("datasource")
    if datasource is None or datasource["type"] != "datasource" or datasource["query"] not in PLUGINS:
        yield f"variable datasource: expected one of type {' or '.join(PLUGINS)}"
    used = {"datasource"}
    for query in queries(each):
        names = {first or second for first, second in VARIABLE.findall(query.sql)}
        used |= names
        for name in sorted(names - set(variables)):
            yield f"{query.place}: ${name} is not defined"
    for name in sorted(set(variables) - used):
        yield f"variable {name}: nothing uses it"
    for name, variable in variables.items():
        if variable["type"] == "query" and variable.get("refresh") != 2:
            yield f"variable {name}: must be read again when the time range changes"


def _panels(panels: list[Json]) -> Iterator[str]:
    ids = [panel.get("id") for panel in panels]
    if len(set(ids)) != len(ids) or None in ids or 0 in ids:
        yield f"panel ids: expected distinct ids from 1, got {ids}"
    for panel in panels:
        title = panel.get("title") or "panel without a title"
        for key in ("title", "description", "targets"):
            if not panel.get(key):
                yield f"{title}: {key} is missing"
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"{title}: reaches beyond column 24"
        if panel["datasource"].get("uid") != "${datasource}":
            yield f"{title}: must use the datasource variable"
        references = [target["refId"] for target in panel["targets"]]
        if len(set(references)) != len(references):
            yield f"{title}: refIds {references} are not distinct"
        defaults = panel["fieldConfig"]["defaults"]
        if defaults.get("unit") not in UNITS:
            yield f"{title}: {defaults.get('unit')!r} is no unit id of Grafana"
        if not defaults.get("noValue"):
            yield f"{title}: says nothing where there is no value"
    for one, other in combinations(panels, 2):
        if _overlap(one["gridPos"], other["gridPos"]):
            yield f"{one['title']} and {other['title']} overlap"


def _overlap(one: Json, other: Json) -> bool:
    return bool(
        one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]
    )  # fmt: skip


def _query(query: Query) -> Iterator[str]:
    for schema, relation in RELATION.findall(query.sql):
        if schema not in SCHEMAS:
            yield f"{query.place}: reads {schema}.{relation}; panels read {', '.join(SCHEMAS)} only"
    if query.format in ("time_series", "annotation"):
        if not re.search(r"AS \"?time\"?", query.sql):
            yield f"{query.place}: needs a column called time"
        if "ORDER BY 1" not in query.sql:
            yield f"{query.place}: rows over time must be in ascending order"
        if "$__timeFilter(" not in query.sql:
            yield f"{query.place}: reads all of history; filter with $__timeFilter"
    for arguments in re.findall(r"\$__\w+\(([^)]*)\)", query.sql):
        if "(" in arguments:
            yield f"{query.place}: macro arguments end at the first ')'"
