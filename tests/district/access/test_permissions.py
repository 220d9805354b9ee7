"""Every route, for every role."""

from collections.abc import Iterator, Mapping

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from district.access.permissions import OF_ALL, PERMISSIONS, PUBLIC
from district.access.roles import EVERYWHERE, Identity, Role
from district.http import application
from tests.district.access.service import ELSEWHERE, key, served

HERE, THERE = "lakeside", "seaside"
VALUES = {"district": HERE, "code": "2.2.5.1", "number": "1", "assessment": "current"}


def routes(app: FastAPI) -> Iterator[APIRoute]:
    def within(found: list[BaseRoute]) -> Iterator[APIRoute]:
        for route in found:
            included = getattr(route, "original_router", None)
            if included is not None:
                yield from within(included.routes)
            elif isinstance(route, APIRoute):
                yield route

    yield from within(app.routes)


def test_every_route_declares_its_role_and_every_declaration_has_its_route(database: str) -> None:
    found = {(method, route.path) for route in routes(application(database)) for method in route.methods or ()}
    assert found - {*PERMISSIONS} - PUBLIC == set(), "add them to district/access/permissions.py"
    assert ({*PERMISSIONS} | PUBLIC | OF_ALL) - found == set()
    assert {*PERMISSIONS} & PUBLIC == set()


@pytest.fixture
def headers(database: str) -> Mapping[str, Mapping[str, str]]:
    """Who asks -> what they show."""
    shown = {role.value: key(database, {HERE: role}) for role in Role}
    everywhere = {f"{role} everywhere": key(database, {EVERYWHERE: role}) for role in Role}
    return {"nobody": {}, "another district's admin": key(database, {THERE: Role.ADMIN}), **shown, **everywhere}


def refused(answer: httpx.Response) -> bool:
    return answer.status_code in {401, 403}


def test_every_route_asks_for_its_role(database: str, headers: Mapping[str, Mapping[str, str]]) -> None:
    wrong = []
    with served(database) as client:
        for (method, path), role in PERMISSIONS.items():
            address = path.format(**VALUES)
            enough = {"nobody": False}
            for held in Role:
                covers = list(Role).index(held) >= list(Role).index(role)
                enough[held.value] = covers and (method, path) not in OF_ALL
                enough[f"{held} everywhere"] = covers
            enough["another district's admin"] = "{district}" not in path and (method, path) not in OF_ALL
            for who, shown in headers.items():
                answer = client.request(method, address, headers=shown)
                if refused(answer) == enough[who]:
                    wrong.append((who, method, path, answer.status_code))
    assert wrong == []


def test_a_route_that_nobody_declared_is_for_admins_only() -> None:
    from district.access.permissions import needed

    assert needed("GET", "/never/declared") is Role.ADMIN


def test_somebody_from_elsewhere_gets_nothing_but_what_is_public(client: httpx.Client) -> None:
    for method, path in PERMISSIONS:
        assert client.request(method, path.format(**VALUES), headers=ELSEWHERE).status_code == 401
    for method, path in PUBLIC:
        assert client.request(method, path, headers=ELSEWHERE).status_code != 401


@pytest.mark.parametrize("held", Role)
def test_each_role_may_what_those_before_it_may(held: Role) -> None:
    identity = Identity(name="x", roles={HERE: held})
    assert [role for role in Role if identity.may(role, HERE)] == list(Role)[: list(Role).index(held) + 1]
    assert [role for role in Role if identity.may(role, THERE)] == []


def test_of_a_role_here_and_one_everywhere_the_higher_one_holds() -> None:
    identity = Identity(name="x", roles={HERE: Role.VIEWER, EVERYWHERE: Role.OPERATOR})
    assert identity.role(HERE) is Role.OPERATOR
    assert Identity(name="x", roles={}).role(None) is None
