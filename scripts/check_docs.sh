#!/bin/sh
# Pastes every command of README.md and the guides, as written, against a fresh demonstration, and compares what it
# prints with what the guide shows. `make docs` builds the program first. Options: check_docs.py --help.
exec python3 "$(dirname "$0")/check_docs.py" "$@"
