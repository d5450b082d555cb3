//! What follows from pins is what computing everything anew gives, in the whole plan and in an excerpt of it.

use proptest::prelude::*;

use super::*;

/// A plan before and after its pins are changed.
#[derive(Debug)]
struct Change {
    before: WholePlan,
    pins: BTreeMap<i32, Vec<PinnedCell>>,
}

fn weights() -> impl Strategy<Value = [u64; 12]> {
    prop_oneof![4 => (0..9_u64).prop_map(|weight| [weight; 12]), 1 => prop::array::uniform12(0..9_u64)]
}

/// A tree of up to `nodes` nodes; who stands below whom is any.
fn shape(nodes: usize) -> impl Strategy<Value = Shape> {
    let below = prop::collection::vec((any::<prop::sample::Index>(), weights()), 0..nodes);
    (prop::array::uniform12(0..9_u64), below).prop_map(|(months, below)| {
        let mut shape = Shape::of(node(Place::Unit(0), "U0", None, months));
        for (number, (parent, weights)) in (1..).zip(below) {
            let parent = parent.index(shape.len());
            shape.push(node(Place::Unit(number), &format!("U{number}"), Some(parent), weights));
        }
        shape
    })
}

fn line() -> impl Strategy<Value = Line> {
    let levels = (prop::option::of(0..=100_i64), prop::option::of(0..300_i64));
    (prop_oneof![0..300_i64, Just(1_000_000_007)], levels).prop_map(|(total, (floor, more))| Line {
        total,
        floor_total: floor.map(|percent| total * percent / 100),
        stretch_total: more.map(|more| total + more),
        ..Line::default()
    })
}

type RawPin = (usize, bool, prop::sample::Index, usize, i64);

fn pins(whole: &WholePlan, raw: &[RawPin]) -> BTreeMap<i32, Vec<PinnedCell>> {
    let mut cells = BTreeMap::new();
    for (line, is_organisation, node, month, value) in raw {
        let tree = if *is_organisation { Tree::Organisation } else { Tree::Channel };
        let cell =
            (tree, node.index(whole.shapes.of(tree).len()), whole.closed + month % (12 - whole.closed));
        cells.insert((line % whole.lines.len(), cell), *value);
    }
    let mut pins = BTreeMap::<i32, Vec<PinnedCell>>::new();
    for ((line, (tree, node, month)), value) in cells {
        let pin = PinnedCell { tree, node, month, value };
        pins.entry(i32::try_from(line).unwrap()).or_default().push(pin);
    }
    pins
}

fn change() -> impl Strategy<Value = Change> {
    let raw = || {
        let value = prop_oneof![0..12_i64, 0..60_i64];
        let pin = (0..3_usize, prop::bool::weighted(0.8), any::<prop::sample::Index>(), 0..12_usize, value);
        prop::collection::vec(pin, 0..6)
    };
    let plan = (shape(24), shape(4), prop::collection::vec(line(), 1..4), 0..4_usize);
    let segments = prop::collection::vec((any::<prop::sample::Index>(), 0..9_u64), 0..2);
    (plan, segments, raw(), raw(), raw()).prop_filter_map(
        "a plan that can be split",
        |(plan, parts, kept, gone, new)| {
            let (organisation, mut channel, lines, closed) = plan;
            let months = organisation.node(0)?.weights;
            channel.set_weights(0, months);
            let series = Shape::of(node(Place::Unit(0), "U0", None, months));
            let segments = parts.iter().map(|(unit, weight)| {
                let node = unit.index(organisation.len());
                let weights =
                    organisation.children(node).iter().map(|child| (*child, weight + *child as u64 % 3));
                Segment { node, months: 4..7, weights: weights.collect() }
            });
            let segments = segments.collect();
            let mut before = WholePlan { segments, lines, ..WholePlan::default() };
            before.shapes = PerTree { organisation, channel, series };
            for (number, line) in (0..).zip(&mut before.lines) {
                line.number = number;
            }
            before.split(Scope::Everything).ok()?;
            before.closed = closed;
            for line in &mut before.lines {
                line.closed_total = line.cells.organisation.confirmed[0][..closed].iter().sum();
            }
            before.pins = pins(&before, &[kept.clone(), gone].concat());
            before.split(Scope::Everything).ok()?;
            let pins = pins(&before, &[kept, new].concat());
            Some(Change { before, pins })
        },
    )
}

/// The nodes of `whole` that are known, each with all above it, as a plan of its own; and where each stands.
fn excerpt(whole: &WholePlan, known: &Nodes) -> (WholePlan, PerTree<Vec<usize>>) {
    let mut part = WholePlan { closed: whole.closed, ..WholePlan::default() };
    part.lines = whole.lines.iter().map(|line| Line { cells: PerTree::default(), ..line.clone() }).collect();
    let mut ordinals = PerTree::<Vec<usize>>::default();
    let at = |ordinals: &PerTree<Vec<usize>>, tree: Tree, node: usize| {
        ordinals.of(tree).iter().position(|ordinal| *ordinal == node)
    };
    for (tree, ordinal) in known {
        let shape = whole.shapes.of(*tree);
        let node = shape.node(*ordinal).unwrap();
        let parent = node.parent.map(|parent| at(&ordinals, *tree, parent).unwrap());
        part.shapes.of_mut(*tree).push(Node { parent, ..node.clone() });
        ordinals.of_mut(*tree).push(*ordinal);
        for (line, all) in part.lines.iter_mut().zip(&whole.lines) {
            let (cells, all) = (line.cells.of_mut(*tree), all.cells.of(*tree));
            cells.suggested.push(all.suggested[*ordinal]);
            cells.confirmed.push(all.confirmed[*ordinal]);
            for (level, all) in [(&mut cells.floor, &all.floor), (&mut cells.stretch, &all.stretch)] {
                if let Some(all) = all {
                    level.get_or_insert_default().push(all[*ordinal]);
                }
            }
        }
    }
    for (tree, ordinal) in known {
        let position = at(&ordinals, *tree, *ordinal).unwrap();
        let here = part.shapes.of(*tree).children(position).len();
        if here < whole.shapes.of(*tree).children(*ordinal).len() {
            part.shapes.of_mut(*tree).cut(position);
        }
    }
    let organisation = |node: usize| at(&ordinals, Tree::Organisation, node);
    let segment = |segment: &Segment| {
        let weights =
            segment.weights.iter().filter_map(|(child, weight)| Some((organisation(*child)?, *weight)));
        Some(Segment {
            node: organisation(segment.node)?,
            months: segment.months.clone(),
            weights: weights.collect(),
        })
    };
    part.segments = whole.segments.iter().filter_map(segment).collect();
    let here = |pin: &PinnedCell| PinnedCell { node: at(&ordinals, pin.tree, pin.node).unwrap(), ..*pin };
    part.pins = whole.pins.iter().map(|(line, pins)| (*line, pins.iter().map(here).collect())).collect();
    (part, ordinals)
}

/// Changes the pins in an excerpt that grows as far as it has to, and puts what has changed into the plan.
fn change_in_excerpt(Change { before, pins }: &Change) -> Result<WholePlan, LineRefusal> {
    let mut known: Nodes = Tree::ALL.iter().map(|tree| (*tree, 0)).collect();
    for pin in before.pins.values().chain(pins.values()).flatten() {
        let shape = before.shapes.of(pin.tree);
        known.extend(shape.above(pin.node).chain([pin.node]).map(|node| (pin.tree, node)));
    }
    loop {
        let (former, _) = excerpt(before, &known);
        let with_pins = WholePlan { pins: pins.clone(), ..before.clone() };
        let (mut part, ordinals) = excerpt(&with_pins, &known);
        let of = |tree: Tree, node: usize| ordinals.of(tree)[node];
        let Outcome { changed, cut } = part.split(Scope::Pins(&former.pins)).map_err(|mut refused| {
            let Refusal { tree, node, held, .. } = &mut refused.refusal;
            *node = of(*tree, *node);
            held.iter_mut().for_each(|node| *node = of(*tree, *node));
            refused
        })?;
        if !cut.is_empty() {
            for (tree, node) in cut {
                let children = before.shapes.of(tree).children(of(tree, node));
                known.extend(children.iter().map(|child| (tree, *child)));
            }
            continue;
        }
        let mut after = with_pins;
        for (line, part) in after.lines.iter_mut().zip(&part.lines) {
            for &(tree, node) in &changed {
                let (cells, part) = (line.cells.of_mut(tree), part.cells.of(tree));
                cells.confirmed[of(tree, node)] = part.confirmed[node];
                for (level, part) in [(&mut cells.floor, &part.floor), (&mut cells.stretch, &part.stretch)] {
                    if let (Some(level), Some(part)) = (level, part) {
                        level[of(tree, node)] = part[node];
                    }
                }
            }
        }
        return Ok(after);
    }
}

/// 600 plans, or more where `PROPTEST_CASES` asks for more.
fn many() -> ProptestConfig {
    let config = ProptestConfig::default();
    let cases = config.cases.max(600);
    ProptestConfig { cases, max_local_rejects: cases.saturating_mul(100), ..config }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn what_follows_from_pins_is_what_everything_anew_gives(change in change()) {
        let mut anew = WholePlan { pins: change.pins.clone(), ..change.before.clone() };
        let expected = anew.split(Scope::Everything).map(|_| anew);

        let mut whole = WholePlan { pins: change.pins.clone(), ..change.before.clone() };
        let outcome = whole.split(Scope::Pins(&change.before.pins));
        prop_assert_eq!(&outcome.as_ref().map(|_| &whole).map_err(Clone::clone), &expected.as_ref().map_err(Clone::clone));
        if let Ok(Outcome { changed, cut }) = outcome {
            prop_assert_eq!(cut, Nodes::new());
            for &tree in Tree::ALL {
                for at in 0..whole.shapes.of(tree).len() {
                    let differs = whole.lines.iter().zip(&change.before.lines).any(|(now, then)| {
                        let (now, then) = (now.cells.of(tree), then.cells.of(tree));
                        let level = |rows: &Option<Rows>| rows.as_ref().map(|rows| rows[at]);
                        now.confirmed[at] != then.confirmed[at]
                            || level(&now.floor) != level(&then.floor)
                            || level(&now.stretch) != level(&then.stretch)
                    });
                    prop_assert_eq!(changed.contains(&(tree, at)), differs);
                }
            }
        }
        prop_assert_eq!(change_in_excerpt(&change), expected);
    }
}
