//! The annual plan: what a store is to reach in a year, split to months, teams, people, channels and series.
//!
//! A plan has versions. One is drafted, submitted and approved with the month from which it counts; the version before
//! stays readable and keeps governing the months before that.
//!
//! - [`split`] reckons: from a total and weights to every cell. No database.
//! - [`versions`] keeps plans: drafted, changed, approved, planned again, compared.
//! - [`suggestions`] makes one of what the organisation knows; [`transfers`] lets targets go with the people.
//! - [`reading`] shows them: the document, the cells in force, pace.
//! - [`workbook`] gives a plan out as a spreadsheet and takes the edited one in.
//! - [`bottom_up`]: what leaders propose, and what people and units commit to.
//! - [`funnel`], [`supply`] and [`rebate`] stand beside the targets: leads, cars, and what the manufacturer pays.
//!
//! What all of them stand on: [`viewer`] says who sees how much, [`withheld`] which targets tell too much, [`actuals`] what has
//! happened. The channels and series there are stand in [`crate::org::labels`].

pub mod actuals;
pub mod bottom_up;
mod faults;
pub mod funnel;
pub mod reading;
pub mod rebate;
pub mod split;
pub mod suggestions;
pub mod supply;
pub mod transfers;
pub mod versions;
pub mod viewer;
pub mod withheld;
pub mod workbook;

pub use funnel::in_force::{FunnelInForce, PlannedFunnel, funnels_in_force};
pub use reading::targets::{PersonTarget, UnitTarget, targets_in_force, unit_targets_in_force};
pub use split::method::Method;
pub use split::new_plan::{LabelWeight, Levels, MemberWeight, NewLine, NewPlan, Pin, UnitWeight};
pub use split::settings::Resplit;
pub use split::tree::Tree;
pub use supply::in_force::{StoreSupply, supplies};
pub use versions::approval::{Approval, approve, return_to_draft, submit};
pub use versions::draft::create;
pub use versions::replan::{Replan, replan};
pub use versions::revision::{next_version, resplit};
pub use versions::version::Plan;
