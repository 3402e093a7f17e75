#!/bin/sh
# SPDX-License-Identifier: MIT
# Puts the pinned source of a library into FOLDER/NAME-VERSION:
#
#     fetch.sh FOLDER SOURCE-PACKAGE DEBIAN-VERSION NAME-VERSION SHA-256-OF-THE-TARBALL
#
# It comes from the Debian source package, through apt-get with the client's own configuration and
# mirror, as an ordinary user: the configured sources are copied with deb made to deb-src, and all of
# apt's state lives in FOLDER. The tarball is kept in the user's cache, so that another build folder
# needs no network. Nothing is done when the source is there already.
set -eu

folder=$1
package=$2
version=$3
unpacked=$4
sha256=$5
tarball=${package}_${version%-*}.orig.tar.gz
cache=${XDG_CACHE_HOME:-${HOME:-$folder}/.cache}/kozo

fail() {
    echo "kozo: can't get the source of $package $version: $1" >&2
    exit 1
}

is_right() {
    [ -f "$1" ] && [ "$(sha256sum <"$1")" = "$sha256  -" ]
}

# Copies the machine's apt sources with `deb` made to `deb-src`.
write_sources() {
    : >"$apt/sources.list"
    for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -f "$list" ] || sed -n 's/^deb[[:space:]]/deb-src /p' "$list" >>"$apt/sources.list"
    done
    for list in /etc/apt/sources.list.d/*.sources; do
        [ ! -f "$list" ] || sed 's/^Types:.*/Types: deb-src/' "$list" >"$apt/parts/${list##*/}"
    done
}

run_apt() {
    apt-get -q -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts="$apt/parts" \
        -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache" \
        -o APT::Sandbox::User="$(id -un)" "$@" >>"$log" 2>&1
}

download() {
    command -v apt-get >/dev/null || fail "there is no apt-get; put $tarball into $cache"
    apt=$folder/$package-apt
    mkdir -p "$apt/parts" "$apt/lists/partial" "$apt/cache/archives/partial"
    write_sources
    : >"$log"
    run_apt update || fail "apt-get update failed, see $log"
    (cd "$folder" && run_apt source --download-only "$package=$version") ||
        fail "apt-get source $package failed, see $log"
    is_right "$folder/$tarball" || fail "$tarball has another SHA-256 than the pinned one"
    mkdir -p "$cache"
    cp "$folder/$tarball" "$cache/$tarball.$$"
    mv "$cache/$tarball.$$" "$cache/$tarball"
    rm -rf "$apt" "$folder/${package}_"*
}

[ ! -f "$folder/$unpacked/.complete" ] || exit 0
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
log=$folder/$package-fetch.log
is_right "$cache/$tarball" || download
rm -rf "${folder:?}/$unpacked"
tar -xzf "$cache/$tarball" -C "$folder"
touch "$folder/$unpacked/.complete"
