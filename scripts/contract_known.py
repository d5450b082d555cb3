"""What a login finds in the demonstration: the document says what ids look like, and not which ones there are."""

import json
import re
import urllib.parse
from datetime import date

from contract_logins import Refused, senders

# Where things are listed that are not listed at the path that leads to them.
LISTED = {
    "/v1/appeals/{id}/evidence": "/v1/appeals/{id}",
    "/v1/facts": "/v1/facts/history",
    "/v1/leave-types/{name}/protections": "/v1/leave-types",
    "/v1/proposals": "/v1/plans/{id}/proposals",
    "/v1/rules/drafts/{id}/files": "/v1/rules/drafts/{id}",
    "/v1/rules/releases/{id}/files": "/v1/rules/releases/{id}",
    "/v1/review-talks": "/v1/reviews/{id}/talks",
}
SENDERS = senders()
# Of how many things what lies within them is listed, and of how many a thing is tried to be made.
WITHIN = 60
# What can only be made of these days, and by which field.
OF_TODAY = {"create_activity": "day", "put_report_duties": "valid_from"}
# What names a unit, in every other request one that there is: few of those that are generated are one.
OF_UNIT = {"put_report_duties": {"unit": "JC"}}
# What makes something and is not answered with 201: what is put under a name and handed in, backtests, next revisions of reviews.
MAKE_TOO = {"put_leave_type", "create_backtest", "put_contribution", "hand_in_contribution", "decide_appeal"}
# What comes too late for a month that is frozen and waits for somebody to decide.
LATE = {"period": "2014-12", "source_system": "dms", "late": "keep",
        "rows": [{"employee_no": person, "facts": {"deliveries": count}} for person, count in [("A01", 5), ("A10", 6), ("A12", 4)]]}
# What a body names: the field, and where it is listed.
IN_BODIES = {"decide_late_corrections": ("ids", "/v1/late-corrections")}


class Known:
    """The values of a path's parameters that lead to something that a login reaches."""

    def __init__(self, api, login, wider=None):
        """`wider` finds what may not be listed."""
        self.api, self.login, self.wider, self.paths = api, login, wider, api.document["paths"]
        self.found = {}

    def of(self, path):
        """The values of all parameters of a path; of a path without parameters one that has none."""
        key = path[:path.rfind("}") + 1]
        if not key:
            return [{}]
        if key not in self.found:
            self.found[key] = self.listed(key) or self.looked_for(key)
        return self.found[key]

    def of_operation(self, path, method):
        """Those that an operation takes, as far as that can be told: what is read answers, and what is put there is given a name."""
        operation = self.paths[path][method]["operationId"]
        values = self.of(path)
        if not values and method != "get" and SENDERS.get(operation) == self.login and self.wider:
            # One's own may be changed where it may not be read.
            values = self.wider.of(path)[-WITHIN:]
        if method == "get":
            return [one for one in values[-WITHIN:] if self.read(path, one) is not None]
        if method == "put" and path.endswith("}"):
            name = path[path.rindex("{") + 1:-1]
            return values + [one | {name: value} for one in self.of(path[:path.rindex("/")]) for value in self.written(path, name)]
        return values

    def in_body(self, operation):
        """What has to stand in a body, in turns: a field, and what it says. Of what is listed the youngest comes first."""
        if operation in OF_TODAY:
            day = {OF_TODAY[operation]: str(date.today())}
            return [day, day | OF_UNIT.get(operation, {})]
        if operation not in IN_BODIES:
            return None
        field, path = IN_BODIES[operation]
        return [{field: [one["id"]]} for one in named(self.read(path, {}), path, "id")][::-1]

    def listed(self, key):
        collection, name = key[:key.rindex("/")], key[key.rindex("{") + 1:-1]
        listed = LISTED.get(collection, collection)
        if "get" not in self.paths.get(listed, {}):
            return [one | {name: value} for one in self.of(collection) for value in self.written(key, name)]
        found = []
        for one in self.of(listed)[-WITHIN:]:
            # What is listed within something else stands at a path of its own.
            own = {name: value for name, value in one.items() if f"{{{name}}}" in collection}
            found += [own | values for values in named(self.read(listed, one), collection, name)]
        return [one for at, one in enumerate(found) if one not in found[:at]]

    def looked_for(self, key):
        candidates = self.wider.of(key)[-WITHIN:] if self.wider and "get" in self.paths.get(key, {}) else []
        return [one for one in candidates if self.read(key, one) is not None]

    def written(self, key, name):
        """What the document writes as an example, where nothing is listed."""
        operations = [item for path, of_path in self.paths.items() if path.startswith(key) for item in of_path.values()]
        parameters = [parameter for operation in operations for parameter in operation.get("parameters", [])]
        return [one["example"] for one in parameters if one["name"] == name and "example" in one][:1]

    def read(self, path, values):
        """What is answered that is asked for as much as it gives, or else as in the example; nothing where that is refused."""
        asked = [one for one in self.paths[path]["get"].get("parameters", []) if one["in"] == "query"]
        most = {one["name"]: one["schema"]["maximum"] for one in asked if one["name"] == "limit"}
        needed = {one["name"]: one["example"] for one in asked if one.get("required")}
        example = {one["name"]: text(one["example"]) for one in asked if "example" in one}
        for query in [needed | most, example]:
            try:
                return self.api.send("GET", f"{filled(path, values)}?{urllib.parse.urlencode(query)}", login=self.login)
            except Refused:
                continue
        return None


def text(value):
    """A value as it stands in an address."""
    return value if isinstance(value, str) else json.dumps(value)


def filled(path, values):
    return path.format_map({name: urllib.parse.quote(str(value), safe="") for name, value in values.items()})


def named(value, collection, name):
    """The names of everything in a list, or of what lies there under the collection's name: the field of a name, or else the id."""
    within = collection.rsplit("/", 1)[-1]
    if isinstance(value, dict):
        value = value.get("items", value.get(within))
    if isinstance(value, dict):
        yield from ({name: one} for one in value)
    for one in value if isinstance(value, list) else []:
        if within in one:
            above = {key: one[key] for key in one if f"{{{key}}}" in collection}
            yield from (above | inner for inner in named(one, collection, name))
        elif name in one or "id" in one:
            yield {name: one.get(name, one.get("id"))}


def make_examples(api):
    """Makes one of everything that the document's examples make, so that there is something of every kind; gives of what."""
    api.send("POST", "/v1/facts", json.dumps(LATE).encode(), "clerk")
    made, refused = {}, []
    operations = [(path, method, operation) for path, item in api.document["paths"].items() for method, operation in item.items()]
    # To what has been decided nothing is added.
    operations.sort(key=lambda one: one[2]["operationId"] == "decide_appeal")
    for path, method, operation in operations:
        name = operation["operationId"]
        if name not in SENDERS or "201" not in operation["responses"] and name not in MAKE_TOO:
            continue
        login = SENDERS[name]
        content = operation.get("requestBody", {}).get("content", {"application/json": {}})
        kind, example = next((kind, of_kind.get("example")) for kind, of_kind in content.items())
        if name in OF_TODAY:
            example = example | {OF_TODAY[name]: str(date.today())}
        body = example.encode() if isinstance(example, str) else json.dumps(example).encode()
        query = urllib.parse.urlencode({one["name"]: text(one["example"]) for one in operation.get("parameters", [])
                                        if one["in"] == "query" and "example" in one})
        # What is youngest is still open.
        for values in Known(api, login, everything(api)).of_operation(path, method)[::-1][:WITHIN]:
            try:
                api.send(method.upper(), f"{filled(path, values)}?{query}", body, login, kind)
                made[name] = values
                break
            except Refused:
                continue
        else:
            refused.append(name)
    print(f"Contract: refused are the examples of {', '.join(refused)}", flush=True)
    return made


def everything(api):
    """What there is, whoever reaches it."""
    return Known(api, "group", Known(api, "admin"))
