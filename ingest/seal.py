"""Bodies that the collector may keep and cannot read: sealed to a public key whose other half lives elsewhere.

A sealed body is a libsodium sealed box that holds a fresh key, followed by a secret box under that key. One key serves
one batch and is forgotten with it: sealing every body by itself costs a key exchange each, 30 times as much.
"""

import base64
import binascii
from dataclasses import dataclass

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.secret import SecretBox
from nacl.utils import random

#: Bytes of a sealed box around a key: 32 of the ephemeral public key, 16 of the tag, 32 of the key.
HEAD = 80


class SealError(Exception):
    """A sealed body cannot be opened with this key, or a key is not one."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A new pair of keys, as they stand in settings and files: 44 characters of base64 each."""

    public: str
    private: str


def pair() -> Pair:
    """A new pair."""
    private = PrivateKey.generate()
    return Pair(_text(bytes(private.public_key)), _text(bytes(private)))


class Sealer:
    """Seals the bodies of one batch."""

    def __init__(self, public_key: str) -> None:
        key = random(SecretBox.KEY_SIZE)
        self._head = SealedBox(PublicKey(_bytes(public_key, "quarantine.public_key"))).encrypt(key)
        self._box = SecretBox(key)

    def seal(self, body: bytes) -> bytes:
        """The body as only the holder of the private key can read it."""
        return self._head + self._box.encrypt(body)


class Opener:
    """Opens sealed bodies."""

    def __init__(self, private_key: str) -> None:
        self._box = SealedBox(PrivateKey(_bytes(private_key, "private key")))

    def open(self, sealed: bytes) -> bytes:
        """The body.

        Raises:
            SealError: it was sealed to another key, or is damaged.
        """
        try:
            return SecretBox(self._box.decrypt(sealed[:HEAD])).decrypt(sealed[HEAD:])
        except (CryptoError, ValueError) as error:
            raise SealError("the body was sealed to another key: give the private key that belongs to it") from error


def checked(public_key: str) -> str:
    """The key, if it is one.

    Raises:
        SealError: it is none.
    """
    _bytes(public_key, "quarantine.public_key")
    return public_key


def _bytes(text: str, name: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != PublicKey.SIZE:
        raise SealError(f"{name}: expected 44 characters of base64 as `district quarantine key` prints them")
    return key


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")
