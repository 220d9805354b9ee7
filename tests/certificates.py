"""An authority of our own and a broker's certificate from it, for tests of TLS."""

import subprocess
from pathlib import Path


def make(folder: Path) -> str:
    """Write ca.pem, b.pem and b.key for 127.0.0.1; returns the lines of a Mosquitto configuration that use them."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    extensions = "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test CA", "-keyout", "ca.key",
            "-out", "ca.pem", *[word for extension in extensions for word in ("-addext", extension)])  # fmt: skip
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-keyout", "b.key", "-out", "b.csr")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
    openssl("x509", "-req", "-in", "b.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "san", "-out", "b.pem")  # fmt: skip
    return f"cafile {folder}/ca.pem\ncertfile {folder}/b.pem\nkeyfile {folder}/b.key\n"
