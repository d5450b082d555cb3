"""What keys are told by the plans of a group, for subtract_dashboards.py: where the rest of a year was planned again, its targets tell
what had been brought of the task; commitments and rebates are sums of people's, too.
"""

from itertools import product

from subtract_plans import MONTHS, POLICIES, TOTALS, YEAR


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
                           if (one, month, "ssi_score") in self.group.values and store in self.group.above(self.group.unit_of(one, month)))
        if quarter["ssi"] is not None:
            self.attack.told_of("ssi_score", scores, where, quarter["ssi"], is_mean=True)
        lacks = None in (quarter["target"], quarter["actual"])
        lacks_score = policy == "ssi" and quarter["ssi"] is None and any(one not in self.group.erased for one, _ in scores)
        if lacks and quarter["attainment"] is not None or (lacks or lacks_score) and {quarter["tier"], quarter["amount"]} != {None}:
            self.attack.wrong.append(f"{where}: what is earned is told, and not what it is made of")

    def pace(self, row, month, metric, where):
        """The targets of a row of a pace."""
        months = range(1, 13) if row["full_year"] else range(1, month + 1) if row["year_target"] is not None else (
            [month] if row["month_target"] is not None else [])
        for one in months:
            self.by_target(row["unit"], one, metric, where)
