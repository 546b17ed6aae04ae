# Steps that deploy/quickstart and deploy/test share: packages, configure, build. Sourced, never run.
# shellcheck shell=bash

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Runs a command as root: directly, or by sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        fail "packages are missing and neither root nor sudo is at hand; as root run: $*"
    fi
}

# Installs what deploy/packages.txt names and the machine does not have.
install_packages() {
    command -v dpkg-query >/dev/null 2>&1 || fail "this needs Debian 12 (dpkg-query was not found)"
    local wanted missing=() name
    wanted="$(sed 's/#.*//' "$root/deploy/packages.txt")"
    for name in $wanted; do
        dpkg-query -W -f='${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
    done
    if [ "${#missing[@]}" -eq 0 ]; then
        say "packages: all there"
        return
    fi
    say "packages: installing ${missing[*]}"
    as_root apt-get update -q
    as_root apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# configure PRESET [cmake options...]
configure() {
    say "configure ($1)"
    (cd "$root" && cmake --preset "$@" >"/tmp/loopmind-configure.$$.log" 2>&1) || {
        cat "/tmp/loopmind-configure.$$.log" >&2
        rm -f "/tmp/loopmind-configure.$$.log"
        fail "cmake --preset $1 failed, see above"
    }
    rm -f "/tmp/loopmind-configure.$$.log"
}

# build FOLDER [targets...]: says how long it took.
build() {
    local folder="$1" began=$SECONDS
    shift
    say "build into ${folder#"$root"/} with $(nproc) jobs${*:+: $*}"
    ninja -C "$folder" -j"$(nproc)" "$@"
    printf 'built in %d s\n' $((SECONDS - began))
}
