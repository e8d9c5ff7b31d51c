#!/bin/sh
# Makes the environments of this clone, from nothing but a Python ≥ 3.11.
#
#   tools/setup.sh develop     .venv: every locked dependency, our own packages editable
#   tools/setup.sh servers     .tools/servers: the programs the embedded stack runs
#   tools/setup.sh peer        .tools/peer: the programs that the benchmarks compare with
#   tools/setup.sh newman      .tools/newman: runs the Postman collection; needs Node 20
#   tools/setup.sh uv          prints the path of the uv that the others use
#
# Writes below the clone and in the caches of pip and uv, nowhere else. PYTHON names an
# interpreter, UV a uv to use instead of the ones found here.
set -eu
cd "$(dirname "$0")/.."

OLDEST_UV_MINOR=8 # 0.8: the first with a stable uv_build

say() { echo "setup: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

# An index named for pip serves uv as well; certificates are the machine's own.
prepare() {
    unset VIRTUAL_ENV PYTHONPATH PYTHONHOME
    export PIP_DISABLE_PIP_VERSION_CHECK=1 UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=never
    export UV_SYSTEM_CERTS=1 UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-180}"
    if [ -n "${PIP_INDEX_URL:-}" ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        export UV_DEFAULT_INDEX="$PIP_INDEX_URL"
    fi
    if [ -z "${HOME:-}" ] || [ ! -w "$HOME" ]; then
        export PIP_CACHE_DIR="$PWD/.tools/cache/pip" UV_CACHE_DIR="$PWD/.tools/cache/uv"
    fi
}

# Prints the path of an interpreter. A shim may stand for a version that is not installed, so
# each candidate is run, and named by what it says of itself.
find_python() {
    for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3 /usr/bin/python3}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$candidate" -c 'import sys; print(getattr(sys, "_base_executable", sys.executable))'
            return
        fi
    done
    fail "no Python 3.11 or newer was found; name one with make setup PYTHON=/path/to/python3"
}

uv_is_recent() {
    minor=$("$1" --version 2>/dev/null | sed -n 's/^uv 0\.\([0-9]*\)\..*/\1/p')
    case "$minor" in
    '') "$1" --version 2>/dev/null | grep -q '^uv [1-9]' ;;
    *) [ "$minor" -ge "$OLDEST_UV_MINOR" ] ;;
    esac
}

# Prints the path of a uv: the caller's, the one on PATH, or one fetched into .tools/uv.
find_uv() {
    for candidate in "${UV:-}" uv .tools/uv/bin/uv; do
        if [ -n "$candidate" ] && uv_is_recent "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fetch_uv >&2
    echo .tools/uv/bin/uv
}

# Some systems ship Python without ensurepip (so no venv) or without pip: either will do.
fetch_uv() {
    say "fetching uv"
    rm -rf .tools/uv
    mkdir -p .tools
    options="--quiet --require-hashes --only-binary :all: -r tools/uv/requirements.lock"
    # shellcheck disable=SC2086  # a list of options
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -m venv .tools/uv
        .tools/uv/bin/python -m pip install $options
    elif "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m pip install $options --target .tools/uv
    else
        fail "$python has neither ensurepip nor pip: install your system's python3-venv package," \
            "or uv itself, and run make setup again"
    fi
}

# environment DIRECTORY LOCK: makes it hold exactly what the lock names.
environment() {
    if ! "$1/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        say "making $1 with $python"
        "$uv" venv --quiet --clear --python "$python" "$1"
    fi
    say "installing $2 into $1"
    "$uv" pip sync --quiet --require-hashes --python "$1/bin/python" "$2"
}

develop() {
    environment .venv requirements.lock
    packages=""
    for manifest in contracts/pyproject.toml */*/pyproject.toml; do
        packages="$packages -e $(dirname "$manifest")"
    done
    # shellcheck disable=SC2086  # a list of options
    "$uv" pip install --quiet --no-deps --no-build-isolation --python .venv/bin/python $packages
}

newman() {
    if ! node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null; then
        fail "make postman needs Node 20 or newer, with npm, and nothing else does; found:" \
            "$(node --version 2>/dev/null || echo none)"
    fi
    mkdir -p .tools/newman
    cp tools/newman/package.json tools/newman/package-lock.json tools/newman/.npmrc .tools/newman
    say "installing tools/newman/package-lock.json into .tools/newman"
    (cd .tools/newman && npm ci --loglevel=error >&2)
}

prepare
python=$(find_python)
uv=$(find_uv)
case "${1:-}" in
develop) develop ;;
servers) environment .tools/servers deploy/local/servers/requirements.lock ;;
peer) environment .tools/peer tests/load/peer/requirements.lock ;;
newman) newman ;;
uv) echo "$uv" ;;
*) fail "say develop, servers, peer, newman or uv" ;;
esac
