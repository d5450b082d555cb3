//! How the cells of a plan's workbook look.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

/// Indents beyond this many steps are not drawn.
const DEEPEST: usize = 12;

const GREY_FILL: Color = Color::RGB(0x00D9_D9D9);
const GREY_TEXT: Color = Color::RGB(0x0080_8080);
const PINNED_FILL: Color = Color::RGB(0x00BD_D7EE);
const HEADER_FILL: Color = Color::RGB(0x001F_4E78);
const PINNED_RULE: Color = Color::RGB(0x001F_4E78);
const RULE: Color = Color::RGB(0x00BF_BFBF);

/// Which of a node's rows a cell is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueRow {
    /// A row to look at.
    Suggested,
    /// A row to edit.
    Confirmed,
}

/// The formats of one worksheet. They are made once: a large plan has a million cells.
pub(super) struct Styles {
    /// The heading.
    pub title: Format,
    /// The remark on how to edit.
    pub note: Format,
    /// A column's header.
    pub header: Format,
    /// A difference that should be 0.
    pub check: Format,
    suggested: RowStyles,
    confirmed: RowStyles,
}

impl Styles {
    /// For a line in cents (shown as yuan) or in pieces.
    pub(super) fn new(is_amount: bool) -> Self {
        let number = Format::new().set_num_format(if is_amount { "#,##0.00" } else { "#,##0" });
        let header = Format::new()
            .set_bold()
            .set_font_color(Color::White)
            .set_background_color(HEADER_FILL)
            .set_align(FormatAlign::Center)
            .set_border(FormatBorder::Thin)
            .set_border_color(RULE);
        Self {
            title: Format::new().set_bold().set_font_size(14),
            note: Format::new().set_font_color(GREY_TEXT),
            header,
            check: number.clone().set_font_color(GREY_TEXT).set_italic(),
            suggested: RowStyles::new(ValueRow::Suggested, &number),
            confirmed: RowStyles::new(ValueRow::Confirmed, &number),
        }
    }

    /// The formats of one of a node's rows.
    pub(super) fn row(&self, row: ValueRow) -> &RowStyles {
        match row {
            ValueRow::Suggested => &self.suggested,
            ValueRow::Confirmed => &self.confirmed,
        }
    }

    /// Laid over a value that is not the suggested one.
    pub(super) fn differs() -> Format {
        Format::new().set_background_color(Color::RGB(0x00FF_EB9C)).set_font_color(Color::RGB(0x009C_5700))
    }

    /// Laid over a difference that is not 0.
    pub(super) fn wrong() -> Format {
        Format::new().set_background_color(Color::RGB(0x00FF_C7CE)).set_font_color(Color::RGB(0x009C_0006))
    }
}

/// The formats of one of a node's rows.
pub(super) struct RowStyles {
    /// A sum of months.
    pub sum: Format,
    /// A small number beside the months: depth, closed months.
    pub mark: Format,
    text: Texts,
    /// Names by depth.
    names: Vec<Texts>,
    month: Format,
    pinned: Format,
    closed: Format,
    pinned_and_closed: Format,
}

/// Formats of a text, and of one that a spreadsheet would take for a formula if somebody edited it: this is marked as
/// text.
struct Texts {
    plain: Format,
    like_formula: Format,
}

impl Texts {
    fn new(plain: Format) -> Self {
        Self { like_formula: plain.clone().set_quote_prefix(), plain }
    }

    fn of(&self, text: &str) -> &Format {
        let like_formula = text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
        if like_formula { &self.like_formula } else { &self.plain }
    }
}

impl RowStyles {
    fn new(row: ValueRow, number: &Format) -> Self {
        let number = lined(number.clone(), row);
        let text = lined(Format::new().set_num_format("@"), row);
        let names = (0..=DEEPEST).map(|depth| {
            let name = text.clone().set_indent(u8::try_from(depth).unwrap_or_default());
            Texts::new(if depth == 0 { name.set_bold() } else { name })
        });
        let mark = Format::new().set_num_format("0").set_align(FormatAlign::Center);
        let (pinned, closed) = match row {
            ValueRow::Suggested => (number.clone(), number.clone()),
            ValueRow::Confirmed => {
                let closed = number.clone().set_background_color(GREY_FILL).set_font_color(GREY_TEXT);
                // The border stays where the value is other than suggested and filled for that.
                let pinned = number.clone().set_bold().set_background_color(PINNED_FILL);
                (pinned.set_border(FormatBorder::Medium).set_border_color(PINNED_RULE), closed)
            }
        };
        Self {
            sum: number.clone().set_bold(),
            mark: lined(mark, row).set_font_color(GREY_TEXT),
            names: names.collect(),
            text: Texts::new(text),
            pinned_and_closed: if row == ValueRow::Confirmed {
                closed.clone().set_bold()
            } else {
                closed.clone()
            },
            month: number,
            pinned,
            closed,
        }
    }

    /// A text.
    pub(super) fn text(&self, text: &str) -> &Format {
        self.text.of(text)
    }

    /// The name of a node so far below the top.
    pub(super) fn name(&self, name: &str, depth: usize) -> &Format {
        self.names.get(depth.min(DEEPEST)).unwrap_or(&self.text).of(name)
    }

    /// A month's value, to be edited or not. A closed month is grey as locked cells are; a pinned one is bold, and
    /// filled unless it is closed.
    pub(super) fn month(&self, pinned: bool, closed: bool) -> &Format {
        match (pinned, closed) {
            (false, false) => &self.month,
            (true, false) => &self.pinned,
            (false, true) => &self.closed,
            (true, true) => &self.pinned_and_closed,
        }
    }
}

/// A node's rows belong together: a rule below the second, and the first in grey.
fn lined(format: Format, row: ValueRow) -> Format {
    match row {
        ValueRow::Suggested => format.set_font_color(GREY_TEXT),
        ValueRow::Confirmed => format.set_border_bottom(FormatBorder::Thin).set_border_bottom_color(RULE),
    }
}
