"""Holds the program to its OpenAPI document: schemathesis generates requests from it, as two logins of each of six roles, each against
a demonstration of its own on loopback that is started and ended here. Warnings count as failures.

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
from pathlib import Path

from contract_known import SENDERS, Known, everything, make_examples
from contract_logins import LOGINS, PASSWORD, Api, forbidden, make_logins

ROOT = Path(__file__).resolve().parent.parent
WANTED = "schemathesis>=4.32,<5"
START_SECONDS = 900
PHASES = "examples,coverage,fuzzing,stateful"
# What the document cannot say: which codes, people and months there are. A request that is right by the document is refused
# for them with 422, which is told, but no success.
NOT_CHECKED = ["positive_data_acceptance"]
# What schemathesis warns of; of requests that are mostly refused it does not, for the same reason. That the document's examples are
# taken is held by tests/api/examples.rs.
WARNINGS = ["missing_auth", "missing_test_data", "missing_deserializer", "unused_openapi_auth", "unsupported_regex", "base_url_mismatch",
            "method_not_allowed", "unresolvable_reference", "unmatched_filter", "rate_limited"]

# Lists show what is others', too.
ONLY_ONES_OWN = {"confirm_review_talk", "file_appeal", "withdraw_adjustment", "withdraw_appeal", "withdraw_erasure"}

# Who has been erased is not there to be asked for again.
ONCE = {"propose_erasure"}

# Every check is on by itself. Named on the command line they would outweigh what is said of single operations here.
# A change without the version that was seen is a 428, and one of another version a 412, whatever else is wrong with it. Two
# paths may be a name, too: what goes for the name goes for them.
CONFIG = '''
[warnings]
display = {warnings}
fail-on = true

[generation]
max-examples = {most}

[phases.stateful]
max-steps = {steps}
generation.max-examples = {most_scenarios}

[checks]
missing_required_header.expected-statuses = [400, 401, 403, 404, 406, 415, 422, 428]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, "5xx"]

[[operations]]
include-path = "/v1/column-mappings/propose"
checks.allow_header_conformance.enabled = false
checks.unsupported_method.enabled = false

# A draft that was discarded can still be read, which its operation says in words; the document cannot say it to machines.
[[operations]]
include-path-regex = "^/v1/rules/drafts/[{{]id"
checks.use_after_free.enabled = false
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


def prepared(address, login, role, most, folder):
    """Readies a demonstration for a login, and writes down what is known of it: the document, what there is, what is not warned of."""
    api = Api(address)
    make_logins(api)
    made = make_examples(api)
    known = Known(api, login, everything(api))
    operations = [(path, method, operation["operationId"]) for path, item in api.document["paths"].items()
                  for method, operation in item.items()]
    found = {name: known.of_operation(path, method) for path, method, name in operations}
    for name, values in made.items():
        if values in found[name]:
            # Every other request is about what the example was taken for; about others much is refused.
            found[name] = [one for other in found[name] for one in (other, values)]
    (folder / "openapi.json").write_text(json.dumps(api.document))
    bodies = {name: known.in_body(name) for name in found}
    (folder / "known.json").write_text(json.dumps({"paths": found, "bodies": bodies}))
    # Whether somebody else may send the same is for the role matrix to say, and for its tests.
    not_allowed = forbidden(role)
    others = {name for name in found if SENDERS.get(name) != login}
    nothing = {name for name, values in found.items() if not values} - not_allowed
    if nothing:
        print(f"Contract: there is nothing as {login} for {', '.join(sorted(nothing))}", flush=True)
    begin = [name for path, method, name in operations if name not in not_allowed and (method == "post" or "{" not in path)
             and any("links" in answer for answer in api.document["paths"][path][method]["responses"].values())]
    # What begins a scenario is sent twice in it; where nothing else can follow, schemathesis gives up with an error.
    steps = min(60, 2 * len(begin))
    config = CONFIG.format(warnings=json.dumps(WARNINGS), most=most, most_scenarios=10 * most, steps=steps)
    alike = {}
    for name in found:
        left_out = [("missing_auth", name in not_allowed | others | nothing), ("missing_test_data", name in not_allowed | nothing | ONLY_ONES_OWN | ONCE)]
        key = (tuple(warning for warning, is_left_out in left_out if is_left_out), name in not_allowed)
        alike.setdefault(key, []).append(name)
    return config + "".join(treated(names, *key) for key, names in alike.items())


def treated(operations, left_out, is_forbidden):
    """Configuration of what is warned of for some operations. To what is forbidden no link leads, and nothing comes of it."""
    display = [one for one in WARNINGS if one not in left_out]
    return (f"\n[[operations]]\ninclude-operation-id = {json.dumps(operations)}\n"
            f"warnings = {{ display = {json.dumps(display)}, fail-on = true }}\n"
            f"phases.stateful.enabled = {json.dumps(not is_forbidden)}\n")


def held(schemathesis, options, folder, role, login):
    """Whether the program holds to its document as a login."""
    print(f"Contract: as {login}", flush=True)
    demonstration = Demonstration(options.program)
    try:
        address = demonstration.address()
        (folder / "schemathesis.toml").write_text(prepared(address, login, role, options.max_examples, folder))
        environment = os.environ | {"CONTRACT_API": address, "CONTRACT_LOGIN": login, "CONTRACT_PASSWORD": PASSWORD,
                                    "CONTRACT_KNOWN": str(folder / "known.json"), "PYTHONPATH": str(ROOT / "scripts"),
                                    "SCHEMATHESIS_HOOKS": "contract_hooks"}
        run = [schemathesis, "--config-file", str(folder / "schemathesis.toml"), "run", str(folder / "openapi.json"), "--url", address,
               "--exclude-checks", ",".join(NOT_CHECKED), "--seed", options.seed, "--suppress-health-check", "all",
               "--request-timeout", "30",
               # It has no end, and what it tells is what the list tells.
               "--exclude-path", "/v1/changes/stream", *options.more]
        # Scenarios end as soon as the same request is answered in another way than before, which is soon where requests change
        # something. Only in a run that ends by the clock they begin again.
        runs = [["--phases", options.phases], ["--phases", "stateful", "--max-time", str(options.scenario_seconds)]]
        runs = runs if "stateful" in options.phases.split(",") and options.scenario_seconds else runs[:1]
        return all([subprocess.run(run + one, cwd=folder, env=environment).returncode == 0 for one in runs])
    finally:
        demonstration.end()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", default=str(ROOT / "target/debug/showfloor"))
    options.add_argument("--max-examples", type=int, default=20, help="requests an operation and login, at most")
    options.add_argument("--roles", nargs="*", default=list(LOGINS), choices=list(LOGINS), metavar="ROLE")
    options.add_argument("--logins", type=int, default=2, choices=[1, 2], help="how many of each role")
    options.add_argument("--phases", default=PHASES)
    options.add_argument("--scenario-seconds", type=int, default=60, help="how long scenarios are tried again, a login")
    options.add_argument("--seed", default="1")
    options.add_argument("more", nargs="*", help="further options of schemathesis, behind --")
    options = options.parse_args()

    folder = ROOT / "target/contract"
    folder.mkdir(parents=True, exist_ok=True)
    schemathesis = installed(folder)
    if not schemathesis:
        print("Contract: not checked, because schemathesis is not installed and cannot be fetched here (pip install schemathesis).")
        return 2
    logins = [(role, login) for role in options.roles for login in LOGINS[role][:options.logins]]
    failed = [login for role, login in logins if not held(schemathesis, options, folder, role, login)]
    held_as = ", ".join(login for _, login in logins)
    print(f"Contract: {'found something as ' + ', '.join(failed) if failed else 'held as ' + held_as}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
