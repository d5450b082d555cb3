"""A group of random shape for subtract_dashboards.py: stores, departments and teams of few people, who move, with facts of which some are
missing, plans, and months that are published.
"""

import datetime
import json

from contract import PASSWORD
from contract_logins import Refused
from subtract_plans import MONTHS, YEAR, Plans, days, period

# What stands together in a delivery, and whether nothing means 0 once its source is complete.
DMS = ["deliveries", "first_visits", "captured_leads", "visitors", "test_drives", "orders", "callbacks_planned", "callbacks_done",
       "refused", "second_follow_ups", "active_prospects", "accessory_revenue", "insurance_policies", "loans", "temporary_plates"]
SOURCES = {
    "dms": DMS, "documents": ["documents", "document_errors"], "exams": ["exam_score"], "reports": ["reports_due", "reports_on_time"],
    "inspections": ["five_s_checks", "five_s_failures", "uniform_violations"],
    "attendance": ["scheduled_days", "protected_leave_days", "personal_leave_days", "absent_days", "late"],
    "complaints": ["complaints_minor", "complaints_serious", "complaints_major", "complaints_slow"],
    "survey": ["ssi_score"],
    "leads": ["raw_leads", "leads_followed_24h", "valid_leads", "invited_arrivals", "arrival_orders"],
}
ZERO = {"uniform_violations", "protected_leave_days", "personal_leave_days", "absent_days", "late", *SOURCES["complaints"]}
# Others are a part of them, and no larger.
WHOLE = {"first_visits", "visitors", "callbacks_planned", "refused", "five_s_checks", "documents", "reports_due"}
# What stands beside what may be 0.
QUALITY = {metric for source, metrics in SOURCES.items() if source not in ("exams", "survey", "leads") for metric in metrics} - set(DMS) | {
    "deliveries", "callbacks_planned", "callbacks_done", "refused", "second_follow_ups"}
# The others are between 1 and 40, and 40 more where they have parts.
RANGES = {
    "exam_score": (60, 100), "ssi_score": (600, 1000), "scheduled_days": (15, 26), "accessory_revenue": (1, 9000), "raw_leads": (300, 400),
    "leads_followed_24h": (100, 200), "valid_leads": (100, 200), "invited_arrivals": (41, 90),
}
# It is reported as an event, which takes two people.
REPORTED = "complaints_major"
# Of whom a number is 0 mostly nothing is delivered.
SELDOM = 0.2
# What came of leads, as daily sheets say it, and where leads come from.
STEPS = ["visitors", "test_drives", "orders", "deliveries"]
CHANNELS = {"showroom": "walk_in", "phone_web": "autohome"}
ROLES = ["clerk", "hr", "customer_service", "showroom_supervisor", "sales_manager"]


class Group:
    """A group, what is known of its people, and where their months count."""

    def __init__(self, api, chance, name):
        self.api, self.chance, self.name = api, chance, name
        self.parents, self.kinds = {name: None}, {name: "group"}
        self.postings, self.values, self.complete, self.cycles, self.erased, self.late = {}, {}, set(), [], [], []
        self.desk, self.boss = f"{name.lower()}desk", f"{name.lower()}boss"
        self.make_units()
        self.make_people()
        self.published = [month for month in MONTHS if chance.random() < 0.6]
        for month in MONTHS:
            for unit in (*self.of_kind("store"), self.name):
                self.deliver(unit, month)
        # What people said in their sheets, by person and month: each step of each channel; none where it is left out.
        self.said = {}
        for person in self.postings:
            self.write_sheets(person)
        self.plans = Plans(self)
        for body in self.late:
            self.post_facts(body)
        for month in self.published:
            for store in self.of_kind("store"):
                self.publish(store, month)

    def make(self, path, body, login="admin"):
        return self.api.send("POST", f"/v1/{path}", json.dumps(body).encode(), login)

    def of_kind(self, kind):
        return [unit for unit, of in self.kinds.items() if of == kind]

    def above(self, unit):
        """A unit, and all that it lies in."""
        while unit:
            yield unit
            unit = self.parents[unit]

    def add_unit(self, kind, parent):
        code = f"{self.name}{len(self.kinds)}"
        self.make("org-units", {"code": code, "name": code, "kind": kind, "parent": parent, "valid_from": f"{YEAR - 3}-01-01"})
        self.parents[code], self.kinds[code] = parent, kind
        return code

    def make_units(self):
        self.make("org-units", {"code": self.name, "name": self.name, "kind": "group", "valid_from": f"{YEAR - 3}-01-01"})
        for _ in range(self.chance.randint(1, 4)):
            store = self.add_unit("store", self.name)
            places = [store] + [self.add_unit("department", store) for _ in range(self.chance.choice([0, 1, 1, 2]))]
            for _ in range(self.chance.randint(0, 4)):
                self.add_unit("team", self.chance.choice(places))
        for login, roles in ((self.desk, ROLES), (self.boss, ["general_manager"])):
            self.make("users", {"login": login, "password": PASSWORD, "roles": roles, "unit": self.name})

    def make_people(self):
        for unit, kind in list(self.kinds.items()):
            usual = {"team": [1, 2, 3, 4, 5, 6], "group": [0, 0, 0, 1, 3]}.get(kind, [0, 0, 1, 2, 4])
            for _ in range(self.chance.choice(usual)):
                person = f"{self.name}P{len(self.postings)}"
                self.make("employees", {"employee_no": person, "name": person, "status": "active"})
                self.postings[person] = list(self.course(unit))
                for unit_of, position, first, beyond in self.postings[person]:
                    posting = {"employee_no": person, "unit": unit_of, "position": position, "valid_from": str(first)}
                    self.make("assignments", posting | ({"valid_to": str(beyond)} if beyond else {}))

    def course(self, unit):
        """Where somebody is posted: mostly in one place, else in two or three, at times with days between them, at times as another."""
        first, end = datetime.date(YEAR - 1, 1, 1), datetime.date(YEAR, MONTHS[-1], 28)
        for _ in range(self.chance.choice([0, 0, 0, 0, 1, 2])):
            beyond = datetime.date(YEAR, self.chance.choice(MONTHS), self.chance.choice([1, 8, 15, 16, 22]))
            if first < beyond < end:
                yield unit, self.position(), first, beyond
                first = beyond + datetime.timedelta(self.chance.choice([0, 0, 3]))
                unit = self.chance.choice([one for one, kind in self.kinds.items() if kind != "group"])
        yield unit, self.position(), first, None

    def position(self):
        return self.chance.choice(["sales_consultant"] * 9 + ["telesales_specialist"])

    def unit_of(self, person, month):
        """For which unit somebody's month counts: that of what is held on most of its days, of as many the later."""
        first_day, end = days(month)
        held = {}
        for unit, position, first, beyond in self.postings[person]:
            first, last = max(first, first_day), min(beyond or end, end)
            if first < last:
                before, _ = held.get((unit, position), (0, first))
                held[unit, position] = before + (last - first).days, last
        return max(held.items(), key=lambda one: one[1])[0][0] if held else None

    def stores_of(self, person, month):
        """The stores in which somebody is posted on any day of a month."""
        first_day, end = days(month)
        units = [unit for unit, _, first, beyond in self.postings[person] if first < end and (beyond is None or beyond > first_day)]
        return {one for unit in units for one in self.above(unit) if self.kinds[one] == "store"}

    def has_nothing(self, person, month):
        """Whether it is declared that whoever is silent has delivered nothing."""
        stores = self.stores_of(person, month)
        return bool(stores) and all((store, month, "dms") in self.complete for store in stores)

    def sells(self, person, month):
        first_day, end = days(month)
        return any(position == "sales_consultant" and first < end and (beyond is None or beyond > first_day)
                   for _, position, first, beyond in self.postings[person])

    def within(self, unit, month):
        """Whose month counts for a unit or one below it."""
        return [person for person in self.postings if unit in self.above(self.unit_of(person, month))]

    def deliver(self, unit, month):
        """What is known of a store, or of those who are posted in no store."""
        is_group = unit == self.name
        people = [one for one in self.within(unit, month) if not is_group or self.unit_of(one, month) == unit]
        is_full = month in self.published
        for source, metrics in SOURCES.items():
            share = self.chance.choice([1, 1, 0.9] if is_full else [1, 0.9, 0.6, 0.3, 0])
            is_complete = source != "dms" and is_full or self.chance.random() < (0.3 if source == "dms" else 0.5)
            is_complete = is_complete and not is_group
            rows, late = [], []
            for person in people:
                if self.chance.random() >= share:
                    continue
                facts = {metric: self.value(metric) for metric in metrics
                         if metric not in ZERO or metric != REPORTED and self.chance.random() < SELDOM}
                if facts:
                    comes_late = source == "dms" and not is_complete and self.chance.random() < 0.1
                    (late if comes_late else rows).append({"employee_no": person, "facts": facts})
            nothing = [{"employee_no": one, "facts": {}} for one in people[:1]]
            body = {"period": period(month), "source_system": "test", "rows": rows or nothing}
            if is_complete:
                self.complete.add((unit, month, source))
                body |= {"complete_sources": [source], "complete_for": "store"}
            if rows or is_complete and people:
                self.post_facts(body)
            if late:
                self.late.append(body | {"rows": late})

    def post_facts(self, body):
        self.make("facts", body, self.desk)
        month = int(body["period"][-2:])
        self.values.update({(row["employee_no"], month, metric): value for row in body["rows"] for metric, value in row["facts"].items()})

    def write_sheets(self, person):
        """Somebody says what came of leads: mostly of everything that the ledger has, so that one can be subtracted from the other."""
        login = person.lower()
        self.make("users", {"login": login, "password": PASSWORD, "roles": ["sales_consultant"], "employee_no": person})
        late = {(row["employee_no"], int(body["period"][-2:]), metric): value for body in self.late for row in body["rows"]
                for metric, value in row["facts"].items()}
        for month in MONTHS:
            first_day, end = days(month)
            held = [max(first, first_day) for _, _, first, beyond in self.postings[person] if first < end and (beyond or end) > first_day]
            if not held or self.chance.random() < 0.3:
                continue
            told = {}
            for step in STEPS:
                whole = (self.values | late).get((person, month, step), self.chance.randint(0, 40))
                part = self.chance.randint(0, whole)
                told[step] = None if self.chance.random() < 0.15 else [part, whole - part]
            told["leads"] = [self.chance.randint(0, 90) for _ in CHANNELS]
            leads = [{"channel": channel, "source": CHANNELS[channel]} | {step: of[at] for step, of in told.items() if of}
                     for at, channel in enumerate(CHANNELS)]
            self.api.send("PUT", f"/v1/daily-sheets/{min(held)}", json.dumps({"leads": leads}).encode(), login)
            self.said[person, month] = {step: of and dict(zip(CHANNELS, of)) for step, of in told.items()}

    def value(self, metric):
        if metric in ZERO:
            return self.chance.randint(0, 1)
        return self.chance.randint(*RANGES.get(metric, (1, 40))) + (40 if metric in WHOLE else 0)

    def known(self, unit, month, metric):
        """The people of whom a metric is known in a unit: where nothing means 0, and its source is complete, whoever sells there or has
        anything else beside it, too.
        """
        source = next(source for source, metrics in SOURCES.items() if metric in metrics)

        def is_known(person):
            store = next((one for one in self.above(self.unit_of(person, month)) if self.kinds[one] == "store"), None)
            has_any = self.sells(person, month) or any((person, month, other) in self.values for other in QUALITY)
            return metric in ZERO and (store, month, source) in self.complete and has_any or (person, month, metric) in self.values

        return {person for person in self.within(unit, month) if is_known(person)}

    def publish(self, store, month):
        try:
            cycle = self.make("review-cycles", {"store": store, "period": period(month)}, self.desk)["id"]
            self.cycles.append(cycle)
            self.make(f"review-cycles/{cycle}/freeze", {"accept_missing": True, "note": "test"}, self.desk)
            self.api.send("POST", f"/v1/review-cycles/{cycle}/generate", b"", self.desk)
            reviews = self.api.send("GET", f"/v1/reviews?period={period(month)}&limit=500", None, self.desk)["items"]
            for review in reviews:
                try:
                    self.make(f"reviews/{review['id']}/waiver", {"reason": "test"}, self.desk)
                except Refused:
                    pass
            for state in ("self_review", "leader_review", "manager_review", "hr_check", "published"):
                if state == "published":
                    self.make(f"review-cycles/{cycle}/hr-check", {"text": ""}, self.desk)
                self.make(f"review-cycles/{cycle}/moves", {"to": state}, self.desk)
        except Refused as refused:
            print(f"not published: {refused}")

    def reviews(self):
        """What was published of whom: by month and person, the review."""
        found = {}
        for month in self.published:
            items = self.api.send("GET", f"/v1/reviews?period={period(month)}&limit=500", None, self.desk)["items"]
            found |= {(review["employee_no"], month, review["position"]): review for review in items}
        return found

    def erase(self):
        """Two people leave, and all that is kept of them is erased: two others decide on it, once their months are locked."""
        for review in self.reviews().values():
            self.make(f"reviews/{review['id']}/acknowledgements", {"act": "out_of_reach", "text": "test"}, self.desk)
        for cycle in self.cycles:
            self.make(f"review-cycles/{cycle}/moves", {"to": "locked"}, self.desk)
        for person in self.chance.sample(sorted(self.postings), min(2, len(self.postings))):
            for posting in self.api.send("GET", f"/v1/assignments?employee_no={person}", None, self.desk)["items"]:
                if posting["valid_to"] is None:
                    body = json.dumps({"valid_to": period(MONTHS[-1] + 1) + "-01"}).encode()
                    self.api.send("PATCH", f"/v1/assignments/{posting['id']}", body, "admin")
            proposed = self.make(f"employees/{person}/erasure", {"reason": "test", "early": True}, self.desk)
            self.make(f"erasures/{proposed['id']}/decision", {"approve": True}, self.boss)
            self.erased.append(person)
        self.plans.again_after_erasing()
