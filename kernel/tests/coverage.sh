#!/bin/sh
# SPDX-License-Identifier: MIT
# coverage.sh FOLDER PROGRAM…: runs unit tests that count, and prints for each file of the portable
# kernel, and in all, how many lines they reached. What was counted stays in FOLDER; for the lines
# themselves: llvm-cov-19 show PROGRAM -instr-profile=FOLDER/kernel.profdata FILE
set -eu

folder=$1
shift
counts=
objects=
for program; do
    count=$folder/$(basename "$program").profraw
    LLVM_PROFILE_FILE=$count "$program" >"$count.tap" || {
        grep -v '^ok' "$count.tap"
        exit 1
    }
    counts="$counts $count"
    objects="$objects -object $program"
done
# Paths of a build have no blanks: they are words of the two lists.
# shellcheck disable=SC2086
llvm-profdata-19 merge -o "$folder/kernel.profdata" $counts
# shellcheck disable=SC2086
llvm-cov-19 report $objects -instr-profile="$folder/kernel.profdata" \
    -ignore-filename-regex='(^|/)(tests|lib/test|golden|arch)/' |
    awk '($1 ~ /\.[ch]$/ && $8 > 0) || $1 == "TOTAL" {
        name = $1
        sub(/.*\.\.\//, "", name)
        printf "%-32s %6s lines %6s missed %8s\n", name, $8, $9, $10
    }'
