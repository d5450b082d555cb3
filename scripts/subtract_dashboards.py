"""Attacks what screens are shown, as an outsider would: makes groups of random shape, collects every answer that a login of the role
`dashboard` and its API keys, each confined to one of the units, can get, has two people erased and collects the answers again, and
finds by exact elimination whether any numbers together tell the values of fewer than three people: what they have brought, how they
are graded, and what they have committed to. Every number is compared with the facts, too, so that the sums are what they are taken for.

A demonstration on loopback is started and ended here. Options: subtract_dashboards.py --help.
"""

import argparse
import datetime
import json
import random
import secrets
import sys
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations, product

from contract import PASSWORD, ROOT, Demonstration
from contract_logins import Api, Refused
from elimination import found_of_few
from subtract_group import CHANNELS, SOURCES, STEPS, ZERO, Group
from subtract_plans import MONTHS, TOTALS, days, period
from subtract_targets import PlansTold

FEWEST = 3
LEDGER = ["attainment", "funnel", "phone-web-funnel", "product-lines", "quality", "stock-depth"]
METRICS = {metric for metrics in SOURCES.values() for metric in metrics}
POSITIONS = ["sales_consultant", "telesales_specialist"]
# What is told only where all of its parts are.
MADE_OF = {
    "attainment_rate": ["deliveries"], "lead_capture_rate": ["captured_leads", "first_visits"],
    "test_drive_rate": ["test_drives", "visitors"],
    "closing_rate": ["orders", "captured_leads"], "lead_test_drive_rate": ["test_drives", "captured_leads"],
    "delivery_rate": ["deliveries", "orders"], "captured_leads_lost": ["captured_leads", "first_visits"],
    "test_drives_lost": ["test_drives", "captured_leads"], "orders_lost": ["orders", "captured_leads"],
    "deliveries_lost": ["deliveries", "orders"], "accessory_revenue_per_vehicle": ["accessory_revenue", "deliveries"],
    "insurance_penetration": ["insurance_policies", "deliveries"], "loan_penetration": ["loans", "deliveries"],
    "temporary_plate_penetration": ["temporary_plates", "deliveries"], "five_s_failure_rate": ["five_s_failures", "five_s_checks"],
    "attendance_rate": SOURCES["attendance"][:4], "complaint_rate": [*SOURCES["complaints"][:3], "deliveries"],
    "callback_rate": ["callbacks_done", "callbacks_planned"], "follow_up_rate": ["second_follow_ups", "refused"],
    "document_error_rate": ["document_errors", "documents"], "report_rate": ["reports_on_time", "reports_due"],
    "lead_follow_up_rate": ["leads_followed_24h", "raw_leads"], "valid_lead_rate": ["valid_leads", "raw_leads"],
    "arrival_rate": ["invited_arrivals", "valid_leads"], "arrival_closing_rate": ["arrival_orders", "invited_arrivals"],
    "valid_leads_lost": ["valid_leads", "raw_leads"], "mean_coefficient": ["coefficient_sum"],
}


class Attack:
    """What is told of a group, as sums of what single people have."""

    def __init__(self, group, api):
        self.group, self.api = group, api
        self.sums, self.wrong, self.answers = {}, [], 0
        self.reviews = group.reviews()
        self.keys = {}
        self.plans = PlansTold(self)

    def sign_in(self, is_alone):
        """A login that sees the whole group, and keys of it for each of the units."""
        wall = f"{self.group.name.lower()}wall"
        login = self.group.make("users", {"login": wall, "password": PASSWORD, "roles": ["dashboard"], "unit": self.group.name})
        self.keys = {wall: self.group.name}
        for unit in () if is_alone else self.group.parents:
            key = self.group.make(f"users/{login['id']}/api-keys", {"name": unit, "unit": unit})
            self.api.tokens[unit] = key["key"]
            self.keys[unit] = unit

    def get(self, key, path):
        """An answer; none where it is refused."""
        self.answers += 1
        try:
            answer = self.api.send("GET", f"/v1/{path}", None, key)
        except Refused:
            return None
        text = json.dumps(answer)
        if any(f'"{begin}' in text for begin in (f"{self.group.name}P", "erased-")):
            self.wrong.append(f"{key} {path.partition('?')[0]}: people are named")
        return answer

    def told(self, what, people, month, where, value=None):
        """Notes the sum of what people have in a month."""
        self.told_of(what, ((person, month) for person in people), where, value)

    def told_of(self, what, unknowns, where, value=None, is_mean=False):
        """Notes the sum, or the mean to two places, of what people have in months."""
        def fact(some):
            sum_of = Decimal(sum(self.value(what, *one) for one in some))
            return (sum_of / len(some)).quantize(Decimal("0.01"), ROUND_HALF_UP) if is_mean and some else sum_of

        unknowns = frozenset(unknowns)
        where += ", after two were erased" if self.group.erased else ""
        if value is not None:
            fitting = [some for some in self.kept(unknowns) if fact(some) == Decimal(str(value))]
            if not fitting:
                self.wrong.append(f"{where}: {what} is {value}, and not {fact(unknowns)} of {sorted(unknowns)}")
                return
            unknowns = fitting[0]
        self.sums.setdefault(what, {}).setdefault(unknowns, where)

    def kept(self, unknowns):
        """All of them, or else those that are left where the sum does not stay when people are erased."""
        for size in range(len(self.group.erased) + 1):
            for gone in combinations(self.group.erased, size):
                yield frozenset(one for one in unknowns if one[0] not in gone)

    def value(self, what, person, month):
        kind, _, position = what.partition(" ")
        if kind == "coefficient":
            return Decimal(str(self.reviews[person, month, position]["coefficient"]))
        if kind == "commitment":
            return self.group.plans.committed[person, month]
        if position in CHANNELS:
            return self.group.said[person, month][kind][position]
        said = self.group.said.get((person, month), {}).get(what)
        return self.group.values.get((person, month, what), sum(said.values()) if said else 0)

    def collect(self, is_thorough):
        """Everything that the keys are told: in the ways that are usual, or the group's login in every way."""
        units, kinds = [None, *self.group.parents], ["all", "group", "store", "department", "team", None]
        usual = [(unit, "all", None, "") for unit in units]
        asked = list(product(units, kinds, (None, 0, 1), ("", "&compare=last-month,last-year"))) if is_thorough else usual
        for key, of in self.keys.items():
            for unit, level, down, compare in asked if of == self.group.name else usual:
                chosen = {"unit": unit, "level": level, "down": down}
                more = "".join(f"&{name}={value}" for name, value in chosen.items() if value is not None)
                for row in self.get(key, f"dashboard/channel-funnel?period={period(MONTHS[-1])}&months={len(MONTHS)}{more}{compare}") or []:
                    self.leads(row, f"{key} channel-funnel {more}")
                for resource in LEDGER:
                    if resource == "stock-depth":
                        more = more.replace("&level=all", "").replace("&level=department", "").replace("&level=team", "")
                    rows = self.get(key, f"dashboard/{resource}?period={period(MONTHS[-1])}&months={len(MONTHS)}{more}{compare}")
                    for row in rows or []:
                        self.row(row, f"{key} {resource} {more}")
                for position in POSITIONS:
                    path = f"dashboard/coefficients?period={period(MONTHS[-1])}&months={len(MONTHS)}{more}{compare}&position={position}"
                    for row in self.get(key, path) or []:
                        self.coefficients(row, position, f"{key} coefficients {more}")
            for unit in units:
                more = f"&unit={unit}" if unit else ""
                rows = self.get(key, f"dashboard/distribution?period={period(MONTHS[-1])}&months={len(MONTHS)}{more}")
                self.distribution(rows or [], unit or of, f"{key} distribution {more}")
            for unit, month, metric in product([self.group.name, *self.group.of_kind("store")], [*MONTHS, 12], TOTALS):
                day = days(month)[1] - datetime.timedelta(1)
                self.pace(self.get(key, f"pace?unit={unit}&day={day}&metric={metric}"), month, metric, key)
            for version in self.group.plans.versions:
                supply = self.get(key, f"plans/{version.plan}/supply")
                for month in supply["months"] if supply else []:
                    if int(month["period"][-2:]) in MONTHS:
                        self.stock(month | {"unit": version.unit}, int(month["period"][-2:]), f"{key} supply of {version.unit}")
            # The targets of the months to come.
            for unit, resource in product(units, ("attainment", "stock-depth")):
                of_unit = f"&unit={unit}" if unit else ""
                level = "&level=all" if resource == "attainment" else ""
                for row in self.get(key, f"dashboard/{resource}?period={period(12)}&months={12 - len(MONTHS)}{of_unit}{level}") or []:
                    self.target(row, int(row["period"][-2:]), f"{key} {resource} {of_unit}")
            self.plans.collect(key)

    def target(self, row, month, where):
        if row.get("target") is not None or row.get("deliveries_from") == "plan" and row["deliveries"] is not None:
            self.plans.by_target(row["unit"], month, "deliveries", where)

    def row(self, row, where):
        month, unit = int(row["period"][-2:]), row["unit"]
        self.target(row, month, where)
        known = row["known"] if isinstance(row["known"], dict) else {"deliveries": row["known"]}
        if "stores_known" in row:
            return self.stock(row, month, where)
        self.numbers(row, unit, month, where)
        for metric, count in known.items():
            people = self.group.known(unit, month, metric)
            # Of what may be 0 it may be told of fewer, which hides more.
            least = 0 if metric in ZERO else len(people)
            if count is not None and not least <= count <= len(people):
                self.wrong.append(f"{where}: {metric} of {unit} in {month} is known of {count}, and not of {sorted(people)}")
            if count is not None and metric not in SOURCES["dms"] + SOURCES["leads"]:
                self.told(metric, people, month, where)
        before = row.get("last_month")
        if before and month - 1 in MONTHS:
            self.numbers(before["was"], unit, month - 1, f"{where} last_month")
            for metric in METRICS & before["change"].keys():
                if before["change"][metric] is not None and None in (row[metric], before["was"][metric]):
                    self.wrong.append(f"{where}: the change of {metric} of {unit} in {month} tells what is withheld")

    def numbers(self, numbers, unit, month, where):
        for metric in METRICS & numbers.keys():
            if numbers[metric] is not None:
                self.told(metric, self.group.known(unit, month, metric), month, where, numbers[metric])
        for made, parts in MADE_OF.items():
            if numbers.get(made) is not None and any(numbers[part] is None for part in parts):
                self.wrong.append(f"{where}: {made} of {unit} in {month} is told, and not what it is made of")

    def leads(self, row, where):
        """What came of leads, of all channels or of one: where all of somebody's is said, it is what the ledger has."""
        month = int(row["period"][-2:])
        said = {person: of for (person, held), of in self.group.said.items() if held == month and row["unit"] in self.group.above(
            self.group.unit_of(person, month))}
        for step in ("leads", *STEPS):
            if row[step] is not None:
                people = [person for person, of in said.items() if of[step]]
                self.told(f"{step} {row['channel']}" if row["channel"] else step, people, month, where, row[step])

    def stock(self, row, month, where):
        """What is delivered, and what the stock tells of it: that of a group is its stores', without who is posted in the group itself."""
        group = self.group
        people = {one for one in group.known(row["unit"], month, "deliveries") if group.kinds[group.unit_of(one, month)] != "group"}
        if row["deliveries"] is not None and row["deliveries_from"] == "ledger":
            self.told("deliveries", people, month, where, row["deliveries"])
        came = row["wholesale"] if row["taken"] is None else row["taken"]
        if None not in (row["opening"], came, row["closing"]):
            left = row["opening"] + came - row["closing"]
            if left == sum(self.value("deliveries", person, month) for person in people):
                self.told("deliveries", people, month, f"{where}: what is left")

    def coefficients(self, row, position, where):
        month = int(row["period"][-2:])
        here = [(person,) for (person, of, held), review in self.reviews.items() if (of, held) == (month, position)
                and review["unit"] in self.group.parents and row["unit"] in self.group.above(review["unit"])]
        here = next((some for some in self.kept(here) if len(some) == row["people"]), here)
        here = [person for person, in here]
        rated = [person for person in here if self.reviews[person, month, position]["coefficient"] is not None]
        if row["people"] != len(here):
            self.wrong.append(f"{where}: {row['unit']} in {month} has {row['people']} reviews, and not {sorted(here)}")
        if row["coefficient_sum"] is not None:
            self.told(f"coefficient {position}", rated, month, where, row["coefficient_sum"])
        if row["known"] is not None:
            self.told(f"rated {position}", rated, month, where)
            self.told(f"unrated {position}", set(here) - set(rated), month, where)

    def distribution(self, rows, unit, where):
        """Of each store, and of what is below one: of a group they are sums of these."""
        if self.group.kinds.get(unit) == "group":
            return
        for row in rows:
            month, scheme = int(row["period"][-2:]), row["scheme"]
            here = {person: review for (person, of, held), review in self.reviews.items()
                    if (of, held) == (month, scheme) and unit in self.group.above(review["unit"])}
            named = {one["grade"] for one in rows if (one["period"], one["scheme"]) == (row["period"], scheme)}
            people = [person for person, review in here.items()
                      if review["final_grade"] == row["grade"] or row["grade"] is None and review["final_grade"] not in named]
            if row["reviews"] is None:
                continue
            if row["reviews"] != len(people):
                self.wrong.append(f"{where}: {row['reviews']} have {row['grade']} in {month}, and not {sorted(people)}")
            self.told(f"grade {scheme}", people, month, where)
            if row["mean_total"] is not None:
                self.told(f"points {scheme}", [one for one in people if here[one]["total"] is not None], month, where)

    def pace(self, report, month, metric, key):
        for row in report["rows"] if report else []:
            where = f"{key} pace of {row['unit']} in {month}"
            paced = {of: {(one, of) for one in self.group.plans.paced(row["unit"], of, metric)} for of in MONTHS if of <= month}
            if row["month"]:
                self.told_of(metric, paced.get(month, ()), where, row["month"]["actual"])
            year = frozenset().union(*paced.values())
            for result in [row["year"] and row["year"]["actual"], row["full_year"] and row["full_year"]["results"]]:
                if result is not None:
                    self.told_of(metric, year, f"{where}, the year", result)
            self.plans.pace(row, month, metric, where)

    def find(self, is_verbose):
        """What fewer than three people's values are found by."""
        for what, sums in sorted(self.sums.items()):
            for people, unknowns in found_of_few(sums, FEWEST):
                needed = dict(sums) if is_verbose else {}
                for one in list(needed):
                    fewer = {other: where for other, where in needed.items() if other != one}
                    if any(found == people for found, _ in found_of_few(fewer, FEWEST)):
                        needed = fewer
                yield f"{what} of {sorted(people)}: {unknowns}", [f"{sorted(one)} by {where}" for one, where in needed.items()]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", default=str(ROOT / "target/debug/showfloor"))
    options.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3, 4, 5])
    options.add_argument("--alone", action="store_true", help="without keys for single units")
    options.add_argument("--thorough", action="store_true", help="the group's login asks in every way")
    options.add_argument("--verbose", action="store_true", help="say by which sums something is found")
    options.add_argument("--address", help="a demonstration that runs already")
    options = options.parse_args()
    demonstration = None if options.address else Demonstration(options.program)
    found = wrong = answers = sums = 0
    try:
        api = Api(options.address or demonstration.address())
        for seed in options.seeds:
            # They are good for a quarter of an hour.
            api.tokens.clear()
            group = Group(api, random.Random(seed), f"T{seed}{secrets.token_hex(2)}-")
            attack = Attack(group, api)
            attack.sign_in(options.alone)
            attack.collect(options.thorough)
            group.erase()
            attack.collect(False)
            answers, sums = answers + attack.answers, sums + sum(map(len, attack.sums.values()))
            for what, by in attack.find(options.verbose):
                found += 1
                print(f"seed {seed}: FOUND {what}", *(f"    {one}" for one in by), sep="\n", flush=True)
            for what in {one.partition(": ")[2]: one for one in attack.wrong}.values():
                wrong += 1
                print(f"seed {seed}: WRONG {what}", flush=True)
    finally:
        if demonstration:
            demonstration.end()
    print(f"{len(options.seeds)} groups, {answers} answers, {sums} sums: {found} found of fewer than {FEWEST} people, {wrong} wrong")
    sys.exit(1 if found or wrong else 0)


if __name__ == "__main__":
    main()
