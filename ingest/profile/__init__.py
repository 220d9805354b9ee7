"""Device profiles: what the keys of one device model mean, as data. One YAML file each (docs/profiles.md)."""

from ingest.profile.compiled import Compiled
from ingest.profile.explain import Explained, Run, Undeclared, explain, unacceptable
from ingest.profile.library import Profiles, checked, read, shipped
from ingest.profile.rules import ProfileError
from ingest.profile.spec import Example, KeySpec, Profile

__all__ = [
    "Compiled",
    "Example",
    "Explained",
    "KeySpec",
    "Profile",
    "ProfileError",
    "Profiles",
    "Run",
    "Undeclared",
    "checked",
    "explain",
    "read",
    "shipped",
    "unacceptable",
]
