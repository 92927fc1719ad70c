#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Fails when a source file is not as .clang-format wants it: check-format.sh CLANG-FORMAT ROOT
set -eu
cd "$2"
set -- "$1" app core tests
[ ! -d ui ] || set -- "$@" ui
clang_format=$1
shift
find "$@" -name '*.[ch]' -print0 | xargs -0 "$clang_format" --dry-run -Werror
