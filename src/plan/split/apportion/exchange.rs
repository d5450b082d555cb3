//! Moving single units between months until every month sums to its total.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use super::Share;

/// One month of one member: its running total, between what bounds, and how much it may take in the month.
struct Cell {
    floor: i64,
    ceiling: i64,
    reached: i64,
    own: i64,
    room: i64,
}

/// The members at which a unit may go from one month to another; some of them may not allow it any more.
type Moves = BTreeMap<(usize, usize), BinaryHeap<Reverse<usize>>>;

/// Makes every month of `reached` (running totals, months × members) sum to its running total.
///
/// `reached` never falls, lies between the floors and ceilings of the `shares` and takes at most its `room`,
/// and all this stays so. It is a flow through a network with wrong amounts at some months. A residual path
/// from a month with too many units to one with too few passes from month to month by way of members: a
/// member can give a unit of month a to month b if all its running totals between the two can rise (b before
/// a) or fall (b after a) by one. So paths are looked for among the months alone, with one place more for the
/// units that a member gets after the last month. As a right flow exists, there is a path for as long as a
/// month is wrong. Shortest paths never use two overlapping moves of one member, which would be one move.
/// Of several members the one with the lowest index moves.
pub(super) fn settle<Number: Default + PartialEq>(
    totals: &[i64],
    shares: &[Vec<Share<Number>>],
    room: &[Vec<i64>],
    reached: &mut [Vec<i64>],
) {
    let mut surplus = surplus(totals, reached);
    if surplus.iter().all(|&units| units == 0) {
        return;
    }
    let mut rows = rows(shares, room, reached);
    let mut moves = Moves::new();
    for (member, row) in rows.iter().enumerate() {
        offer(&mut moves, member, row);
    }
    while let Some(path) = shortest_path(&surplus, &mut moves, &rows) {
        for &(from, to, member) in &path {
            if let Some(row) = rows.get_mut(member) {
                move_unit(row, from, to);
                offer(&mut moves, member, row);
            }
        }
        let ends = (path.first().map(|step| step.0), path.last().map(|step| step.1));
        for (end, change) in [(ends.0, -1), (ends.1, 1)] {
            if let Some(units) = end.and_then(|end| surplus.get_mut(end)) {
                *units += change;
            }
        }
    }
    for (month, reached) in reached.iter_mut().enumerate() {
        for (units, row) in reached.iter_mut().zip(&rows) {
            *units = row.get(month).map_or(*units, |cell| cell.reached);
        }
    }
}

/// How many units every month has too many (or too few, below 0), and the place after the last month.
fn surplus(totals: &[i64], reached: &[Vec<i64>]) -> Vec<i64> {
    let mut before = 0;
    let mut surplus = Vec::with_capacity(totals.len() + 1);
    for (total, reached) in totals.iter().zip(reached) {
        // From −total upwards, because the sum alone may be more than fits.
        let beyond = reached.iter().fold(-total, |sum, units| sum + units);
        surplus.push(beyond - before);
        before = beyond;
    }
    surplus.push(-before);
    surplus
}

/// The members' months, members × months.
fn rows<Number: Default + PartialEq>(
    shares: &[Vec<Share<Number>>],
    room: &[Vec<i64>],
    reached: &[Vec<i64>],
) -> Vec<Vec<Cell>> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    rows.resize_with(reached.first().map_or(0, Vec::len), || Vec::with_capacity(reached.len()));
    for ((shares, room), reached) in shares.iter().zip(room).zip(reached) {
        for (((row, share), &room), &reached) in rows.iter_mut().zip(shares).zip(room).zip(reached) {
            let own = reached - row.last().map_or(0, |before| before.reached);
            row.push(Cell { floor: share.floor, ceiling: share.ceiling(), reached, own, room });
        }
    }
    rows
}

/// The places to which this row can give a unit of the month `from`.
fn places(row: &[Cell], from: usize) -> impl Iterator<Item = usize> {
    let gives = row.get(from).is_none_or(|cell| cell.own > 0);
    let takes = |to: &usize| row.get(*to).is_none_or(|cell| cell.own < cell.room);
    let earlier =
        (0..from).rev().take_while(|&month| row.get(month).is_some_and(|cell| cell.reached < cell.ceiling));
    let later = (from..row.len())
        .take_while(|&month| row.get(month).is_some_and(|cell| cell.reached > cell.floor))
        .map(|month| month + 1);
    earlier.chain(later).filter(move |to| gives && takes(to))
}

/// Notes everything that this member can move.
fn offer(moves: &mut Moves, member: usize, row: &[Cell]) {
    for from in 0..=row.len() {
        for to in places(row, from) {
            moves.entry((from, to)).or_default().push(Reverse(member));
        }
    }
}

/// The lowest member that can move a unit so, if there is one.
fn mover(moves: &mut Moves, rows: &[Vec<Cell>], from: usize, to: usize) -> Option<usize> {
    let heap = moves.get_mut(&(from, to))?;
    while let Some(&Reverse(member)) = heap.peek() {
        if rows.get(member).is_some_and(|row| places(row, from).any(|place| place == to)) {
            return Some(member);
        }
        heap.pop();
    }
    None
}

/// The moves (from, to, member) of a shortest path from a month with too many units to one with too few.
fn shortest_path(
    surplus: &[i64],
    moves: &mut Moves,
    rows: &[Vec<Cell>],
) -> Option<Vec<(usize, usize, usize)>> {
    let mut queue: VecDeque<usize> =
        surplus.iter().enumerate().filter(|(_, units)| **units > 0).map(|(place, _)| place).collect();
    let mut entered: BTreeMap<usize, Option<(usize, usize)>> =
        queue.iter().map(|&place| (place, None)).collect();
    while let Some(from) = queue.pop_front() {
        for (to, &units) in surplus.iter().enumerate() {
            if entered.contains_key(&to) {
                continue;
            }
            let Some(member) = mover(moves, rows, from, to) else { continue };
            entered.insert(to, Some((from, member)));
            if units < 0 {
                let mut path = Vec::new();
                let mut place = to;
                while let Some(&Some((before, member))) = entered.get(&place) {
                    path.push((before, place, member));
                    place = before;
                }
                path.reverse();
                return Some(path);
            }
            queue.push_back(to);
        }
    }
    None
}

/// Gives a unit of one month to the other.
fn move_unit(row: &mut [Cell], from: usize, to: usize) {
    for (month, cell) in row.iter_mut().enumerate() {
        cell.own += i64::from(month == to) - i64::from(month == from);
        cell.reached += i64::from((to..from).contains(&month)) - i64::from((from..to).contains(&month));
    }
}
