#!/usr/bin/env bash
# Poppler draws the pages of a PDF. Install it where we may, else say the one command to type.
set -u
command -v pdftoppm >/dev/null && command -v pdfinfo >/dev/null && exit 0

command='apt-get install --yes poppler-utils'
if command -v apt-get >/dev/null; then
    if [ "$(id -u)" = 0 ]; then
        as_root=()
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root=(sudo -n)
    else
        echo "docsorter needs poppler to read PDF files. Type: sudo $command" >&2
        exit 10
    fi
    echo "installing poppler-utils ..."
    # shellcheck disable=SC2086  # the command is three words
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $command >/dev/null 2>&1 && exit 0
    "${as_root[@]}" apt-get update >/dev/null 2>&1
    # shellcheck disable=SC2086
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $command >/dev/null 2>&1 && exit 0
    echo "poppler could not be installed. Type: sudo apt-get update && sudo $command" >&2
else
    echo "docsorter needs poppler to read PDF files: install the package that has pdftoppm" >&2
fi
exit 10
