"""Looks whether the time of an answer tells what the answer does not: whether something out of reach exists, and whether there is a
login. Each pair of questions is asked in turns, in random order; printed is how often the first was answered slower than the second,
over all pairs of answers: half of them where nothing can be told.

A demonstration on loopback is started and ended here. Options: answer_times.py --help.
"""

import argparse
import http.client
import json
import random
import statistics
import sys
import time

from contract import PASSWORD, ROOT, Demonstration

# Nothing has these.
NO_ID = 10**9
NOBODY = "ZZ9"


class Client:
    def __init__(self, address):
        self.connection, self.tokens = http.client.HTTPConnection(address.removeprefix("http://")), {}

    def send(self, method, path, body=None, login=None):
        """Status, seconds and body of an answer."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.token(login)}"} if login else {})
        begun = time.perf_counter()
        self.connection.request(method, f"/v1/{path}", None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        content = answer.read()
        return answer.status, time.perf_counter() - begun, content

    def token(self, login):
        if login not in self.tokens:
            body = {"login": login, "password": PASSWORD}
            self.tokens[login] = json.loads(self.send("POST", "sessions", body)[2])["access_token"]
        return self.tokens[login]

    def ids(self, login, path):
        return [item["id"] for item in json.loads(self.send("GET", path, login=login)[2])["items"]]


def told_apart(first, second, rounds):
    """The statuses, the medians in milliseconds, and the share of pairs in which the first took longer."""
    times, statuses = ([], []), [None, None]
    for _ in range(rounds):
        for at in random.sample((0, 1), 2):
            statuses[at], seconds, _ = (first, second)[at]()
            times[at].append(seconds)
    slower = sum((one > other) + 0.5 * (one == other) for one in times[0] for other in times[1])
    return statuses, [1000 * statistics.median(seconds) for seconds in times], slower / (len(times[0]) * len(times[1]))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", default=str(ROOT / "target/debug/showfloor"))
    options.add_argument("--rounds", type=int, default=300)
    options = options.parse_args()
    demonstration = Demonstration(options.program)
    try:
        client = Client(demonstration.address())
        month = "reviews?period=2014-10&limit=100"
        reached = {review for login in ("consultant", "leader") for review in client.ids(login, month)}
        others = [review for review in client.ids("hr", month) if review not in reached]

        def asked(login, path, *values):
            return lambda: client.send("GET", path.format(random.choice(values)), login=login)

        pairs = [(f"{login}: {path}", asked(login, path, *others), asked(login, path, NO_ID), options.rounds)
                 for login in ("consultant", "leader", "dashboard")
                 for path in ("reviews/{}", "reviews/{}/versions", "reviews/{}/adjustments")]
        pairs += [(f"{login}: {path}", asked(login, path, "A05", "A09"), asked(login, path, NOBODY), options.rounds)
                  for login in ("consultant", "dashboard")
                  for path in ("employees/{}", "reviews?period=2014-10&employee_no={}", "facts?period=2014-10&employee_no={}")]

        def wrong(login):
            return lambda: client.send("POST", "sessions", {"login": login(), "password": "not the password"})

        # Wrong passwords are soon made to wait.
        pairs.append(("signing in", wrong(lambda: "manager"), wrong(lambda: f"nobody{random.randrange(10**6)}"), 4))
        found = 0
        for what, first, second, rounds in pairs:
            statuses, medians, slower = told_apart(first, second, rounds)
            # Of so many pairs chance makes less than this, unless there are few.
            is_told = statuses[0] != statuses[1] or rounds > 100 and abs(slower - 0.5) > 0.15
            found += is_told
            print(f"{what:58} {statuses[0]} {medians[0]:8.3f} ms   {statuses[1]} {medians[1]:8.3f} ms   slower {slower:.2f}"
                  f"{'   TOLD APART' if is_told else ''}", flush=True)
    finally:
        demonstration.end()
    print(f"{len(pairs)} pairs, {found} told apart")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
