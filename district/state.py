"""Where the demo keeps its state: one folder, named in its output, removed by `make demo-clean`."""

import os
import shutil
from pathlib import Path

#: Names another folder.
VARIABLE = "DISTRICT_STATE"


def folder() -> Path:
    """The state folder: below the current one, or, where another user could not pass to it, in /var/tmp.

    As root PostgreSQL runs under an unprivileged user, who cannot enter for example /root.
    """
    if named := os.environ.get(VARIABLE):
        return Path(named).resolve()
    local = Path.cwd() / ".state"
    if os.geteuid() == 0 and not all(parent.stat().st_mode & 0o001 for parent in local.parents):
        return Path("/var/tmp/district-state")  # noqa: S108 - made with our owner and mode, below
    return local


def prepare() -> Path:
    """The state folder, made when missing; others may pass through it, but not list it."""
    path = folder()
    path.mkdir(mode=0o711, parents=True, exist_ok=True)
    if path.stat().st_uid != os.geteuid():
        raise PermissionError(f"{path} belongs to another user; set {VARIABLE} to a folder of your own")
    path.chmod(0o711)
    return path


def clean() -> Path:
    """Remove the state folder with everything in it."""
    path = folder()
    if path.exists():
        shutil.rmtree(path)
    return path
