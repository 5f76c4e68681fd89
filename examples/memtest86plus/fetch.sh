#!/bin/sh
# fetch.sh PACKAGE... : Debian's packages, by apt and its signed indexes, into build/packages; needs no root, and touches no list of the machine's.
set -eu
top=$PWD
mkdir -p build/apt/lists/partial build/apt/cache/archives/partial build/packages
quiet() {
  apt-get -qq -o Dir::State::Lists="$top/build/apt/lists" -o Dir::Cache="$top/build/apt/cache" -o APT::Sandbox::User=root \
    -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}
quiet update
cd build/packages
quiet download "$@"
