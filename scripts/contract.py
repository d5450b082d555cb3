"""Holds the program to its OpenAPI document: schemathesis generates requests from it, as six roles, against a demonstration
on loopback that is started and ended here.

Schemathesis is taken from the PATH, or installed from the Python package index into target/contract. Where there is none,
one line says so, and the exit status is 2. Options: contract.py --help.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WANTED = "schemathesis>=4.15,<5"
PASSWORD = "showfloor-demo"
ROLES = ["consultant", "leader", "manager", "hr", "group", "dashboard"]
START_SECONDS = 900
# A token lives for 15 minutes.
TOKEN_SECONDS = 600
# What the document cannot say: which codes, people and months there are. A request that is right by the document is refused
# for them with 422, which is told, but no success.
NOT_CHECKED = ["positive_data_acceptance"]

# Every check is on by itself. Named on the command line they would outweigh what is said of single operations here.
# A change without the version that was seen is a 428, and one of another version a 412, whatever else is wrong with it. Two
# paths may be a name, too: what goes for the name goes for them.
CONFIG = '''
[checks]
missing_required_header.expected-statuses = [400, 401, 403, 404, 406, 415, 422, 428]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, "5xx"]

[[operations]]
include-path = "/v1/column-mappings/propose"
checks.allow_header_conformance.enabled = false
checks.unsupported_method.enabled = false
'''

HOOKS = '''
import json, os, urllib.request
import schemathesis

@schemathesis.auth(refresh_interval={seconds})
class SignedIn:
    def get(self, case, context):
        body = json.dumps({{"login": os.environ["CONTRACT_LOGIN"], "password": "{password}"}}).encode()
        request = urllib.request.Request(os.environ["CONTRACT_API"] + "/v1/sessions", body,
                                         {{"Content-Type": "application/json"}})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["access_token"]

    def set(self, case, data, context):
        case.headers = {{**(case.headers or {{}}), "Authorization": "Bearer " + data}}
'''


def installed(folder):
    """The program `schemathesis`; none where it cannot be had."""
    found = shutil.which("schemathesis")
    if found:
        return found
    program = folder / "venv/bin/schemathesis"
    if program.exists():
        return str(program)
    steps = [[sys.executable, "-m", "venv", str(folder / "venv")],
             [str(folder / "venv/bin/pip"), "install", "--quiet", "--disable-pip-version-check", WANTED]]
    for step in steps:
        try:
            done = subprocess.run(step, capture_output=True)
        except OSError:
            return None
        if done.returncode != 0:
            return None
    return str(program)


class Demonstration:
    """A demonstration with fresh data, on a port of its own."""

    def __init__(self, program):
        self.folder = tempfile.mkdtemp(prefix="showfloor-contract-")
        os.chmod(self.folder, 0o711)
        environment = {name: value for name, value in os.environ.items()
                       if name != "DATABASE_URL" and not name.startswith("SHOWFLOOR_")}
        self.said = []
        self.process = subprocess.Popen(
            [program, "demo", "--listen", "127.0.0.1:0", "--data-dir", f"{self.folder}/data"], cwd=ROOT,
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.said.append(line)

    def address(self):
        """Where it listens, once it does."""
        begun = time.monotonic()
        while time.monotonic() - begun < START_SECONDS:
            text = "".join(self.said)
            found = re.search(r"http://127\.0\.0\.1:[0-9]+", text)
            if found and "Ctrl-C" in text:
                return found.group()
            if self.process.poll() is not None:
                break
            time.sleep(0.2)
        sys.exit("the demonstration did not start:\n" + "".join(self.said[-20:]))

    def end(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", default=str(ROOT / "target/debug/showfloor"))
    options.add_argument("--max-examples", default="20", help="requests an operation and role, at most")
    options.add_argument("--roles", nargs="*", default=ROLES, metavar="LOGIN")
    options.add_argument("--seed", default="1")
    options.add_argument("more", nargs="*", help="further options of schemathesis, behind --")
    options = options.parse_args()

    folder = ROOT / "target/contract"
    folder.mkdir(parents=True, exist_ok=True)
    schemathesis = installed(folder)
    if not schemathesis:
        print("Contract: not checked, because schemathesis is not installed and cannot be fetched here (pip install schemathesis).")
        return 2
    hooks = folder / "contract_hooks.py"
    hooks.write_text(HOOKS.format(seconds=TOKEN_SECONDS, password=PASSWORD))
    (folder / "schemathesis.toml").write_text(CONFIG)
    demonstration = Demonstration(options.program)
    try:
        address = demonstration.address()
        with urllib.request.urlopen(f"{address}/openapi.json") as document:
            (folder / "openapi.json").write_text(json.dumps(json.load(document)))
        failed = []
        for role in options.roles:
            print(f"Contract: as {role}", flush=True)
            environment = os.environ | {"CONTRACT_API": address, "CONTRACT_LOGIN": role, "PYTHONPATH": str(folder),
                                        "SCHEMATHESIS_HOOKS": "contract_hooks"}
            done = subprocess.run(
                [schemathesis, "--config-file", str(folder / "schemathesis.toml"), "run", str(folder / "openapi.json"), "--url", address,
                 "--exclude-checks", ",".join(NOT_CHECKED), "--max-examples", options.max_examples, "--seed", options.seed,
                 "--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all", "--request-timeout", "30",
                 # It has no end, and what it tells is what the list tells.
                 "--exclude-path", "/v1/changes/stream",
                 *options.more], cwd=folder, env=environment)
            if done.returncode != 0:
                failed.append(role)
        print(f"Contract: {'found something as ' + ', '.join(failed) if failed else 'held as ' + ', '.join(options.roles)}.")
        return 1 if failed else 0
    finally:
        demonstration.end()


if __name__ == "__main__":
    sys.exit(main())
