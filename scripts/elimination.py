"""What sums of values tell of the values of few people: exact elimination modulo a large prime, by which nothing is rounded.

Run alone it shows that it finds what is to be found: elimination.py.
"""

from itertools import combinations

PRIME = 2**61 - 1


def reduced(rows, width):
    """The rows in reduced echelon form: by the column of its pivot, each row."""
    pivots = {}
    for row in rows:
        row = [cell % PRIME for cell in row]
        for column, pivot in pivots.items():
            if row[column]:
                factor = row[column]
                row = [(cell - factor * other) % PRIME for cell, other in zip(row, pivot)]
        column = next((at for at in range(width) if row[at]), None)
        if column is None:
            continue
        inverse = pow(row[column], -1, PRIME)
        row = [cell * inverse % PRIME for cell in row]
        for other, pivot in pivots.items():
            if pivot[column]:
                factor = pivot[column]
                pivots[other] = [(cell - factor * mine) % PRIME for cell, mine in zip(pivot, row)]
        pivots[column] = row
    return pivots


def rank(rows):
    return len(reduced(rows, len(rows[0]))) if rows and rows[0] else 0


def found_of_few(sums, fewest):
    """What can be found of fewer than `fewest` people by adding and subtracting sums: the smallest sets of them, with the unknowns.

    A sum is a set of unknowns, and an unknown a tuple that begins with whose it is.
    """
    sums = list({frozenset(one) for one in sums if one})
    # Unknowns that are always summed together can only be found together: they are one, of as many people as they are.
    members = {}
    for unknown in set().union(*sums) if sums else ():
        members.setdefault(frozenset(at for at, one in enumerate(sums) if unknown in one), []).append(unknown)
    together = list(members.items())
    pivots = reduced([[int(at in columns) for columns, _ in together] for at in range(len(sums))], len(together))
    free = [column for column in range(len(together)) if column not in pivots]
    # By how much each changes where a free one does while every sum stays: what does not change is known.
    slack = {column: [-pivots[column][of] if column in pivots else int(of == column) for of in free] for column in range(len(together))}
    people = {column: frozenset(unknown[0] for unknown in unknowns) for column, (_, unknowns) in enumerate(together)}
    few = {column: whose for column, whose in people.items() if len(whose) < fewest}
    candidates = {frozenset().union(*some) for size in range(1, fewest) for some in combinations(set(few.values()), size)}
    found = []
    for whose in sorted((one for one in candidates if len(one) < fewest), key=lambda one: (len(one), sorted(one))):
        if any(other <= whose for other, _ in found):
            continue
        columns = [column for column, of in few.items() if of <= whose]
        full = rank([slack[column] for column in columns])
        # Those that others of theirs make up for.
        bound = [column for column in columns if rank([slack[other] for other in columns if other != column]) == full]
        if bound:
            found.append((whose, sorted(unknown for column in bound for unknown in together[column][1])))
    return found


def check():
    """Small complements that are published on purpose, and what hides them."""
    def found(*sums):
        return [sorted(whose) for whose, _ in found_of_few([{(person,) for person in one} for one in sums], 3)]

    assert found("abcdef") == []
    assert found("ab", "abcde") == [["a", "b"]]
    assert found("abcde", "abc") == [["d", "e"]], "what is left"
    assert found("abcdefgh", "abc", "def") == [["g", "h"]]
    assert found("abcdefgh", "abc") == []
    # By how much two differ is of two people, too; and by three sums that are not within each other: ab + bc + ca is twice all of them.
    assert found("abxyz", "bcxyz") == [["a", "c"]]
    assert found("abx", "bcx", "cax", "x") == [["a"], ["b"], ["c"], ["x"]]
    # d is in the first year and not in the second.
    assert found("abcd", "abc") == [["d"]]
    # A person's two months together, and neither alone.
    months = [{("a", 1), ("a", 2), ("b", 1), ("c", 1), ("d", 1)}, {("b", 1), ("c", 1), ("d", 1)}]
    assert found_of_few(months, 3) == [(frozenset("a"), [("a", 1), ("a", 2)])]


check()
if __name__ == "__main__":
    print("What is to be found is found.")
