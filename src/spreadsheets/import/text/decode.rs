//! Which encoding a text is in, and the text as UTF-8, decoded as it is read.

use std::io::{self, Read, Seek};

use encoding_rs::{BIG5, Decoder, DecoderResult, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::super::ImportError;
use super::super::traditional::in_simplified;
use crate::said::Said;

/// So many bytes are decoded at a time.
const PIECE: usize = 16 << 10;

/// More separators than this in one line of the text are refused before any field is looked at.
const MAX_SEPARATORS: usize = 16_384;

/// What may separate the fields of a line.
pub(crate) const SEPARATORS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// Words that nearly every sheet has in its header.
const WORDS: [&str; 18] = [
    "工号", "姓名", "员工", "编号", "日期", "部门", "迟到", "请假", "出勤", "交车", "月份", "合计", "订单",
    "金额", "统计", "顾问", "备注", "台数",
];

/// Finds the encoding: by the byte-order mark; without one UTF-16 where plain characters have their zero bytes at one
/// side, else UTF-8 if that is what the bytes are, else GB18030, or Big5 where that makes more words of it that sheets have.
/// The source stands behind the mark afterwards.
pub(crate) fn encoding_of(source: &mut (impl Read + Seek)) -> io::Result<&'static Encoding> {
    source.rewind()?;
    let mut beginning = Vec::new();
    source.by_ref().take(4096).read_to_end(&mut beginning)?;
    let (encoding, mark) = match Encoding::for_bom(&beginning) {
        Some((encoding, mark)) => (encoding, u64::try_from(mark).unwrap_or(0)),
        None => match unmarked_utf16(&beginning) {
            Some(encoding) => (encoding, 0),
            None => {
                source.rewind()?;
                let encoding = utf8_or_gb18030(source)?;
                (if encoding == GB18030 && is_big5(&beginning) { BIG5 } else { encoding }, 0)
            }
        },
    };
    source.seek(io::SeekFrom::Start(mark))?;
    Ok(encoding)
}

/// Digits, separators and line breaks have a zero byte in UTF-16, always at the same side. A Chinese character such as
/// 一 (U+4E00) has one at the other side now and then.
fn unmarked_utf16(beginning: &[u8]) -> Option<&'static Encoding> {
    let zeros = |side: usize| beginning.iter().skip(side).step_by(2).filter(|byte| **byte == 0).count();
    let (before, behind) = (zeros(0), zeros(1));
    let pairs = beginning.len() / 2;
    let is_plain = |many: usize, few: usize| many * 8 >= pairs && many > few * 4 && pairs > 0;
    match (before, behind) {
        // Mostly zeros is neither.
        _ if before + behind > pairs => None,
        _ if is_plain(behind, before) => Some(UTF_16LE),
        _ if is_plain(before, behind) => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether a text in one of the two encodings of Chinese characters is in Big5: nearly any bytes are characters in both, but
/// words only in one.
fn is_big5(beginning: &[u8]) -> bool {
    let words = |encoding: &'static Encoding| {
        let (text, _) = encoding.decode_without_bom_handling(beginning);
        let text = in_simplified(&text);
        WORDS.iter().filter(|word| text.contains(**word)).count()
    };
    words(BIG5) > words(GB18030)
}

fn utf8_or_gb18030(source: &mut impl Read) -> io::Result<&'static Encoding> {
    let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let mut chinese = false;
    let mut held = Vec::new();
    loop {
        let length = source.by_ref().take(64 << 10).read_to_end(&mut held)?;
        match std::str::from_utf8(&held) {
            Ok(_) if length == 0 => return Ok(UTF_8),
            Ok(text) => {
                chinese = chinese || is_chinese(text);
                held.clear();
            }
            Err(error) => {
                let (before, rest) = held.split_at(error.valid_up_to());
                chinese = chinese || is_chinese(&String::from_utf8_lossy(before));
                if error.error_len().is_some() || length == 0 {
                    // A single bad byte in UTF-8 must not turn the whole file into GB18030 gibberish. GB18030 goes
                    // wrong as UTF-8 within its first Chinese characters.
                    return Ok(if chinese { UTF_8 } else { GB18030 });
                }
                held = rest.to_vec();
            }
        }
    }
}

/// A text as UTF-8 whose every line ends in `\n`, the last one, too.
pub(crate) struct Decoded<R> {
    source: R,
    encoding: &'static Encoding,
    decoder: Decoder,
    text: Vec<u8>,
    at: usize,
    /// The line that the end of `text` stands in, counted from 1.
    line: usize,
    separators: [usize; SEPARATORS.len()],
    last: u8,
    is_over: bool,
}

impl<R: Read> Decoded<R> {
    pub(crate) fn new(source: R, encoding: &'static Encoding) -> Self {
        Self {
            source,
            encoding,
            decoder: encoding.new_decoder_without_bom_handling(),
            text: Vec::new(),
            at: 0,
            line: 1,
            separators: [0; SEPARATORS.len()],
            last: b'\n',
            is_over: false,
        }
    }

    /// Decodes the next piece.
    fn refill(&mut self) -> Result<(), ImportError> {
        self.text.clear();
        self.at = 0;
        let mut bytes = vec![0; PIECE];
        let length = self.source.read(&mut bytes)?;
        let bytes = bytes.get(..length).unwrap_or_default();
        self.is_over = length == 0;
        let room = self.decoder.max_utf8_buffer_length_without_replacement(length);
        let mut piece = String::with_capacity(room.ok_or(ImportError::TooLarge)?);
        let (result, _) = self.decoder.decode_to_string_without_replacement(bytes, &mut piece, self.is_over);
        piece.bytes().try_for_each(|byte| self.take(byte))?;
        if result != DecoderResult::InputEmpty {
            let encoding = self.encoding.name();
            return Err(ImportError::Undecodable { line: self.line, encoding });
        }
        // A text that ends in a lone return has its line break already.
        if self.is_over && self.last != b'\n' && self.last != b'\r' {
            self.text.push(b'\n');
        }
        Ok(())
    }

    fn take(&mut self, byte: u8) -> Result<(), ImportError> {
        let before = std::mem::replace(&mut self.last, byte);
        match byte {
            0 => {
                return Err(ImportError::NotText(Said::fixed("文件含有二进制内容", "it has binary content")));
            }
            b'\n' if before == b'\r' => {}
            b'\n' | b'\r' => {
                self.text.push(b'\n');
                self.line += 1;
                self.separators = [0; SEPARATORS.len()];
            }
            _ => {
                self.text.push(byte);
                for (count, _) in self.separators.iter_mut().zip(SEPARATORS).filter(|(_, one)| *one == byte) {
                    *count += 1;
                    if *count > MAX_SEPARATORS {
                        return Err(ImportError::TooManyColumns);
                    }
                }
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.text.len() && !self.is_over {
            self.refill().map_err(io::Error::other)?;
        }
        let ahead = self.text.get(self.at..).unwrap_or_default();
        let length = ahead.len().min(buffer.len());
        let (to, from) = (buffer.get_mut(..length), ahead.get(..length));
        if let (Some(to), Some(from)) = (to, from) {
            to.copy_from_slice(from);
        }
        self.at += length;
        Ok(length)
    }
}
