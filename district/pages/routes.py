"""Addresses of the pages. Everything a page needs comes from here: no request leaves for another host."""

from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Annotated

import jinja2
from fastapi import APIRouter, Cookie, Header, HTTPException, Query, Response
from fastapi.responses import HTMLResponse
from psycopg_pool import ConnectionPool

from district.pages import display, form, item, results, today
from district.pages.language import COOKIE, Language, Words, choose
from metrics.definition import definitions
from scoring import rubric as rubrics
from scoring import rule as rules

RUBRIC = "hangzhou-city-2023"
YEAR_S = 365 * 86_400

Lang = Annotated[str | None, Query(alias="lang", description="zh or en; remembered in a cookie")]
Remembered = Annotated[str | None, Cookie(alias=COOKIE)]
Accepted = Annotated[str | None, Header(alias="accept-language")]


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("district.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(display=display, definitions=definitions)
    return environment


def _page(template: str, wish: str | None, language: Language, **context: object) -> HTMLResponse:
    words = Words(language)
    text = _templates().get_template(template).render(t=words, lang=language, **context)
    response = HTMLResponse(text, headers={"Content-Language": language.tag, "Vary": "Accept-Language, Cookie"})
    if wish == language:
        response.set_cookie(COOKIE, language, max_age=YEAR_S, samesite="lax", httponly=True)
    return response


def router(pool: ConnectionPool) -> APIRouter:
    """The pages of every district of the catalogue; `pool` leads to the migrated database, which is only read."""
    pages = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    def find(district: str | None) -> tuple[today.District, list[today.District]]:
        with pool.connection() as connection:
            every = today.districts(connection)
        for entry in every:
            if district in (None, entry.district):
                return entry, every
        known = (
            ", ".join(entry.district for entry in every)
            or "none; apply a catalogue with `district catalogue apply FILE`"
        )
        raise HTTPException(404, f"there is no district {district!r}; known: {known}")

    @pages.get("/static/pages.css")
    def style() -> Response:
        text = resources.files("district.pages").joinpath("static", "pages.css").read_text(encoding="utf-8")
        return Response(text, media_type="text/css", headers={"Cache-Control": "no-cache"})

    @pages.get("/")
    @pages.get("/districts/{district}")
    def show_today(
        district: str | None = None, lang: Lang = None, remembered: Remembered = None, accept: Accepted = None
    ) -> HTMLResponse:
        entry, every = find(district)
        with pool.connection() as connection:
            view = today.read(connection, entry, datetime.now(UTC))
        return _page(
            "today.html", lang, choose(lang, remembered, accept), view=view, district=entry, districts=every, at="today"
        )

    @pages.get("/districts/{district}/form")
    def show_form(
        district: str, lang: Lang = None, remembered: Remembered = None, accept: Accepted = None
    ) -> HTMLResponse:
        entry, every = find(district)
        with pool.connection() as connection:
            view = form.view(rubrics.load(RUBRIC), results.read(connection, district), rules.load(RUBRIC))
        return _page(
            "form.html", lang, choose(lang, remembered, accept), view=view, district=entry, districts=every, at="form"
        )

    @pages.get("/districts/{district}/items/{code}")
    def show_item(
        district: str, code: str, lang: Lang = None, remembered: Remembered = None, accept: Accepted = None
    ) -> HTMLResponse:
        entry, every = find(district)
        form_ = rubrics.load(RUBRIC)
        found = next((line for line in form_.items() if line.code == code), None)
        if found is None:
            raise HTTPException(404, f"the form has no item {code!r}; a code is like 2.2.5.1")
        rule = rules.load(RUBRIC)[code]
        with pool.connection() as connection:
            result = next((each for each in results.read(connection, district) if each.code == code), None)
            view = item.read(connection, entry, result) if result else None
        return _page(
            "item.html", lang, choose(lang, remembered, accept),
            view=view, result=result,
            judged=view is not None and any(each.threshold is not None for each in view.evidence.metrics),
            item=found, rule=rule, district=entry, districts=every, at="item",
            path_of_item=next(
                (section, indicator)
                for section in form_.sections
                for indicator in section.indicators
                if any(found in criterion.items for criterion in indicator.criteria)
            ),
        )  # fmt: skip

    return pages
