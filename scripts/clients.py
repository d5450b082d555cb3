"""Makes clients of the OpenAPI document with the generators of two languages, compiles them as strictly as their compilers can,
and reads a leaderboard with each from a demonstration on loopback that is started and ended here.

The generators are installed from the npm registry and the Python package index into target/clients. Where there is none, one line
says so, and the exit status is 2. Options: clients.py --help.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from contract import Demonstration

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = ROOT / "scripts/clients"
NPM = ["openapi-typescript@7", "openapi-fetch@0.17", "typescript@5", "@types/node@20"]
PYPI = ["openapi-python-client>=0.29,<0.30", "mypy>=2,<3"]
# A workbook is bytes: the generator for Python knows only some media types by name.
PYTHON_CONFIG = {
    "project_name_override": "showfloor-client",
    "package_name_override": "showfloor_client",
    "content_type_overrides": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "application/octet-stream"},
}
TSC = ["--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--noPropertyAccessFromIndexSignature",
       "--skipLibCheck", "false", "--module", "nodenext", "--target", "es2022"]
# The best of March 2014 by total, and the store's cars beside those of February: the demonstration's own numbers.
EXPECTED = ["1 A01 96.63 16", "2 A05 96.18 17", "JC 149 144 locked 92", "0 changes", "validation-failed period"]


class Failed(Exception):
    """A step that did not go well, with what it said."""


def run(command, folder, **more):
    """Runs a step, and gives what it printed."""
    environment = os.environ | more
    done = subprocess.run([str(word) for word in command], cwd=folder, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failed(f"{' '.join(str(word) for word in command)}\n{done.stdout[-8000:]}")
    return done.stdout


def installed(folder):
    """Whether the generators are there, or could be fetched."""
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    try:
        run(["npm", "install", "--no-audit", "--no-fund", "--silent", *NPM], folder)
        if not (folder / "venv").exists():
            run([sys.executable, "-m", "venv", folder / "venv"], folder)
        run([folder / "venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", *PYPI], folder)
    except (Failed, OSError) as error:
        print("Clients: not made, because their generators cannot be fetched here (npm, pip): " + str(error).split("\n", 1)[0])
        return False
    return True


def typescript(folder, document, address):
    """What the client in TypeScript reads."""
    source = folder / "typescript"
    source.mkdir(exist_ok=True)
    run([folder / "node_modules/.bin/openapi-typescript", document, "-o", source / "api.d.ts"], folder)
    shutil.copy(CLIENTS / "board.ts", source)
    run([folder / "node_modules/.bin/tsc", *TSC, "--outDir", folder / "javascript", source / "board.ts"], folder)
    return run(["node", folder / "javascript/board.js"], folder, API=address)


def python(folder, document, address):
    """What the client in Python reads."""
    (folder / "python.json").write_text(json.dumps(PYTHON_CONFIG))
    path = f"{folder / 'venv/bin'}:{os.environ['PATH']}"
    said = run([folder / "venv/bin/openapi-python-client", "generate", "--path", document, "--config", folder / "python.json",
                "--output-path", folder / "python", "--overwrite"], folder, PATH=path)
    if "WARNING" in said:
        raise Failed(said)
    shutil.copy(CLIENTS / "board.py", folder / "python")
    run([folder / "venv/bin/mypy", "--strict", "showfloor_client", "board.py"], folder / "python")
    return run([folder / "venv/bin/python", "board.py"], folder / "python", API=address)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", default=str(ROOT / "target/debug/showfloor"))
    options = options.parse_args()

    folder = ROOT / "target/clients"
    folder.mkdir(parents=True, exist_ok=True)
    if not installed(folder):
        return 2
    document = folder / "openapi.json"
    document.write_text(run([os.path.abspath(options.program), "openapi"], folder))
    faults = 0
    demonstration = Demonstration(options.program)
    try:
        address = demonstration.address()
        for language, client in [("TypeScript", typescript), ("Python", python)]:
            try:
                lines = client(folder, document, address).splitlines()
            except (Failed, OSError) as error:
                print(f"Clients: {language}: {error}")
                faults += 1
                continue
            is_right = lines == EXPECTED
            print(f"Clients: {language} compiles strictly and reads {'what it should' if is_right else 'something else:'}", flush=True)
            if not is_right:
                print(*lines, sep="\n")
                faults += 1
    finally:
        demonstration.end()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
