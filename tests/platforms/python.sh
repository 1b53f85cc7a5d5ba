#!/bin/sh
# python.sh PYTHON FOLDER: installs the Python platforms that python.txt locks into FOLDER, apart from
# the packages of this project.
set -eu
list=$(dirname "$0")/python.txt
cmp -s "$list" "$2/installed.txt" && exit
rm -rf "$2"
"$1" -m pip --disable-pip-version-check --quiet install --require-hashes --requirement "$list" --target "$2"
cp "$list" "$2/installed.txt"
