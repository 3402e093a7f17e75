# SPDX-License-Identifier: MIT
# Toolchain validation: holds what this machine has against the table beside this file, and gets what is
# missing where it can. Sourced by ./kozo, which provides `root`, `say`, `fail` and `progress`; it is
# not needed, and not read, once everything was found.

# The version that a command reports: the first number with a dot in it.
tool_version() {
    "$1" --version 2>/dev/null </dev/null |
        sed -n 's/^[^0-9]*\([0-9][0-9]*\(\.[0-9][0-9]*\)\{1,\}\).*/\1/p' | head -n 1
}

# version_reaches FOUND WANTED: compares number by number.
version_reaches() {
    reaches_found=$1. reaches_wanted=$2.
    while [ -n "$reaches_wanted" ]; do
        found_part=${reaches_found%%.*} wanted_part=${reaches_wanted%%.*}
        [ "${found_part:-0}" -gt "$wanted_part" ] && return 0
        [ "${found_part:-0}" -lt "$wanted_part" ] && return 1
        reaches_found=${reaches_found#*.} reaches_wanted=${reaches_wanted#*.}
    done
    return 0
}

# examine WHAT AT_LEAST: sets `place`, `version` and `verdict` (ok, missing, old).
examine() {
    place='' version='' verdict=missing
    case $1 in
    /*)
        for candidate in $1; do
            [ -e "$candidate" ] && place=$candidate && verdict=ok
        done
        ;;
    *)
        place=$(command -v "$1" 2>/dev/null) || return 0
        verdict=ok
        [ "$2" = - ] && return 0
        version=$(tool_version "$1")
        [ -n "$version" ] || { verdict=missing; return 0; }
        version_reaches "$version" "$2" || verdict=old
        ;;
    esac
}

# each_need FUNCTION PART…: calls FUNCTION WHAT AT_LEAST PACKAGE CALLED for each line of these parts.
each_need() {
    need_function=$1
    shift
    while read -r need_part need_what need_version need_package need_called; do
        case " $* " in
        *" $need_part "*) "$need_function" "$need_what" "$need_version" "$need_package" "$need_called" ;;
        esac
    done <"$root/tools/doctor/tools"
}

note_need() {
    examine "$1" "$2"
    case $verdict in
    ok) places="$places$place
" ;;
    missing) lacking="$lacking$4 ($1)
" packages="$packages $3" ;;
    old) lacking="$lacking$4 ($1 is $version, $2 or newer is needed)
" packages="$packages $3" ;;
    esac
}

# survey PART…: sets `places` (where things are), `lacking` (sentences) and `packages`.
survey() {
    places='' lacking='' packages=''
    each_need note_need "$@"
    packages=$(printf '%s\n' $packages | sort -u | tr '\n' ' ')
    packages=${packages% }
}

show_need() {
    examine "$1" "$2"
    case $verdict in
    ok) printf '  ok       %-20s %s\n' "$4" "${version:-$place}" ;;
    missing) printf '  missing  %-20s %s, package %s\n' "$4" "$1" "$3" ;;
    old) printf '  too old  %-20s %s, %s or newer is needed, package %s\n' "$4" "$version" "$2" "$3" ;;
    esac
}

# Packages can be installed here: Debian or one of its children.
has_apt() {
    command -v apt-get >/dev/null 2>&1 && [ -e /etc/debian_version ]
}

# as_root COMMAND…: fails when this user is not root and sudo can't help without asking in vain.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        sudo "$@"
    else
        return 1
    fi
}

can_install() {
    has_apt && { [ "$(id -u)" = 0 ] ||
        { command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }; }
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@"
}

# install_packages PACKAGE…: package lists may be empty or out of date, so a first failure is answered
# with a fresh list and a second try.
install_packages() {
    mkdir -p "$root/build"
    install_log=$root/build/install.log
    progress "installing $*"
    apt_install "$@" >"$install_log" 2>&1 ||
        { as_root apt-get update -q >>"$install_log" 2>&1 && apt_install "$@" >>"$install_log" 2>&1; }
    install_status=$?
    progress ''
    [ $install_status = 0 ] || {
        grep '^E: ' "$install_log" | tail -n 3 >&2
        fail "could not install $* (build/install.log says why)"
    }
}

# tell_lacking: one sentence for each thing that is missing, and how to get them all.
tell_lacking() {
    printf '%s' "$lacking" | while read -r sentence; do
        say "missing: $sentence"
    done
    if has_apt; then
        say "install with: apt-get install --no-install-recommends $packages"
    else
        say "in Debian and Ubuntu these are the packages: $packages"
    fi
}

# provide PART…: all that these parts need is here afterwards, or the launcher ends.
provide() {
    survey "$@"
    if [ -n "$packages" ] && can_install; then
        install_packages $packages
        survey "$@"
    fi
    [ -z "$packages" ] && return 0
    tell_lacking
    exit $failed
}

# examine_machine: the answer of `./kozo doctor`.
examine_machine() {
    each_need show_need build run image test
    survey build run image test
    if [ -z "$packages" ]; then
        echo 'Nothing is missing.'
        return 0
    fi
    if has_apt; then
        echo "To install what is missing: apt-get install --no-install-recommends $packages"
    else
        echo "What is missing is in these packages of Debian and Ubuntu: $packages"
    fi
    return 1
}
