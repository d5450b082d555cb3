"""Keeps the dashboards as tables of showfloor.sqlite, which Metabase, Superset and others read: tables.py LAST_MONTH MONTHS.
API, KEY and UNIT stand in the environment. Run it again whenever there is something new: all tables are replaced, or none."""

import csv, io, os, sqlite3, sys, urllib.parse, urllib.request

RESOURCES = ["attainment", "funnel", "product-lines", "quality", "coefficients", "distribution"]


def rows(resource, query):
    request = urllib.request.Request(f"{os.environ['API']}/v1/dashboard/{resource}?{urllib.parse.urlencode(query)}", headers={
        "Accept": "text/csv", "Accept-Language": "zh", "Authorization": f"Bearer {os.environ['KEY']}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return list(csv.reader(io.TextIOWrapper(answer, encoding="utf-8", newline="")))


last, months = sys.argv[1:]
db = sqlite3.connect("showfloor.sqlite", isolation_level=None)
db.execute("BEGIN")
for resource in RESOURCES:
    query = {"period": last, "months": months, "unit": os.environ["UNIT"]}
    if resource != "distribution":
        query["level"] = "all"
    header, *lines = rows(resource, query)
    # A tool that asks for `month.state` would look for a table `month`. NUMERIC keeps texts as texts.
    columns = [name.replace(".", "_") for name in header]
    table = resource.replace("-", "_")
    db.execute(f'DROP TABLE IF EXISTS "{table}"')
    db.execute(f'CREATE TABLE "{table}" ({", ".join(f"{name} NUMERIC" for name in columns)})')
    values = [[cell or None for cell in line] for line in lines]  # nothing is null, and never 0
    db.executemany(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(columns))})', values)
    print(f"{table}: {len(lines)} rows")
db.execute("COMMIT")
