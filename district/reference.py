"""What the API is: its OpenAPI document, and a page that tells it to people without a script from anywhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse

from district.access.permissions import PUBLIC, needed
from district.pages.render import outside
from district.problem import MEDIA_TYPE, Problem

ABOUT = """Readings, figures with their coverage, evidence and suggested points of smart commercial districts.

Windows are half-open. Numbers that have to be exact are decimals as text. A figure that is null is undetermined, never zero.
Lists come as JSON or, with `Accept: text/csv` or `?format=csv`, as CSV; the `Link` header leads to the next page.
Answers carry an ETag; `If-None-Match` saves what has not changed. Errors are problem documents (RFC 9457)."""

#: Status -> when every guarded route answers with it.
REFUSALS: Mapping[str, str] = {
    "400": "The body cannot be read.",
    "401": "Nobody was recognised: no key, no session, or one that is not in force.",
    "403": "The role in this district is not enough, or a form came from elsewhere.",
    "404": "There is no such thing.",
    "409": "What was asked contradicts what is stored, or itself; `detail` says how.",
    "422": "A value is not what was expected; `detail` names it and shows a good one.",
    "429": "Too many requests; `Retry-After` says when to come again [s].",
    "503": "The database does not answer.",
}
METHODS = ("get", "post", "put", "patch", "delete")

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation as the page shows it."""

    method: str
    path: str
    summary: str
    description: str
    #: None: public
    role: str | None
    parameters: list[Document]
    body: str | None
    answer: str | None


def document(app: FastAPI) -> Document:
    """The OpenAPI document, made once per service: every refusal and the role of every operation included."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=ABOUT, routes=app.routes)
        made.setdefault("components", {}).setdefault("schemas", {})["Problem"] = Problem.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        for unused in ("HTTPValidationError", "ValidationError"):
            made["components"]["schemas"].pop(unused, None)
        for path, method, operation in operations(made):
            _complete(path, method, operation)
        app.openapi_schema = made
    return app.openapi_schema


def operations(made: Document) -> Iterator[tuple[str, str, Document]]:
    """(address, method, operation) of a document."""
    for path, item in made["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method.upper(), item[method]


def _complete(path: str, method: str, operation: Document) -> None:
    answers = operation["responses"]
    if (method, path) in PUBLIC:
        operation["security"] = []
        told = {"503"}
    else:
        operation["x-role"] = needed(method, path).value
        told = {*REFUSALS} - (set() if "requestBody" in operation else {"400"})
    answers.pop("422", None)
    for status in sorted(told | ({*answers} & {*REFUSALS})):
        answers[status] = {
            "description": answers.get(status, {}).get("description") or REFUSALS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    if method == "GET" and "200" in answers:
        answers["200"].setdefault("headers", {})["ETag"] = {
            "description": "of this answer, for If-None-Match", "schema": {"type": "string"},
        }  # fmt: skip
        answers["304"] = {"description": "What If-None-Match names is still the answer."}


def router(app: FastAPI) -> APIRouter:
    """`/openapi.json`, and `/docs` made from it."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/openapi.json")
    def openapi() -> JSONResponse:
        return JSONResponse(document(app))

    @routes.get("/docs")
    def docs(request: Request) -> HTMLResponse:
        made = document(app)
        parts: dict[str, list[Operation]] = {}
        for path, method, operation in operations(made):
            for tag in operation.get("tags", ["service"]):
                parts.setdefault(tag, []).append(_shown(path, method, operation))
        return outside(request, "reference.html", about=ABOUT, parts=parts, schemas=made["components"]["schemas"])

    return routes


def _shown(path: str, method: str, operation: Document) -> Operation:
    bodies = operation.get("requestBody", {}).get("content", {})
    answers: Document = next(
        (answer for status, answer in operation["responses"].items() if status.startswith("2")), {}
    )
    return Operation(
        method=method, path=path, summary=operation.get("summary", ""), description=operation.get("description", ""),
        role=operation.get("x-role"), parameters=operation.get("parameters", []),
        body=next((_type(content.get("schema", {})) for content in bodies.values()), None),
        answer=next((_type(content.get("schema", {})) for content in answers.get("content", {}).values()), None),
    )  # fmt: skip


def _type(schema: Document) -> str:
    """A schema in a few words.

    >>> _type({"type": "array", "items": {"$ref": "#/components/schemas/Device"}})
    'list of Device'
    """
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(entry) for entry in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", "any"))
