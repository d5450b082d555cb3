"""Who holds the program to its document: two logins of each of six roles, and what each of them may not do."""

import json
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tests/api/access/table.md"
EXAMPLES = ROOT / "tests/api/examples.toml"
PASSWORD = "showfloor-demo"

# Two logins of each role. Those that the demonstration does not have are made.
LOGINS = {
    "consultant": ["consultant", "consultant2"],
    "leader": ["leader", "leader2"],
    "manager": ["manager", "manager2"],
    "hr": ["hr", "hr2"],
    "group": ["group", "group2"],
    "dashboard": ["dashboard", "dashboard2"],
}
# The people behind logins that are made, and one who has left: where they work, as what, from when on and up to when.
NEW_PEOPLE = [
    {"employee_no": "M02", "name": "邓立新", "unit": "JC-XS", "position": "sales_manager", "valid_from": "2014-01-01"},
    {"employee_no": "H02", "name": "秦晓岚", "unit": "JC", "position": "hr", "valid_from": "2014-01-01"},
    {"employee_no": "X01", "name": "高远", "unit": "G1", "position": "sales_consultant", "valid_from": "2013-01-01", "valid_to": "2013-12-31"},
]
NEW_LOGINS = [
    {"login": "consultant2", "roles": ["sales_consultant"], "employee_no": "A10"},
    {"login": "manager2", "roles": ["sales_manager"], "employee_no": "M02"},
    {"login": "hr2", "roles": ["hr"], "employee_no": "H02"},
    {"login": "group2", "roles": ["group_admin"]},
    {"login": "dashboard2", "roles": ["dashboard"], "unit": "G2"},
]


class Refused(Exception):
    """A request that was not answered with success."""


class Api:
    """A running demonstration."""

    def __init__(self, address):
        self.address = address
        self.tokens = {}
        self.document = self.send("GET", "/openapi.json")

    def token(self, login):
        if login not in self.tokens:
            body = json.dumps({"login": login, "password": PASSWORD}).encode()
            self.tokens[login] = self.send("POST", "/v1/sessions", body)["access_token"]
        return self.tokens[login]

    def send(self, method, path, body=None, login=None, kind="application/json", is_new=False):
        """What is answered in JSON; an empty object where that is something else. Something new is put where nothing is."""
        headers = {"Content-Type": kind} | ({} if is_new else {"If-Match": "*"})
        if login:
            headers["Authorization"] = f"Bearer {self.token(login)}"
        request = urllib.request.Request(self.address + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                is_json = answer.headers.get_content_type() == "application/json"
                return json.load(answer) if is_json else {}
        except urllib.error.HTTPError as error:
            raise Refused(f"{method} {path} as {login}: {error.code} {error.read().decode(errors='replace')}") from None


def make_logins(api):
    """Makes the logins that the demonstration does not have."""
    make = lambda path, body: api.send("POST", path, json.dumps(body).encode(), "admin")
    for person in NEW_PEOPLE:
        make("/v1/employees", {name: person[name] for name in ("employee_no", "name")} | {"status": "active"})
        make("/v1/assignments", {name: value for name, value in person.items() if name != "name"})
    for login in NEW_LOGINS:
        make("/v1/users", login | {"password": PASSWORD})


def forbidden(role):
    """The operations that the role matrix has a dash for."""
    column, operations = None, set()
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if role in cells:
            column = cells.index(role)
        elif cells[column] == "–":
            operations.update(cells[-1].split())
    return operations


def senders():
    """By whom the example of each operation is sent."""
    by, operation = {}, None
    for line in EXAMPLES.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            operation = line.strip("[]")
        elif line.startswith("by = "):
            by[operation] = json.loads(line.removeprefix("by = "))
    return by
