"""Hooks for schemathesis: signs in, and puts into requests that are right by the document what it cannot say: which ids, months and
people there are, which version was seen. Of bodies every other one keeps one field of what was generated."""

import json
import os
import random
import urllib.parse
import urllib.request
from collections import Counter

import schemathesis

# A token lives for 15 minutes.
TOKEN_SECONDS = 600
API = os.environ["CONTRACT_API"]
SIGN_IN = {"login": os.environ["CONTRACT_LOGIN"], "password": os.environ["CONTRACT_PASSWORD"]}
with open(os.environ["CONTRACT_KNOWN"], encoding="utf-8") as known:
    # The values of a path's parameters that lead to something, and fields of bodies, by operation.
    KNOWN = json.load(known)
SENT = Counter()
# Whatever stood in an answer of a scenario.
ANSWERED = set()


@schemathesis.auth(refresh_interval=TOKEN_SECONDS)
class SignedIn:
    def get(self, case, context):
        request = urllib.request.Request(f"{API}/v1/sessions", json.dumps(SIGN_IN).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["access_token"]

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": "Bearer " + data}


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    phase, operation = case.meta.phase.name, case.operation
    sent = SENT[phase, operation.label]
    SENT[phase, operation.label] += 1
    if "If-Match" in (case.headers or {}):
        case.headers["If-Match"] = "*"
    name = operation.definition.raw["operationId"]
    known = KNOWN["paths"].get(name)
    # In a scenario ids come from answers before, as far as there are any.
    if known and not (phase == "stateful" and is_linked(case)):
        case.path_parameters = {**(case.path_parameters or {}), **known[-1 - sent % len(known)]}
    if phase in ("fuzzing", "stateful") or sent == 0:
        near_example(case, operation.definition.raw, is_whole=sent % 2 == 0, is_wide=phase == "stateful")
    in_body = KNOWN["bodies"].get(name)
    if in_body and isinstance(case.body, dict):
        case.body = case.body | in_body[sent % len(in_body)]


@schemathesis.hook
def after_call(context, case, response):
    if case.meta and case.meta.phase.name == "stateful" and "json" in response.headers.get("content-type", [""])[0]:
        remember(response.json())


def remember(value):
    """Notes everything that stands in an answer."""
    if isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            remember(one)
    else:
        ANSWERED.add(str(value))


def is_linked(case):
    """Whether a name in the path is one that was answered."""
    return any(urllib.parse.unquote(str(value)) in ANSWERED for value in (case.path_parameters or {}).values())


def near_example(case, operation, is_whole, is_wide):
    """Puts the document's example in place of what was generated, all of it or all but one field; of a query only what is needed,
    where as much as possible is to be listed."""
    query = {one["name"]: one["example"] for one in operation.get("parameters", [])
             if one["in"] == "query" and "example" in one and (one.get("required") or not is_wide)}
    query = {name: json.dumps(value) if isinstance(value, bool) else value for name, value in query.items()}
    case.query = one_of(case.query or {}, is_whole) | query
    example = operation.get("requestBody", {}).get("content", {}).get(case.media_type, {}).get("example")
    if isinstance(example, dict) and isinstance(case.body, dict):
        case.body = example | one_of(case.body, is_whole)
    elif example is not None and is_whole:
        case.body = example


def one_of(generated, is_none):
    """One of the fields that were generated, or none of them."""
    if is_none or not generated:
        return {}
    name = random.Random(repr(generated)).choice(sorted(generated))
    return {name: generated[name]}
