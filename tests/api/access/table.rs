//! The table that people read: `table.md`, operation × role, and how far each role reaches.

use reqwest::Method;
use serde_json::Value;
use showfloor::auth::access::{self, Reach, Role};
use showfloor::server;

/// The columns: a role by its name in the table, and a login of the demonstration whose person it is tried as.
pub const COLUMNS: [(&str, Role, &str); 15] = [
    ("consultant", Role::SalesConsultant, "consultant"),
    ("leader", Role::TeamLeader, "leader"),
    ("telesales", Role::TelesalesSpecialist, "telesales"),
    ("supervisor", Role::ShowroomSupervisor, "supervisor"),
    ("manager", Role::SalesManager, "manager"),
    ("gm", Role::GeneralManager, "gm"),
    ("hr", Role::Hr, "hr"),
    ("clerk", Role::Clerk, "clerk"),
    ("service", Role::CustomerService, "service"),
    ("adviser", Role::ServiceAdviser, "service"),
    ("parts", Role::Parts, "service"),
    ("group", Role::GroupAdmin, "group"),
    ("dashboard", Role::Dashboard, "dashboard"),
    ("auditor", Role::Auditor, "auditor"),
    ("admin", Role::SystemAdmin, "admin"),
];

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nobody has to sign in.
    Public,
    /// May not.
    No,
    /// May, and it is about nobody else.
    Yes,
    /// May, as far as this.
    Within(Reach),
}

impl Cell {
    fn read(word: &str) -> Self {
        match word {
            "public" => Self::Public,
            "–" => Self::No,
            "yes" => Self::Yes,
            "own" => Self::Within(Reach::Own),
            "team" => Self::Within(Reach::Team),
            "dept" => Self::Within(Reach::Department),
            "store" => Self::Within(Reach::Store),
            "all" => Self::Within(Reach::All),
            word => panic!("table.md: what does '{word}' mean?"),
        }
    }
}

/// A row for each operation.
pub struct Table(Vec<(String, [Cell; 15])>);

impl Table {
    /// Reads `table.md`.
    pub fn read() -> Self {
        let mut rows = Vec::new();
        for line in include_str!("table.md").lines().filter(|line| line.starts_with("| ")) {
            let words = line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>();
            let [cells @ .., operations] = words.as_slice() else { panic!("{line}") };
            assert_eq!(cells.len(), COLUMNS.len(), "{line}");
            if *operations == "operations" {
                assert_eq!(cells, COLUMNS.map(|(name, ..)| name), "{line}");
                continue;
            }
            let cells: [Cell; 15] = std::array::from_fn(|at| Cell::read(cells[at]));
            rows.extend(operations.split(' ').map(|operation| (operation.to_owned(), cells)));
        }
        let mut names = rows.iter().map(|(name, _)| name).collect::<Vec<_>>();
        names.sort_unstable();
        assert!(names.windows(2).all(|two| two[0] != two[1]), "table.md names an operation twice");
        Self(rows)
    }

    /// What each role may do with an operation.
    pub fn of(&self, operation: &str) -> &[Cell; 15] {
        let row = self.0.iter().find(|(name, _)| name == operation);
        &row.unwrap_or_else(|| panic!("table.md has no row for {operation}: who may do it, by the design?")).1
    }

    /// The operations that have a row.
    pub fn operations(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

/// An operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: String,
    pub method: Method,
    /// With its parameters in braces.
    pub path: String,
    /// Names of the parameters of its query.
    pub query: Vec<String>,
    /// The least body that it takes, by the document.
    pub body: Value,
}

/// Every operation of the document.
pub fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(server::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(id) = operation["operationId"].as_str() else { continue };
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let query = parameters.filter(|parameter| parameter["in"] == "query");
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            operations.push(Operation {
                id: id.to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                query: query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect(),
                body: least(&document, schema),
            });
        }
    }
    operations
}

/// The least value that a schema takes: what is required, and the first of what may be chosen.
fn least(document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return least(document, document.pointer(reference.trim_start_matches('#')).unwrap());
    }
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    if let Some(first) = schema["oneOf"].get(0).or(schema["anyOf"].get(0)) {
        return least(document, first);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = serde_json::Map::new();
        for part in parts {
            whole.extend(least(document, part).as_object().cloned().unwrap_or_default());
        }
        return whole.into();
    }
    let kind = schema["type"].as_str().or(schema["type"][0].as_str());
    match (kind, schema["format"].as_str()) {
        (Some("object"), _) => {
            let required = schema["required"].as_array().into_iter().flatten();
            let fields = required.map(|name| {
                let name = name.as_str().unwrap();
                (name.to_owned(), least(document, &schema["properties"][name]))
            });
            Value::Object(fields.collect())
        }
        (Some("array"), _) => {
            let items = schema["minItems"].as_u64().unwrap_or(0);
            (0..items).map(|_| least(document, &schema["items"])).collect()
        }
        (Some("integer" | "number"), _) => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        (Some("boolean"), _) => true.into(),
        (Some("string"), Some("date")) => "2014-05-12".into(),
        (Some("string"), Some("date-time")) => "2014-05-12T02:00:00Z".into(),
        (Some("string"), _) => "说明".into(),
        _ => Value::Object(serde_json::Map::new()),
    }
}

/// The table that those read who run the program says of a role what the program does.
#[test]
fn the_roles_of_the_operations_guide_reach_as_far_as_the_program_says() {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md")).unwrap();
    let reach = |action: &str, role: Role| {
        let (_, allowed) = access::TABLE.iter().find(|(name, _)| *name == action).unwrap();
        let found = allowed.iter().find(|(one, _)| *one == role);
        found.map_or("–", |(_, reach)| reach.name())
    };
    let mut seen = 0;
    for role in Role::ALL {
        let name = format!("`{}`", role.name());
        let row = guide.lines().find(|line| line.starts_with("| `") && line.contains(&name));
        let row = row.unwrap_or_else(|| panic!("the guide has no row for {role}"));
        let words = row.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>();
        for (column, action) in
            [(1, "ViewReviews"), (2, "ViewFacts"), (5, "ViewAggregates"), (6, "ViewLeaderboard")]
        {
            assert_eq!(words[column], reach(action, *role), "{role} {action}: {row}");
            seen += 1;
        }
    }
    assert_eq!(seen, 60);
}
