#!/bin/sh
# packages.sh FOLDER: downloads the WordPress package of each Debian release into FOLDER. It installs
# nothing. It uses the mirror and keys of this machine's sources, which must have bookworm's format.
set -eu
mkdir -p "$1"
folder=$(cd "$1" && pwd)
sources=/etc/apt/sources.list.d/debian.sources

get() { # SUITE
    private=$(mktemp -d)
    mkdir -p "$private/parts" "$private/lists/partial" "$private/cache/archives/partial"
    # Use the paragraph of the release, not those of its updates and security fixes.
    awk -v RS= -v suite="$1" '/-security/ { next }
        { gsub(/Suites:[^\n]*/, "Suites: " suite); print $0 "\n" }' "$sources" >"$private/parts/debian.sources"
    apt() {
        timeout 180 apt-get -qq -o Acquire::Retries=3 -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$private/parts" \
            -o Dir::State::Lists="$private/lists" -o Dir::Cache="$private/cache" \
            -o APT::Get::List-Cleanup=false -o APT::Sandbox::User=root "$@"
    }
    got=no
    if apt update && (cd "$private" && apt download wordpress); then
        mv "$private"/wordpress_*.deb "$folder/$1.deb" && got=yes
    fi
    rm -rf "$private"
    [ $got = yes ]
}

for suite in bookworm trixie; do
    [ -e "$folder/$suite.deb" ] || get $suite
done
# The newest release changes daily and is not always available.
[ -e "$folder/sid.deb" ] || get sid || echo "packages.sh: sid has no WordPress at the moment; continuing without it" >&2
