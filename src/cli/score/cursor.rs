//! What is left of a plain line, taken byte by byte.

/// Most digits of a number of a plain line.
const DIGITS: usize = 18;

/// A number as it is written: its digits without the point, and how many stand behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digits {
    pub(super) is_negative: bool,
    pub(super) digits: i64,
    pub(super) places: u32,
}

/// What is left of a line.
pub(super) struct Cursor<'l> {
    pub(super) rest: &'l [u8],
}

impl<'l> Cursor<'l> {
    pub(super) fn skip_blanks(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    pub(super) fn expect(&mut self, mark: u8) -> Option<()> {
        self.skip_blanks();
        match self.rest {
            [first, rest @ ..] if *first == mark => {
                self.rest = rest;
                Some(())
            }
            _ => None,
        }
    }

    pub(super) fn next_is(&mut self, mark: u8) -> bool {
        self.skip_blanks();
        self.rest.first() == Some(&mark)
    }

    /// Whether an object goes on behind a member, or ends with `mark`.
    pub(super) fn goes_on(&mut self, mark: u8) -> Option<bool> {
        self.skip_blanks();
        match self.rest {
            [b',', rest @ ..] => {
                self.rest = rest;
                Some(true)
            }
            [first, rest @ ..] if *first == mark => {
                self.rest = rest;
                Some(false)
            }
            _ => None,
        }
    }

    pub(super) fn end(&mut self) -> Option<()> {
        self.skip_blanks();
        self.rest.is_empty().then_some(())
    }

    /// A text without escapes.
    pub(super) fn text(&mut self) -> Option<&'l [u8]> {
        self.expect(b'"')?;
        let end = self.rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        match rest {
            [b'"', rest @ ..] => {
                self.rest = rest;
                Some(text)
            }
            _ => None,
        }
    }

    /// Whether a certain text stands there; it is left behind if it does.
    pub(super) fn passes(&mut self, text: &[u8]) -> bool {
        self.skip_blanks();
        let rest = self.rest.strip_prefix(b"\"").and_then(|rest| rest.strip_prefix(text));
        match rest.and_then(|rest| rest.strip_prefix(b"\"")) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub(super) fn number_or_null(&mut self) -> Option<Option<Digits>> {
        self.skip_blanks();
        if let [b'n', b'u', b'l', b'l', rest @ ..] = self.rest {
            self.rest = rest;
            return Some(None);
        }
        let is_negative = match self.rest {
            [b'-', rest @ ..] => {
                self.rest = rest;
                true
            }
            _ => false,
        };
        let before = self.rest;
        let (mut digits, whole) = self.digits(0)?;
        // No number begins with a zero that could be left out.
        if whole > 1 && before.first() == Some(&b'0') {
            return None;
        }
        let mut places = 0;
        if let [b'.', rest @ ..] = self.rest {
            self.rest = rest;
            (digits, places) = self.digits(digits)?;
        }
        let is_whole = !matches!(self.rest.first(), Some(b'e' | b'E'));
        let is_short = whole + places <= DIGITS;
        let places = u32::try_from(places).ok()?;
        (is_whole && is_short).then_some(Some(Digits { is_negative, digits, places }))
    }

    /// One digit or more behind those of `number`: all of them, and how many.
    pub(super) fn digits(&mut self, number: i64) -> Option<(i64, usize)> {
        let (mut number, mut count) = (number, 0);
        while let [digit @ b'0'..=b'9', rest @ ..] = self.rest {
            if count >= DIGITS {
                return None;
            }
            number = number.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
            self.rest = rest;
            count += 1;
        }
        (count > 0).then_some((number, count))
    }
}
