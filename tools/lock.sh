#!/bin/sh
# Writes every lock: exact versions with hashes for all platforms, and no address of any index.
#
#   tools/lock.sh               keeps the versions that still fit the bounds in pyproject.toml
#   tools/lock.sh --upgrade     takes the newest that fit
#
# A workspace package never appears in a lock: it is built from the tree beside it.
set -eu
cd "$(dirname "$0")/.."

members="contracts tools/contracts deploy/local"
for directory in libs/* services/*; do
    if [ -f "$directory/pyproject.toml" ]; then members="$members $directory"; fi
done

own=""
for directory in $members; do
    name=$(sed -n 's/^name = "\(.*\)"$/\1/p' "$directory/pyproject.toml")
    own="$own --no-emit-package $name"
done

# compile OUTPUT INPUT…
compile() {
    output=$1
    shift
    echo "lock: $output" >&2
    # shellcheck disable=SC2086  # $own and $upgrade are lists of options
    "${UV:-uv}" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-annotate --custom-compile-command 'make lock' $own $upgrade \
        --output-file "$output" "$@" >/dev/null
}

upgrade=${1:-}
build="$(mktemp)"
trap 'rm -f "$build"' EXIT
sed -n 's/^requires = \["\(uv_build.*\)"\]$/\1/p' contracts/pyproject.toml >"$build"

compile tools/uv/requirements.lock tools/uv/requirements.in
compile deploy/local/servers/requirements.lock deploy/local/servers/requirements.in
for service in services/*; do
    if [ -f "$service/pyproject.toml" ]; then
        compile "$service/requirements.lock" "$service/pyproject.toml" "$build"
    fi
done

compile deploy/local/requirements.lock deploy/local/pyproject.toml "$build"

inputs="pyproject.toml"
for directory in $members; do inputs="$inputs $directory/pyproject.toml"; done
# shellcheck disable=SC2086
compile requirements.lock --group dev $inputs "$build"

# What Reel and its peers both use they use in the same version.
compile tests/load/peer/requirements.lock tests/load/peer/requirements.in -c requirements.lock
# The lock of newman, which only make postman needs.
if command -v npm >/dev/null; then
    echo "lock: tools/newman/package-lock.json" >&2
    (cd tools/newman && npm install --package-lock-only --loglevel=error >/dev/null)
fi
