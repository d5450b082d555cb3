//! Spreadsheets: files that bring facts, templates to fill in, and files to take away.

pub mod export;
pub mod http;
pub mod import;
pub mod import_file;
pub mod mapping;
pub mod template;
