"""The plans of a group for subtract_dashboards.py: of some stores and of the group, planned again, with commitments, supply and rebates;
and what is told by them: where the rest of a year was planned again, its targets tell what had been brought of the task.
"""

import calendar
import datetime
import json
from itertools import product

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
            if not made and not members:
                return None
            return {"unit": unit, "weight": self.chance.randint(1, 9)} | ({"units": made} if made else {}) | (
                {"members": [{"employee_no": one, "weight": self.chance.randint(1, 9)} for one in members]} if members else {})

        whole = []
        is_deep = self.chance.random() < 0.5
        top = node(root)
        if "units" not in (top or {}) or self.chance.random() > share:
            return
        body = {"unit": root, "year": YEAR, "metric": "deliveries", "total": TOTALS["deliveries"], "season": [1] * 12,
                "lines": [{"metric": metric, "total": total} for metric, total in TOTALS.items() if metric != "deliveries"]}
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
        """Whose values the pace of a unit adds up: nobody's of a unit planned as a whole in which somebody who sells is not known. Where
        somebody's month is erased, nobody's can be missing.
        """
        group = self.group
        erased = {group.unit_of(one, month) for one in group.erased if (one, month, metric) in group.values}

        def is_open(whole):
            first_day, end = days(month)
            return any(position == "sales_consultant" and whole in group.above(of) and first < end and (beyond is None or beyond > first_day)
                       and (person, month, metric) not in group.values and not group.has_nothing(person, month) and of not in erased
                       for person, postings in group.postings.items() for of, position, first, beyond in postings)

        left_out = {whole for whole in self.whole if is_open(whole)}
        return {one for one in group.known(unit, month, metric) if not left_out & set(group.above(group.unit_of(one, month)))}


class PlansTold:
    """What keys are told by plans and by what stands beside them."""

    def __init__(self, attack):
        self.attack, self.group, self.plans = attack, attack.group, attack.group.plans

    def collect(self, key):
        for version in self.plans.versions:
            first = next(one for one in self.plans.versions if one.unit == version.unit)
            for metric in TOTALS:
                where = f"{key} {metric} of {version.unit}, planned again {[start for start, _ in version.again]}"
                path = f"plans/{version.plan}"
                self.document(self.attack.get(key, f"{path}?metric={metric}"), version, metric, where)
                self.commitments(self.attack.get(key, f"{path}/commitments?metric={metric}"), version, metric, where)
                cells = self.attack.get(key, f"{path}/targets?limit=500&metric={metric}")
                for cell in cells["items"] if cells else []:
                    self.by_version(version, metric, [int(cell["period"][-2:])], f"{where} cells")
                issued = self.attack.get(key, f"{path}/issued?metric={metric}")
                for month, cell in enumerate(issued["issued"] if issued else [], 1):
                    if cell is not None:
                        self.by_version(self.plans.governing(self.group.name, month), metric, [month], f"{where} issued")
                # What is made of a whole year is refused where months are withheld.
                parts = [issued, *(self.attack.get(key, f"{path}/{part}") for part in (f"diff?from={first.plan}", "sheet", "activities", "supply"))]
                if any(part is not None for part in parts):
                    self.by_version(version, metric, range(1, 13), f"{where} whole")
                self.attack.get(key, f"{path}/proposals")
        for path in ("me", "tasks", "changes", "plans", f"supply?store={self.group.of_kind('store')[0]}&year={YEAR}"):
            self.attack.get(key, path)
        for store, policy in product(self.group.of_kind("store"), POLICIES):
            answer = self.attack.get(key, f"rebates?store={store}&year={YEAR}&policy={self.group.name}{policy}")
            for quarter in answer["quarters"] if answer else []:
                self.rebate(quarter, store, policy, f"{key} rebate of {store} by {policy}")

    def by_version(self, version, metric, months, where):
        """Targets of these months are told."""
        for brought in version.brought(metric, months):
            self.attack.told_of(metric, brought, f"{where}, the targets")

    def by_target(self, unit, month, metric, where):
        """The target of a unit is told: by the version of each store in it."""
        stores = [one for one in self.group.of_kind("store") if unit in self.group.above(one) or one in self.group.above(unit)]
        versions = {self.plans.governing(store, month) for store in stores} - {None}
        if len(versions) > 1 and any(version.unit == self.group.name for version in versions):
            return
        brought = [sums for version in versions for sums in version.brought(metric, [month])]
        self.attack.told_of(metric, frozenset().union(*brought), f"{where}, the target")

    def document(self, document, version, metric, where):
        if not document:
            return

        def nodes(node):
            yield node
            for below in node.get("units", []):
                yield from nodes(below)

        for node in [*nodes(document), *document["channels"], *document["series"]]:
            cells = [node["months"], node["suggested"]]
            told = {month for row in cells for month, cell in enumerate(row, 1) if cell is not None}
            told |= {month for quarter, cell in enumerate(node["quarters"]) if cell is not None for month in range(3 * quarter + 1, 3 * quarter + 4)}
            self.by_version(version, metric, range(1, 13) if node["year"] is not None else told, where)
            if node.get("members"):
                self.attack.wrong.append(f"{where}: people's targets are told")
        if not version.again:
            return
        _, known = version.again[-1]
        for line in document["lines"]:
            brought = known[line["metric"]]
            counted = sum(value for (of, _), value in version.counted.items() if of == line["metric"])
            if line["closed_total"] is not None:
                self.attack.told_of(line["metric"], frozenset().union(*brought.values()), f"{where} closed", line["closed_total"] - counted)
            if line["remaining"] is not None or line["targets"] is not None:
                self.attack.told_of(line["metric"], frozenset().union(*brought.values()), f"{where} remaining")
        for results in document["replanned"]["results"]:
            for month, value in enumerate(results["months"], 1):
                counted = version.counted.get((results["metric"], month), 0)
                self.attack.told_of(results["metric"], known[results["metric"]][month], f"{where} results", value - counted)

    def commitments(self, document, version, metric, where):
        def of(node, month):
            """Whose commitments are summed in a unit, and what units as a whole have added."""
            if (node["unit"], month) in self.plans.owned:
                return frozenset(), self.plans.owned[node["unit"], month]
            parts = [of(below, month) for below in node.get("units", [])]
            people = {(one["employee_no"], month) for one in node.get("members", [])} & self.plans.committed.keys()
            return frozenset(people).union(*(people for people, _ in parts)), sum(added for _, added in parts)

        def nodes(node):
            yield node["unit"], node
            for below in node.get("units", []):
                yield from nodes(below)

        tree = dict(nodes(self.plans.trees[version.unit])) if version.unit in self.plans.trees else {}
        for row in document["rows"] if document else []:
            if row["employee_no"] is not None:
                self.attack.wrong.append(f"{where}: people's commitments are told")
                continue
            self.by_version(version, metric, [month for month, cell in enumerate(row["target"], 1) if cell is not None], f"{where} commitments")
            for month, value in enumerate(row["committed"], 1):
                if value is not None and row["unit"] in tree and metric == "deliveries":
                    people, added = of(tree[row["unit"]], month)
                    self.attack.told_of("commitment", people, f"{where} commitments of {row['unit']}", value - added)

    def rebate(self, quarter, store, policy, where):
        months = range(3 * quarter["quarter"] - 2, 3 * quarter["quarter"] + 1)
        known = {month: frozenset((one, month) for one in self.group.known(store, month, "deliveries")) for month in MONTHS}
        if quarter["actual"] is not None:
            whole = frozenset().union(*(known[int(month[-2:])] for month in quarter["known_months"]))
            self.attack.told_of("deliveries", whole, where, quarter["actual"])
        for partly in quarter["partly_known"]:
            self.attack.told_of("deliveries", known[int(partly["period"][-2:])], f"{where}, partly", partly["cars"])
        if quarter["target"] is not None:
            for month in months:
                self.by_target(store, month, "deliveries", where)
        scores = frozenset((one, month) for month in months for one in self.group.postings
                           if (one, month, "ssi_score") in self.group.values and store in self.group.stores_of(one, month))
        if quarter["ssi"] is not None:
            self.attack.told_of("ssi_score", scores, where, quarter["ssi"], is_mean=True)
        lacks = None in (quarter["target"], quarter["actual"])
        lacks_score = policy == "ssi" and scores and quarter["ssi"] is None
        if lacks and quarter["attainment"] is not None or (lacks or lacks_score) and {quarter["tier"], quarter["amount"]} != {None}:
            self.attack.wrong.append(f"{where}: what is earned is told, and not what it is made of")

    def pace(self, row, month, metric, where):
        """The targets of a row of a pace."""
        months = range(1, 13) if row["full_year"] else range(1, month + 1) if row["year_target"] is not None else (
            [month] if row["month_target"] is not None else [])
        for one in months:
            self.by_target(row["unit"], one, metric, where)
