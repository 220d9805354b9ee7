"""Settings of every process: one commented file (district/sample.yaml), addresses and secrets from the environment."""

import ipaddress
import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

#: Environment variable -> path of the setting it stands for. The environment wins over the file.
ENVIRONMENT = {
    "DISTRICT_DATABASE_URL": ("database", "url"),
    "DISTRICT_BROKER_HOST": ("broker", "host"),
    "DISTRICT_BROKER_PORT": ("broker", "port"),
    "DISTRICT_BROKER_USER": ("broker", "user"),
    "DISTRICT_BROKER_PASSWORD": ("broker", "password"),
    "DISTRICT_BROKER_RECEIVER": ("broker", "receiver"),
    "DISTRICT_QUARANTINE_PUBLIC_KEY": ("quarantine", "public_key"),
    "DISTRICT_HTTP_HOST": ("http", "host"),
    "DISTRICT_HTTP_PORT": ("http", "port"),
}


class SettingsError(Exception):
    """A settings file is wrong; the message names file, key, bad value and a good one."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Database(_Section):
    """PostgreSQL or TimescaleDB."""

    #: libpq address; empty means libpq's own variables
    url: str = "postgresql://127.0.0.1:5432/district"


class Tls(_Section):
    """Encryption towards the broker."""

    enabled: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    #: True: any certificate is accepted, for a test bench only
    insecure: bool = False


class Will(_Section):
    """What the broker publishes when a collector is gone without a goodbye (MQTT 5, 3.1.2.5)."""

    #: {id} is that of the collector; None: no will
    topic: str | None = "district/v1-collector/{id}"
    payload: str = "offline"


class Broker(_Section):
    """The MQTT broker and our session on it."""

    host: str = "127.0.0.1"
    port: int = Field(1883, ge=1, le=65535)
    user: str | None = None
    password: str | None = Field(None, repr=False)
    tls: Tls = Tls()
    will: Will = Will()
    receiver: Literal["mqtt5", "paho"] = "mqtt5"
    keepalive_s: int = Field(30, ge=5, le=3600)
    session_expiry_s: int = Field(1_209_600, ge=60)
    receive_maximum: int = Field(20_000, ge=1, le=65535)


class Route(_Section):
    """A foreign topic tree. Levels of `topic`: literal words, `+`, `#`, or `{device}`, `{gateway}` where they stand."""

    name: str = Field(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")
    topic: str
    format: str
    district: str
    gateway: str | None = None
    profile: str | None = None
    zone: str | None = None
    commands: bool = False


class Collector(_Section):
    """The process that turns messages into rows."""

    id: str = Field("collector-0", pattern="^[a-z0-9][a-z0-9_-]{0,63}$")
    subscriptions: tuple[str, ...] = ("district/v1/#",)
    batch_messages: int = Field(10_000, ge=1)
    batch_age_ms: int = Field(100, ge=0)
    max_payload_bytes: int = Field(262_144, ge=1024)
    clock_ahead_s: int = Field(120, ge=0)
    clock_behind_s: int = Field(2_592_000, ge=0)


class Quarantine(_Section):
    """What of a refused message is kept."""

    public_key: str | None = None
    cap_bytes: int = Field(67_108_864, ge=65_536)


class Refresh(_Section):
    """Roll-ups, figures and suggestions."""

    every_s: float = Field(5.0, gt=0)
    grace_s: int = Field(90, ge=0)
    assess_every_s: float = Field(60.0, gt=0)


class Storage(_Section):
    """How long readings are kept, and how."""

    every_s: float = Field(3600.0, gt=0)
    #: more than the clock limit of live messages, so that few readings come to what is compressed
    compress_after_days: int = Field(35, ge=1)
    #: None: for ever
    keep_days: int | None = Field(None, ge=62)


class ServerTls(_Section):
    """The certificate that the HTTP service shows."""

    cert_file: str | None = None
    key_file: str | None = None

    @property
    def enabled(self) -> bool:
        """Whether the service speaks HTTPS."""
        return self.cert_file is not None


class Http(_Section):
    """Pages, API and figures for Prometheus."""

    tls: ServerTls = ServerTls()
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    #: auto: open for reading on this machine until a key or an account is made
    access: Literal["auto", "required"] = "auto"
    requests_per_minute: int = Field(1200, ge=1)

    @field_validator("host")
    @classmethod
    def _only_here_without_tls(cls, host: str, info: ValidationInfo) -> str:
        tls = info.data.get("tls")
        if not loopback(host) and not (isinstance(tls, ServerTls) and tls.enabled):
            raise ValueError("without http.tls.cert_file the service listens on this machine only, like 127.0.0.1")
        return host


def loopback(host: str) -> bool:
    """Whether an address reaches no further than this machine.

    >>> loopback("127.0.0.1"), loopback("::1"), loopback("localhost"), loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Settings(_Section):
    """All settings; the defaults are those of district/sample.yaml."""

    database: Database = Database()
    broker: Broker = Broker()
    collector: Collector = Collector()
    routes: tuple[Route, ...] = ()
    #: folder with device profiles of one's own
    profiles: str | None = None
    quarantine: Quarantine = Quarantine()
    refresh: Refresh = Refresh()
    storage: Storage = Storage()
    http: Http = Http()


def sample() -> str:
    """The text of the commented sample file."""
    return resources.files("district").joinpath("sample.yaml").read_text(encoding="utf-8")


def load(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings of a file (or the defaults), with the environment's addresses and secrets over them.

    Raises:
        SettingsError: the file cannot be read, or a value is wrong.
    """
    environment = os.environ if environment is None else environment
    document: object = {}
    source = str(path or "environment")
    if path is not None:
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise SettingsError(f"{path}: {error}") from error
        if not isinstance(document, dict):
            raise SettingsError(f"{path}: expected sections such as 'database:', got {type(document).__name__}")
    assert isinstance(document, dict)
    for variable, (section, key) in ENVIRONMENT.items():
        if value := environment.get(variable):
            document[section] = {**(document.get(section) or {}), key: value}
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise SettingsError("\n".join(_described(source, problem) for problem in error.errors())) from error


def _described(source: str, problem: Mapping[str, object]) -> str:
    location = problem["loc"]
    assert isinstance(location, tuple)
    path = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    if location and str(location[-1]) in {"password", "url"}:
        return f"{source} {path}: {problem['msg']} (value not shown)"
    return f"{source} {path}: {problem['msg']}, got {problem['input']!r}; see district/sample.yaml for a good one"


#: Path of the settings file, set by `district --config`, so that child processes read the same one.
CONFIG = "DISTRICT_CONFIG"


def current() -> Settings:
    """Settings of the file that `--config` or DISTRICT_CONFIG names, else the defaults, under the environment."""
    name = os.environ.get(CONFIG)
    return load(Path(name) if name else None)
