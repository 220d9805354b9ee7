"""The role that each route asks for. A route that stands nowhere here is closed to everybody but admins."""

from collections.abc import Mapping

from district.access.roles import Role

#: Routes without a guard: what a supervisor asks, what a page looks like, and the way in.
PUBLIC = frozenset({
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/static/pages.css"),
    ("GET", "/login"),
    ("POST", "/login"),
})  # fmt: skip

_INGEST = "/ingest/v1/districts/{district}"
_METRICS = "/metrics/v1"
_SCORING = "/scoring/v1/districts/{district}"

#: Method and address -> role in the district of the address; where it names none, in any district.
PERMISSIONS: Mapping[tuple[str, str], Role] = {
    ("GET", "/"): Role.VIEWER,
    ("GET", "/docs"): Role.VIEWER,
    ("GET", "/openapi.json"): Role.VIEWER,
    ("GET", "/prometheus"): Role.VIEWER,
    ("POST", "/logout"): Role.VIEWER,
    ("GET", "/districts/{district}"): Role.VIEWER,
    ("GET", "/districts/{district}/form"): Role.VIEWER,
    ("GET", "/districts/{district}/items/{code}"): Role.VIEWER,
    ("GET", f"{_INGEST}/devices"): Role.VIEWER,
    ("GET", f"{_INGEST}/devices/clocks"): Role.VIEWER,
    ("GET", f"{_INGEST}/devices/silent"): Role.VIEWER,
    ("GET", f"{_INGEST}/devices/stuck"): Role.VIEWER,
    ("GET", f"{_INGEST}/latest"): Role.VIEWER,
    ("GET", f"{_INGEST}/quarantine"): Role.VIEWER,
    ("GET", f"{_INGEST}/ledger"): Role.VIEWER,
    ("GET", f"{_INGEST}/conflicts"): Role.VIEWER,
    ("POST", f"{_INGEST}/conflicts/{{number}}/resolution"): Role.OPERATOR,
    ("GET", f"{_INGEST}/corrections"): Role.VIEWER,
    ("POST", f"{_INGEST}/corrections"): Role.OPERATOR,
    ("POST", f"{_INGEST}/quarantine/replay"): Role.OPERATOR,
    ("POST", f"{_INGEST}/quarantine/discard"): Role.OPERATOR,
    ("GET", f"{_METRICS}/definitions"): Role.VIEWER,
    ("GET", f"{_METRICS}/districts/{{district}}/values"): Role.VIEWER,
    ("GET", f"{_METRICS}/districts/{{district}}/explain"): Role.VIEWER,
    ("GET", f"{_SCORING}/items"): Role.VIEWER,
    ("GET", f"{_SCORING}/items/{{code}}"): Role.VIEWER,
    ("GET", f"{_SCORING}/items/{{code}}/evidence"): Role.VIEWER,
    ("GET", f"{_SCORING}/items/{{code}}/what-if"): Role.EVALUATOR,
    ("GET", f"{_SCORING}/items/{{code}}/decisions"): Role.VIEWER,
    ("POST", f"{_SCORING}/items/{{code}}/decisions"): Role.EVALUATOR,
    ("GET", f"{_SCORING}/gaps"): Role.VIEWER,
    ("GET", f"{_SCORING}/total"): Role.VIEWER,
    ("GET", f"{_SCORING}/documents"): Role.VIEWER,
    ("POST", f"{_SCORING}/documents"): Role.EVALUATOR,
    ("POST", f"{_SCORING}/documents/{{number}}/reviews"): Role.EVALUATOR,
    ("POST", f"{_SCORING}/assessments/{{assessment}}/closing"): Role.ADMIN,
}

#: Routes that speak of all districts at once: the role has to be held everywhere.
OF_ALL = frozenset({("GET", "/prometheus")})


def needed(method: str, path: str) -> Role:
    """The role for a route as it was declared: `path` with its placeholders."""
    return PERMISSIONS.get((method, path), Role.ADMIN)
