"""Sends the requests of a Power Query text, to try one where there is no Excel: without_excel.py QUERY. API and KEY stand in the
environment. Says what each has answered, and of which columns that are given a type none has come."""

import csv, io, os, re, sys, urllib.parse, urllib.request

text = re.sub(r"//[^\n]*", "", open(sys.argv[1], encoding="utf-8").read().replace("http://", "http:"))
headers = dict(re.findall(r'#?"?([A-Za-z-]+)"? = "([^"]*)"', re.search(r"Headers = \[(.*?)\]", text, re.S).group(1)))
headers["Authorization"] += os.environ["KEY"]
known = set()
for path, query in re.findall(r'\bRead\("([^"]+)", \[(.*?)\]\)', text, re.S):
    query = urllib.parse.urlencode(re.findall(r'(\w+) = "([^"]*)"', query), safe=",")
    request = urllib.request.Request(f"{os.environ['API']}/{path}?{query}", headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        header, *rows = csv.reader(io.TextIOWrapper(answer, encoding="utf-8", newline=""))
    known.update(header)
    print(f"{path}: {len(rows)} rows of {' '.join(header)}")
typed = re.findall(r'\{"([^"]+)", (?:Int64\.Type|type \w+)\}', text)
missing = [column for column in typed if column not in known]
sys.exit(f"no column {', '.join(missing)}" if missing else 0)
