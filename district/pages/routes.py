"""Addresses of the pages. Everything a page needs comes from here: no request leaves for another host."""

from datetime import UTC, datetime
from importlib import resources
from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Header, HTTPException, Query, Response
from fastapi.responses import HTMLResponse
from psycopg_pool import ConnectionPool

from district.access.guard import identity
from district.access.roles import Identity
from district.pages import form, item, results, today
from district.pages.language import COOKIE, choose
from district.pages.render import page
from scoring import rubric as rubrics
from scoring import rule as rules

RUBRIC = "hangzhou-city-2023"

Lang = Annotated[str | None, Query(alias="lang", description="zh or en; remembered in a cookie")]
Remembered = Annotated[str | None, Cookie(alias=COOKIE)]
Accepted = Annotated[str | None, Header(alias="accept-language")]
Visitor = Annotated[Identity | None, Depends(identity)]


def router(pool: ConnectionPool) -> APIRouter:
    """The pages of every district of the catalogue; `pool` leads to the migrated database, which is only read."""
    pages = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    def find(district: str | None, visitor: Identity | None) -> tuple[today.District, list[today.District]]:
        with pool.connection() as connection:
            every = [entry for entry in today.districts(connection) if visitor is None or visitor.role(entry.district)]
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
        visitor: Visitor,
        district: str | None = None,
        lang: Lang = None,
        remembered: Remembered = None,
        accept: Accepted = None,
    ) -> HTMLResponse:
        entry, every = find(district, visitor)
        with pool.connection() as connection:
            view = today.read(connection, entry, datetime.now(UTC))
        return page(
            "today.html",
            lang,
            choose(lang, remembered, accept),
            view=view,
            district=entry,
            districts=every,
            visitor=visitor,
            at="today",
        )

    @pages.get("/districts/{district}/form")
    def show_form(
        district: str, visitor: Visitor, lang: Lang = None, remembered: Remembered = None, accept: Accepted = None
    ) -> HTMLResponse:
        entry, every = find(district, visitor)
        with pool.connection() as connection:
            view = form.view(rubrics.load(RUBRIC), results.read(connection, district), rules.load(RUBRIC))
        return page(
            "form.html",
            lang,
            choose(lang, remembered, accept),
            view=view,
            district=entry,
            districts=every,
            visitor=visitor,
            at="form",
        )

    @pages.get("/districts/{district}/items/{code}")
    def show_item(
        district: str,
        code: str,
        visitor: Visitor,
        lang: Lang = None,
        remembered: Remembered = None,
        accept: Accepted = None,
    ) -> HTMLResponse:
        entry, every = find(district, visitor)
        form_ = rubrics.load(RUBRIC)
        found = next((line for line in form_.items() if line.code == code), None)
        if found is None:
            raise HTTPException(404, f"the form has no item {code!r}; a code is like 2.2.5.1")
        rule = rules.load(RUBRIC)[code]
        with pool.connection() as connection:
            result = next((each for each in results.read(connection, district) if each.code == code), None)
            view = item.read(connection, entry, result) if result else None
        return page(
            "item.html", lang, choose(lang, remembered, accept),
            view=view, result=result,
            judged=view is not None and any(each.threshold is not None for each in view.evidence.metrics),
            item=found, rule=rule, district=entry, districts=every, visitor=visitor, at="item",
            path_of_item=next(
                (section, indicator)
                for section in form_.sections
                for indicator in section.indicators
                if any(found in criterion.items for criterion in indicator.criteria)
            ),
        )  # fmt: skip

    return pages
