"""Holds plans to domain.md by fractions: random trees, weights and totals, months of which some people are not known, the rest of a
year planned again over these, and weights by histories with gaps. What is expected is reckoned here, from the text alone.

A demonstration on loopback is started and ended here. Options: plans_by_fractions.py --help.
"""

import argparse
import calendar
import json
import random
import sys
import urllib.error
import urllib.request
from fractions import Fraction
from math import ceil, floor

from contract import PASSWORD, ROOT, Demonstration

TEAMS = {f"G{team}": [f"A{4 * team - 3 + place:02}" for place in range(4)] for team in (1, 2, 3)}
EVERYBODY = [person for people in TEAMS.values() for person in people]
YEARS = range(2016, 2026)
MONTHS = range(12)


def largest_remainder(total, weights):
    shares = [Fraction(weight * total) / sum(weights) for weight in weights]
    cells = [floor(share) for share in shares]
    by_fraction = sorted(range(len(weights)), key=lambda at: (cells[at] - shares[at], at))
    for at in by_fraction[:total - sum(cells)]:
        cells[at] += 1
    return cells


def along(parent, weights):
    """A parent's months, split among those below it: a row for each."""
    if sum(weights) == 0:
        return [[0] * len(parent) for _ in weights]
    running = [sum(parent[:month + 1]) for month in range(len(parent))]
    sums = [largest_remainder(total, weights) for total in running]
    cells = [[now - before for before, now in zip(before, now)] for before, now in zip([[0] * len(weights)] + sums, sums)]
    if all(cell >= 0 for row in cells for cell in row):
        return [list(row) for row in zip(*cells)]
    # The Alabama paradox: units are jobs, done by the earliest deadline.
    share = lambda at, month: Fraction(weights[at] * running[month]) / sum(weights)
    done, rows = [0] * len(weights), [[] for _ in weights]
    for month, total in enumerate(running):
        now = [max(done[at], floor(share(at, month))) for at in range(len(weights))]
        late = range(month, len(running))
        due = lambda at: next((later for later in late if floor(share(at, later)) > now[at]), len(running))
        open_jobs = sorted((at for at in range(len(weights)) if ceil(share(at, month)) > now[at]), key=lambda at: (due(at), at))
        for at in open_jobs[:total - sum(now)]:
            now[at] += 1
        for at, row in enumerate(rows):
            row.append(now[at] - done[at])
        done = now
    return rows


class Expected:
    """A store's plan of teams and people."""

    def __init__(self, total, season, teams):
        """teams: by code the weight, and the people with theirs."""
        self.total, self.season, self.teams, self.cells = total, season, teams, {}

    def split(self, closed=0, results=0):
        """The cells, when the first months stand and have brought so much."""
        kept = lambda place: self.cells.get(place, [])[:closed]
        store = kept("JC") + largest_remainder(self.total - results, self.season[closed:])
        cells = {"JC": store}
        for team, row in zip(self.teams, along(store[closed:], [weight for weight, _ in self.teams.values()])):
            cells[team] = kept(team) + row
            people = self.teams[team][1]
            for person, row in zip(people, along(row, list(people.values()))):
                cells[person] = kept(person) + row
        self.cells = cells
        return self

    def again(self, closed, results):
        other = Expected(self.total, self.season, self.teams)
        other.cells = self.cells
        return other.split(closed, results)


class Held:
    """What was found, and how much of it is wrong."""

    def __init__(self):
        self.count, self.wrong = 0, 0

    def __call__(self, what, found, expected):
        self.count += 1
        if found != expected:
            self.wrong += 1
            print(f"WRONG {what}: {found}, expected {expected}")


class Client:
    def __init__(self, address):
        self.address, self.tokens = address, {}

    def send(self, login, method, path, body=None):
        """Status and body of an answer."""
        token = self.tokens.get(login) or self.tokens.setdefault(login, self.sign_in(login))
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        headers |= {} if method == "GET" else {"If-Match": "*"}
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{self.address}/v1/{path}", data, headers, method=method)) as answer:
                return answer.status, json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def sign_in(self, login):
        body = json.dumps({"login": login, "password": PASSWORD}).encode()
        request = urllib.request.Request(f"{self.address}/v1/sessions", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["access_token"]

    def cells(self, plan):
        document = self.send("manager", "GET", f"plans/{plan}")[1]
        people = [member for unit in document["units"] for member in unit["members"]]
        return {"JC": document["months"]} | {unit["unit"]: unit["months"] for unit in document["units"]} | {
            member["employee_no"]: member["months"] for member in people}


def body_of(year, expected):
    units = [{"unit": team, "weight": weight, "members": [{"employee_no": person, "weight": own} for person, own in people.items()]}
             for team, (weight, people) in expected.teams.items()]
    return {"unit": "JC", "year": year, "metric": "deliveries", "total": expected.total, "season": expected.season, "units": units}


def random_plan(chance):
    teams = {}
    for team, people in chance.sample(list(TEAMS.items()), chance.randint(1, 3)):
        weights = {person: chance.choice([0, 1, 2, 7, 13, 100]) for person in chance.sample(people, chance.randint(1, 4))}
        weights[next(iter(weights))] = weights[next(iter(weights))] or 5
        teams[team] = (chance.randint(1, 50), weights)
    season = [chance.choice([0, 0, 3, 50, 640, 950]) for _ in MONTHS]
    season[0], season[11] = season[0] or 5, season[11] or 70
    return Expected(chance.choice([0, 1, 7, 100, 1690, chance.randint(1, 5000)]), season, teams).split()


def planned_again(client, held, year, plan, expected, known, closed):
    """The rest of the year, with those of whom nothing is known refused, counted as nothing, and as planned."""
    missing = [(team, person, month) for team, (_, people) in expected.teams.items() for person in people
               for month in range(closed) if (person, month) not in known and expected.cells[person][month] > 0]
    brought = sum(units for (_, month), units in known.items() if month < closed)
    for word in (None, "zero", "planned"):
        wish = {"from": f"{year}-{closed + 1:02}"} | ({"missing": word} if word else {})
        status, answer = client.send("manager", "POST", f"plans/{plan}/replans", wish)
        if word is None and missing:
            refused = sorted(f"JC/{team}/{person} {year}-{month + 1:02}" for team, person, month in missing)
            if all(any(month == of for _, of in known) for month in range(closed)):
                held(f"{year}: who is refused", sorted(error["field"] for error in answer["errors"]), refused)
            continue
        as_planned = sum(expected.cells[person][month] for _, person, month in missing) if word == "planned" else 0
        results = brought + as_planned
        held(f"{year} {word}: answered", status, 422 if results > expected.total else 201)
        if status != 201:
            continue
        held(f"{year} {word}: cells", client.cells(answer["id"]), expected.again(closed, results).cells)
        counted = client.send("manager", "GET", f"plans/{answer['id']}")[1]["replanned"]["results"][0]
        # Where somebody is missing, the next one who is known would be told by the difference.
        people = [1 if any(of == month for *_, of in missing) and any(of == month for _, of in known)
                  else sum(of == month for _, of in known) or sum(of == month for *_, of in missing) for month in range(closed)]
        held(f"{year} {word}: of how many", (counted["missing_count"], counted["fewest_people"]), (len(missing), people))
        seen = client.send("dashboard", "GET", f"plans/{answer['id']}")[1]
        held(f"{year} {word}: withheld", seen["withheld_from"] is not None, any(0 < count < 3 for count in people))
        client.send("manager", "DELETE", f"plans/{answer['id']}")


def paced(client, held, year, expected, known):
    """The last day of every month: whom nothing is known of leaves both sides."""
    for month in MONTHS:
        day = f"{year}-{month + 1:02}-{calendar.monthrange(year, month + 1)[1]}"
        store = client.send("manager", "GET", f"pace?unit=JC&day={day}&basis=calendar")[1]["rows"][0]
        for field, months in (("month", [month]), ("year", range(month + 1))):
            brought = [units for (_, of), units in known.items() if of in months]
            target = sum(cells[of] for person, cells in expected.cells.items() for of in months if (person, of) in known)
            if brought:
                held(f"{day} {field}", (store[field]["target"], store[field]["actual"]), (target, sum(brought)))


def by_history(client, held, year, expected, histories, chance):
    """A later year by two that went before."""
    years = {of: chance.randint(1, 5) for of in (year, year - 1)}
    people = [person for _, members in expected.teams.values() for person in members]

    def mean(places):
        """Σ weight × units ÷ Σ weight over the months that are known."""
        known = [(years[of], histories[of][place]) for of in years for place in places if place in histories[of]]
        return Fraction(sum(weight * units for weight, units in known), sum(weight for weight, _ in known)) if known else None

    means = {person: mean([(person, month) for month in MONTHS]) for person in people}
    season = []
    for month in MONTHS:
        known = [(person, years[of], histories[of][person, month]) for of in years for person in people
                 if (person, month) in histories[of]]
        expects = sum(weight * means[person] for person, weight, _ in known)
        season.append(sum(weight * units for _, weight, units in known) / expects if expects else None)
    wish = body_of(year + 20, expected) | {"total": 1690, "method": {"history": [
        {"year": of, "weight": weight} for of, weight in years.items()]}}
    status, answer = client.send("manager", "POST", "plans", wish)
    if None in season:
        held(f"history of {year}: refused", (status, answer["errors"][0]["field"]), (422, "method.history"))
        return
    held(f"history of {year}: answered", status, 201)
    # Who has no past is weighed as the others are on average.
    past = [mean for mean in means.values() if mean is not None]
    means = {person: sum(past) / len(past) if mean is None else mean for person, mean in means.items()}
    weighed = {team: (sum(means[person] for person in members), {person: means[person] for person in members})
               for team, (_, members) in expected.teams.items()}
    if status == 201:
        held(f"history of {year}", client.cells(answer["id"]), Expected(1690, season, weighed).split().cells)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", default=str(ROOT / "target/debug/showfloor"))
    options.add_argument("--seed", type=int, default=1)
    options = options.parse_args()
    chance, held, histories = random.Random(options.seed), Held(), {}
    demonstration = Demonstration(options.program)
    try:
        client = Client(demonstration.address())
        # They never say anything.
        silent = chance.sample(EVERYBODY, 2)
        for year in YEARS:
            expected = random_plan(chance)
            plan = client.send("manager", "POST", "plans", body_of(year, expected))[1]["id"]
            held(f"plan of {year}", client.cells(plan), expected.cells)
            client.send("manager", "POST", f"plans/{plan}/submit", {})
            client.send("gm", "POST", f"plans/{plan}/approve", {"effective_from": f"{year}-01"})
            known = {(person, month): chance.randint(0, 20) for month in MONTHS for person in EVERYBODY
                     if person not in silent and chance.random() < 0.7}
            for month in MONTHS:
                rows = [{"employee_no": person, "facts": {"deliveries": units}} for (person, of), units in known.items() if of == month]
                client.send("clerk", "POST", "facts", {"period": f"{year}-{month + 1:02}", "source_system": "dms", "rows": rows})
            histories[year] = known
            planned_again(client, held, year, plan, expected, known, chance.randint(1, 11))
            paced(client, held, year, expected, known)
            if year > YEARS[0]:
                by_history(client, held, year, expected, histories, chance)
    finally:
        demonstration.end()
    print(f"{held.count} held, {held.wrong} of them wrong (seed {options.seed})")
    sys.exit(1 if held.wrong else 0)


if __name__ == "__main__":
    main()
