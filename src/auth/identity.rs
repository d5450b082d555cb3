//! Who somebody is.

use super::access::Role;

/// A person or program that has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Id of the login.
    pub user_id: i64,
    /// The version of the login of which the rest is said: a change of it makes older tokens good for reading only.
    pub account_version: i32,
    /// Its roles.
    pub roles: Vec<Role>,
    /// The employee behind the login, if there is one.
    pub employee_id: Option<i64>,
    /// The unit a login without an employee is confined to.
    pub unit_id: Option<i64>,
}
