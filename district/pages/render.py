"""Templates become pages: the one environment of them, and the language that a request wishes."""

from functools import cache

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

from district.pages import display
from district.pages.language import COOKIE, Language, Words, choose
from metrics.definition import definitions

YEAR_S = 365 * 86_400


@cache
def templates() -> jinja2.Environment:
    """The templates of the pages; everything that is put into them is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("district.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(display=display, definitions=definitions)
    return environment


def page(template: str, wish: str | None, language: Language, **context: object) -> HTMLResponse:
    """A page in a language, which is remembered where it was wished for."""
    text = templates().get_template(template).render(t=Words(language), lang=language, **context)
    response = HTMLResponse(text, headers={"Content-Language": language.tag, "Vary": "Accept-Language, Cookie"})
    if wish == language:
        response.set_cookie(COOKIE, language, max_age=YEAR_S, samesite="lax", httponly=True)
    return response


def outside(request: Request, template: str, **context: object) -> HTMLResponse:
    """A page that belongs to no district."""
    wish = request.query_params.get("lang")
    language = choose(wish, request.cookies.get(COOKIE), request.headers.get("accept-language"))
    return page(template, wish, language, **context)
