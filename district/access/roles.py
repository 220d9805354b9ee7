"""Roles, and what somebody holds in which district."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

#: In place of a district's id: every district.
EVERYWHERE = "*"


class AccessError(Exception):
    """What was asked about a key or an account cannot be; the message says what was expected."""


class Role(StrEnum):
    """What one may do; each role may do all that those before it may."""

    VIEWER = "viewer"  # read
    EVALUATOR = "evaluator"  # decide about items, hand in and review papers, see small counts of people as they are
    OPERATOR = "operator"  # correct readings, resolve conflicts, replay and discard quarantine
    ADMIN = "admin"  # close an evaluation

    def covers(self, needed: "Role") -> bool:
        """Whether it may do what `needed` may.

        >>> Role.OPERATOR.covers(Role.VIEWER), Role.VIEWER.covers(Role.OPERATOR)
        (True, False)
        """
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody who was recognised."""

    #: as it is stored with what they do: ``Wang Fang (wang.fang)``, ``key importer (3f9a2b1c)``
    name: str
    #: district or EVERYWHERE -> role there
    roles: Mapping[str, Role]
    #: what a form of theirs has to carry; None: nobody who is logged in on the pages
    form_token: str | None = None
    #: at the machine itself, before any key or account was made
    local: bool = False

    def role(self, district: str | None) -> Role | None:
        """The role in a district; None as district: the highest one anywhere.

        >>> Identity(name="x", roles={"*": Role.VIEWER, "lakeside": Role.ADMIN}).role("seaside")
        <Role.VIEWER: 'viewer'>
        """
        held = [role for place, role in self.roles.items() if district is None or place in {EVERYWHERE, district}]
        return max(held, key=list(Role).index, default=None)

    def may(self, needed: Role, district: str | None) -> bool:
        """Whether the role in the district is enough."""
        held = self.role(district)
        return held is not None and held.covers(needed)
