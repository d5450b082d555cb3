"""The plans of a group for subtract_dashboards.py: of some stores and of the group, planned again, with commitments, supply and rebates."""

import calendar
import datetime
import json

from contract import PASSWORD
from contract_logins import Refused

YEAR = 2016
MONTHS = (1, 2, 3)
TOTALS = {"deliveries": 12000, "loans": 6000}
POLICIES = {"all": [{"min_attainment": 0, "per_vehicle": 100}],
            "ssi": [{"min_attainment": 0, "per_vehicle": 100}, {"min_attainment": 0.001, "per_vehicle": 300, "min_ssi": 800}]}


def period(month):
    return f"{YEAR}-{month:02}"


def days(month):
    """The first day of a month, and the first beyond it."""
    first = datetime.date(YEAR, month, 1)
    return first, first + datetime.timedelta(calendar.monthrange(YEAR, month)[1])


class Version:
    """A version: from which months on it was planned again, each time by what had been brought: by metric, the unknowns of each month."""

    def __init__(self, plan, unit, again=()):
        self.plan, self.unit, self.again = plan, unit, list(again)
        # What was counted for people of whom nothing is known, by metric and month.
        self.counted = {}

    def brought(self, metric, months):
        """By what the targets of some months were planned again."""
        starts = [start for start, _ in self.again] + [13]
        for at, (start, known) in enumerate(self.again):
            if any(start <= month < starts[at + 1] for month in months):
                yield frozenset().union(*known[metric].values())


class Plans:
    """The plans of a group, and what is entered beside them."""

    def __init__(self, group):
        self.group, self.chance = group, group.chance
        # Units planned as a whole, versions, and by store or group those in force: from which month on, which.
        self.whole, self.versions, self.in_force = [], [], {}
        # The trees of stores that people have committed in: what people, and what units as a whole have committed to.
        self.trees, self.committed, self.owned = {}, {}, {}
        self.chiefs = [f"{group.name.lower()}chief{one}" for one in (1, 2)]
        for login in self.chiefs:
            group.make("users", {"login": login, "password": PASSWORD, "roles": ["group_admin"]})
        for store in group.of_kind("store"):
            self.plan(store, (group.desk, group.boss), 0.8)
            self.supply(store)
        self.plan(group.name, self.chiefs, 0.5)
        for code, tiers in POLICIES.items():
            body = {"unit": group.name, "year": YEAR, "name": code, "basis": "deliveries", "tiers": tiers}
            self.put(f"rebate-policies/{group.name}{code}", body, self.chiefs[0], is_new=True)

    def put(self, path, body, login, is_new=False):
        return self.group.api.send("PUT", f"/v1/{path}", json.dumps(body).encode(), login, is_new=is_new)

    def plan(self, root, logins, share):
        """A year's plan of some of the units, which it may split no further, and people, as who plans sees them."""
        group = self.group

        def node(unit):
            members = [person for person in group.postings if group.unit_of(person, 1) == unit and group.sells(person, 1)]
            has_plan = unit in self.in_force
            if has_plan or self.chance.random() < 0.3 and unit != root:
                whole.extend([] if has_plan else [unit])
                return {"unit": unit, "weight": self.chance.randint(1, 9)}
            below = [one for one, parent in group.parents.items() if parent == unit]
            if not is_deep and group.kinds[unit] == "store":
                # Departments are left out, and their teams planned below the store.
                below = [one for part in below for one in (part, *(team for team, of in group.parents.items() if of == part))]
                below = [one for one in below if group.kinds[one] == "team"]
            made = [made for made in map(node, below) if made]
            planned.extend(members)
            if not made and not members:
                return None
            return {"unit": unit, "weight": self.chance.randint(1, 9)} | ({"units": made} if made else {}) | (
                {"members": [{"employee_no": one, "weight": self.chance.randint(1, 9)} for one in members]} if members else {})

        whole, planned = [], []
        is_deep = self.chance.random() < 0.5
        top = node(root)
        if "units" not in (top or {}) or self.chance.random() > share:
            return
        body = {"unit": root, "year": YEAR, "metric": "deliveries", "total": TOTALS["deliveries"], "season": [1] * 12,
                "lines": [{"metric": metric, "total": total} for metric, total in TOTALS.items() if metric != "deliveries"]}
        planned = [one for one in planned if group.unit_of(one, 1) != root]
        if planned and self.chance.random() < 0.3:
            absent = {"employee_no": self.chance.choice(planned), "from": f"{period(6)}-01", "to": f"{period(7)}-31"}
            body["method"] = {"capacity": {"absences": [absent]}}
        try:
            version = Version(group.make("plans", body | {"units": top["units"]}, logins[0])["id"], root)
            self.approve(version, 1, logins)
            self.versions.append(version)
            self.whole += whole
            if root != group.name:
                self.commit(version.plan, top, group.desk)
            start = 1
            while self.chance.random() < 0.6 and start < 4:
                start = self.chance.randint(start + 1, 4)
                version = self.again(version, start, logins[0])
                if self.chance.random() < 0.1:
                    # It stays a draft.
                    return
                self.approve(version, start, logins)
        except Refused as refused:
            print(f"no plan: {refused}")

    def approve(self, version, start, logins):
        self.group.make(f"plans/{version.plan}/submit", {}, logins[0])
        self.group.make(f"plans/{version.plan}/approve", {"effective_from": period(start)}, logins[1])
        self.in_force.setdefault(version.unit, {})[start] = version

    def again(self, version, start, login):
        """The rest of the year is planned again, by what the ledger knows or what is given."""
        group = self.group
        known = {metric: {month: frozenset((one, month) for one in group.within(version.unit, month) if (one, month, metric) in group.values)
                          for month in range(1, start)} for metric in TOTALS}
        body = {"from": period(start)}
        if self.chance.random() < 0.2:
            body["results"] = [{"metric": metric, "months": [sum(group.values[one, month, metric] for one, _ in known[metric][month])
                                                             if month in MONTHS else 0 for month in range(1, start)]} for metric in TOTALS]
        try:
            made = group.make(f"plans/{version.plan}/replans", body, login)
        except Refused:
            made = group.make(f"plans/{version.plan}/replans", body | {"missing": self.chance.choice(["zero", "planned"])}, login)
        later = Version(made["id"], version.unit, [*version.again, (start, known)])
        self.versions.append(later)
        document = group.api.send("GET", f"/v1/plans/{later.plan}", None, login)
        for results in document["replanned"]["results"]:
            for missing in results["missing"]:
                at = results["metric"], int(missing["period"][-2:])
                later.counted[at] = later.counted.get(at, 0) + missing["counted"]
        return later

    def again_after_erasing(self):
        """What is in force is planned again from May on, in drafts."""
        for unit, starts in self.in_force.items():
            login = self.chiefs[0] if unit == self.group.name else self.group.desk
            try:
                self.again(starts[max(starts)], 5, login)
            except Refused as refused:
                if ": 409 " not in str(refused):
                    # Another draft waits, mostly.
                    print(f"not planned again: {refused}")

    def governing(self, store, month):
        """The version that governs a month in a store; none where there is no plan."""
        for root in (store, self.group.name):
            starts = [start for start in self.in_force.get(root, {}) if start <= month]
            if starts:
                return self.in_force[root][max(starts)]
        return None

    def commit(self, plan, top, login):
        """People, and some units as a whole, commit to months."""
        def rows(node):
            of_units = [{"unit": node["unit"]}] if node is not top and self.chance.random() < 0.2 else []
            for row in [*of_units, *({"unit": node["unit"], "employee_no": one["employee_no"]} for one in node.get("members", []))]:
                months = [self.chance.choice([None, *range(1, 40)]) if month in MONTHS else None for month in range(1, 13)]
                by_whom = self.committed if "employee_no" in row else self.owned
                whose = row.get("employee_no", row["unit"])
                by_whom.update({(whose, month): value for month, value in enumerate(months, 1) if value is not None})
                yield row | {"months": months}
            for one in node.get("units", []):
                yield from rows(one)

        made = list(rows(top | {"members": []}))
        if made:
            self.put(f"plans/{plan}/commitments", {"rows": made}, login)
            self.trees[top["unit"]] = top | {"members": []}

    def supply(self, store):
        series = {"code": "series_a", "opening": 1000, "wholesale": [self.chance.randint(0, 99) for _ in range(12)]}
        if self.chance.random() < 0.5:
            series["stock_takings"] = [{"period": period(2), "opening": 2000}]
        self.put("supply", {"store": store, "year": YEAR, "series": [series]}, self.group.desk)

    def paced(self, unit, month, metric):
        """Whose values the pace of a unit adds up: nobody's of a unit planned as a whole in which somebody who sells is not known, and
        whose month is not erased.
        """
        group = self.group

        def is_open(whole):
            first_day, end = days(month)
            return any(position == "sales_consultant" and whole in group.above(of) and first < end and (beyond is None or beyond > first_day)
                       and (person, month, metric) not in group.values and not group.has_nothing(person, month) and person not in group.erased
                       for person, postings in group.postings.items() for of, position, first, beyond in postings)

        left_out = {whole for whole in self.whole if is_open(whole)}
        return {one for one in group.known(unit, month, metric) if not left_out & set(group.above(group.unit_of(one, month)))}
