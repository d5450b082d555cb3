"""Signs in and reads with the client that openapi-python-client makes of the document: mypy knows the type of all that is read."""

import os
from typing import TypeVar

from showfloor_client import AuthenticatedClient, Client
from showfloor_client.api.changes import list_changes
from showfloor_client.api.dashboard import get_attainment, get_leaderboard
from showfloor_client.api.sessions import create_session
from showfloor_client.models import Attainment, Changes, Credentials, Place, Problem, Session

T = TypeVar("T")


def read(answer: T | Problem | None, kind: type[T]) -> T:
    """What was answered; a problem is raised with what it says."""
    if isinstance(answer, kind):
        return answer
    raise SystemExit(answer.detail if isinstance(answer, Problem) else "there was no answer")


API = os.environ["API"]
credentials = Credentials(login="hr", password="showfloor-demo")
session = read(create_session.sync(client=Client(base_url=API), body=credentials), Session)
client = AuthenticatedClient(base_url=API, token=session.access_token)

board = get_leaderboard.sync(client=client, period="2014-03", top=2)
assert isinstance(board, list)
for place in board:
    print(place.rank, place.employee_no, place.total, place.deliveries)

attainment = get_attainment.sync(client=client, period="2014-03", unit="JC", down=0, compare="last-month")
assert isinstance(attainment, list)
for row in attainment:
    state = row.month.state if row.month else None
    before = row.last_month.was.deliveries if row.last_month and row.last_month.was else None
    print(row.unit, row.target, row.deliveries, state, before)

cursor = read(list_changes.sync(client=client), Changes).cursor
print(len(read(list_changes.sync(client=client, after=cursor), Changes).items), "changes")

refused = get_leaderboard.sync(client=client, period="2014-13")
assert isinstance(refused, Problem)
print(refused.code, *[error.field for error in refused.errors or []])
