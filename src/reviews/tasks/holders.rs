//! Who has which role in which store, as a table of SQL.

/// Which roles are had now in which store, by a posting, or by a login that is confined to a unit and no person's.
macro_rules! holders {
    ($today:literal) => {
        concat!(
            "SELECT u.store_id, a.roles, a.id AS user_id, e.employee_no, e.name
             FROM user_account a JOIN employee e ON e.id = a.employee_id JOIN assignment p ON p.employee_id = e.id
             JOIN org_unit u ON u.id = p.unit_id
             WHERE NOT a.is_disabled AND daterange(p.valid_from, p.valid_to) @> ",
            $today,
            " AND u.store_id IS NOT NULL
             UNION ALL
             SELECT u.id, a.roles, a.id, NULL, NULL FROM user_account a JOIN org_unit u ON u.path @> ARRAY[a.unit_id]
             WHERE NOT a.is_disabled AND a.employee_id IS NULL AND u.store_id = u.id"
        )
    };
}

pub(in crate::reviews) use holders;
