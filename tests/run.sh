#!/usr/bin/env bash
# What `make test` does: the services that the tests use (as root by apt, when missing), style, types, and the suite.
set -euo pipefail
VENV=${VENV:-.venv}
started=$(date +%s)

# command or file that must exist -> Debian packages that bring it
missing=()
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || missing+=(mosquitto)
[ -x /usr/lib/postgresql/15/bin/initdb ] || missing+=(postgresql-15)
command -v chromium >/dev/null || missing+=(chromium)
ldconfig -p | grep -q libatomic.so.1 || missing+=(libatomic1)
[ -n "$(find /usr/share/fonts -iname '*CJK*' -print -quit 2>/dev/null)" ] || missing+=(fonts-noto-cjk)
command -v openssl >/dev/null || missing+=(openssl)
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing ${missing[*]}"
        # A cluster of the distribution's own would only take a port.
        mkdir -p /etc/postgresql-common && grep -qs create_main_cluster /etc/postgresql-common/createcluster.conf ||
            echo "create_main_cluster = false" >>/etc/postgresql-common/createcluster.conf
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    elif [ "${CI:-}" = true ]; then
        echo "missing: ${missing[*]}; in CI nothing is left out: install them, or run as root" >&2
        exit 1
    else
        echo "left out are the tests that need: ${missing[*]}"
        echo "to run them too: apt-get install --no-install-recommends ${missing[*]}"
    fi
fi

"$VENV/bin/ruff" check .
"$VENV/bin/ruff" format --check --quiet .
"$VENV/bin/mypy"
"$VENV/bin/pytest" -n "${WORKERS:-2}" --dist loadgroup -q "$@"
echo "all of it took $(($(date +%s) - started)) s"
