#!/bin/sh
# Makes sure that what `make` needs is on this machine: cargo, a C compiler, and the server programs of PostgreSQL 14
# or newer, which are installed from Debian's or Ubuntu's packages if they are missing and that is possible without
# asking. Says nothing when everything is there. Looks where src/db/embedded/programs.rs looks.
set -eu

oldest=14
newest=18

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

# Whether folder $1 has the server programs, in a supported version.
has_server() {
    for program in initdb pg_ctl postgres; do
        [ -x "$1/$program" ] || return 1
    done
    # postgres (PostgreSQL) 15.6 (Debian 15.6-0+deb12u1)
    major=$("$1/postgres" --version 2>/dev/null | sed -n 's/^.*(PostgreSQL) \([0-9][0-9]*\).*$/\1/p')
    [ -n "$major" ] && [ "$major" -ge "$oldest" ] && [ "$major" -le "$newest" ]
}

# Whether a folder of the PATH has the server programs.
path_has_server() {
    rest=$PATH:
    while [ -n "$rest" ]; do
        folder=${rest%%:*}
        rest=${rest#*:}
        case $folder in
            /*) if has_server "$folder"; then return 0; fi ;;
        esac
    done
    return 1
}

server_is_installed() {
    if [ -n "${SHOWFLOOR_POSTGRES_BIN:-}" ]; then
        has_server "$SHOWFLOOR_POSTGRES_BIN"
        return
    fi
    if path_has_server; then return 0; fi
    if bin=$(pg_config --bindir 2>/dev/null) && has_server "$bin"; then return 0; fi
    for bin in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
        if has_server "$bin"; then return 0; fi
    done
    return 1
}

# Runs a command as root; returns 1 without running it if that takes a password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# Installs Debian's package, kept from making a cluster and starting a server of its own: ours is private. A choice
# that somebody has made in the file before is left alone.
install_server() {
    conf=/etc/postgresql-common/createcluster.conf
    # shellcheck disable=SC2016 # the inner shell expands its own arguments
    as_root sh -c '
        mkdir -p "$(dirname "$1")" || exit
        grep -qs "^[[:space:]]*create_main_cluster" "$1" || echo "create_main_cluster = false" >>"$1"
    ' sh "$conf" &&
        as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            -o Dpkg::Options::=--force-confold postgresql
}

command -v cargo >/dev/null || fail 'cargo is missing: install Rust from https://rustup.rs'
command -v cc >/dev/null || fail 'A C compiler is missing: install one (Debian, Ubuntu: apt-get install build-essential).'

if [ -n "${DATABASE_URL:-}" ] || server_is_installed; then
    exit 0
fi

if [ -n "${SHOWFLOOR_POSTGRES_BIN:-}" ]; then
    fail "SHOWFLOOR_POSTGRES_BIN=$SHOWFLOOR_POSTGRES_BIN does not hold the server programs of PostgreSQL $oldest to $newest: correct or unset it."
fi

advice="PostgreSQL $oldest to $newest is missing: install it (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql@17) or set DATABASE_URL."
if ! command -v apt-get >/dev/null || ! as_root true; then
    fail "$advice"
fi

echo 'Installing PostgreSQL from the package postgresql (no server of its own is started).' >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! install_server >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    fail "$advice"
fi
server_is_installed || fail "$advice"
