//! The bytes of a file, wherever they are.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};

use sha2::{Digest, Sha256};

/// So many bytes tell what a file is.
const BEGINNING: u64 = 4096;

/// A file: received and held, or read from a disk as it is needed.
#[derive(Debug)]
pub enum Content {
    /// Its bytes.
    Held(Cursor<Vec<u8>>),
    /// The open file.
    OnDisk(BufReader<File>),
}

impl Content {
    /// How many bytes it has.
    pub fn size(&mut self) -> io::Result<u64> {
        let size = self.seek(SeekFrom::End(0))?;
        self.rewind()?;
        Ok(size)
    }

    /// Its SHA-256, as hexadecimal digits.
    pub fn digest(&mut self) -> io::Result<String> {
        self.rewind()?;
        let mut hash = Sha256::new();
        let mut piece = vec![0; 64 << 10];
        loop {
            match self.read(&mut piece)? {
                0 => break,
                length => hash.update(piece.get(..length).unwrap_or_default()),
            }
        }
        self.rewind()?;
        Ok(base16ct::lower::encode_string(&hash.finalize()))
    }

    /// Its first bytes.
    pub(super) fn beginning(&mut self) -> io::Result<Vec<u8>> {
        self.rewind()?;
        let mut bytes = Vec::new();
        self.take(BEGINNING).read_to_end(&mut bytes)?;
        self.rewind()?;
        Ok(bytes)
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Held(Cursor::new(bytes))
    }
}

impl From<File> for Content {
    fn from(file: File) -> Self {
        Self::OnDisk(BufReader::new(file))
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Held(bytes) => bytes.read(buffer),
            Self::OnDisk(file) => file.read(buffer),
        }
    }
}

impl Seek for Content {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Held(bytes) => bytes.seek(to),
            Self::OnDisk(file) => file.seek(to),
        }
    }
}
