//! `showfloor rules take`: a scheme that ships as an example, taken into a rules folder.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::in_place::replace;
use crate::cli::{Ended, language, listed, one_of, table, tell, unwritable};
use crate::rules::bundle::{self, Bundle, CATALOGUE_FILE, EXAMPLES_FOLDER, Files, Scheme};
use crate::rules::examples::{self, Example};
use crate::rules::finding::Finding;
use crate::rules::verdict::judge;

/// Options of `showfloor rules take`.
#[derive(Debug, clap::Args)]
pub struct TakeArgs {
    /// The example; without it, all of them are listed.
    #[arg(value_name = "EXAMPLE")]
    name: Option<String>,
    /// The rules folder.
    #[arg(value_name = "DIR", env = "SHOWFLOOR_RULES", default_value = "rules")]
    folder: PathBuf,
    /// Where the examples are, by default in the rules folder.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

/// Lists the examples or takes one in. Exit status 1 where the folder would not be sound with it; then nothing is written.
pub fn run(args: &TakeArgs) -> anyhow::Result<Ended> {
    let from = args.from.clone().unwrap_or_else(|| args.folder.join(EXAMPLES_FOLDER));
    let read = bundle::read(&args.folder).and_then(|files| Ok((files, examples::read_examples(&from)?)));
    let (files, examples) = match read {
        Ok(read) => read,
        Err(findings) => return refused(&findings),
    };
    let Some(name) = &args.name else { return list(&files, &examples) };
    let Some(example) = examples.iter().find(|example| example.name == *name) else {
        let names = examples.iter().map(|example| example.name.as_str()).collect::<Vec<_>>();
        let (from, names) = (from.display(), listed(&names));
        bail!(tell!(
            "{from} 里没有示例“{name}”，只有：{names}",
            "there is no example '{name}' in {from}, only: {names}"
        ));
    };
    let taken = match example.taken_into(&files) {
        Ok(taken) => taken,
        Err(finding) => return refused(&[*finding]),
    };
    let (bundle, verdict) = judge(taken);
    match bundle.filter(|_| verdict.is_sound()) {
        Some(bundle) => {
            write(&args.folder, example, &files, &bundle)?;
            told(&args.folder, example, &files, &bundle)
        }
        None => refused(&verdict.findings),
    }
}

fn refused(findings: &[Finding]) -> anyhow::Result<Ended> {
    for finding in findings {
        writeln!(io::stdout(), "{}", finding.clone().in_language(language()))?;
    }
    Ok(Ended::WithFindings)
}

fn list(files: &Files, examples: &[Example]) -> anyhow::Result<Ended> {
    let columns = [
        ("示例", "example"),
        ("方案", "scheme"),
        ("规则", "rules"),
        ("新指标", "metrics"),
        ("现由谁考核", "scored by"),
    ];
    let mut rows = table::new(&columns, &[2, 3]);
    let scored = Bundle::compile(files.clone()).ok();
    for example in examples {
        let Some(bundle) = example.alone(files).and_then(|files| Bundle::compile(files).ok()) else {
            rows.add_row([example.name.as_str(), "showfloor rules check", "", "", ""]);
            continue;
        };
        for scheme in bundle.schemes.values() {
            let scoring = scored.as_ref().and_then(|scored| scored.scheme_for(&scheme.file.position));
            rows.add_row([
                example.name.clone(),
                one_of((&scheme.file.title.zh, &scheme.file.title.en)).to_owned(),
                scheme.rules.len().to_string(),
                added(files, &bundle).to_string(),
                scoring.map(|scheme| scheme.name.clone()).unwrap_or_default(),
            ]);
        }
    }
    writeln!(io::stdout(), "{rows}")?;
    Ok(Ended::Well)
}

/// How many metrics a bundle has that the folder's files do not have yet.
fn added(files: &Files, bundle: &Bundle) -> usize {
    let count = |files: &Files| {
        let catalogue = files.get(CATALOGUE_FILE).map(|text| String::from_utf8_lossy(text).into_owned());
        catalogue.unwrap_or_default().lines().filter(|line| line.trim() == "[[metric]]").count()
    };
    count(&bundle.files).saturating_sub(count(files))
}

/// The catalogue first, then the scheme's folder at once: a program that looks at the rules meanwhile finds them sound.
fn write(folder: &Path, example: &Example, files: &Files, bundle: &Bundle) -> anyhow::Result<()> {
    let catalogue = bundle.files.get(CATALOGUE_FILE);
    if let Some(content) = catalogue.filter(|content| Some(*content) != files.get(CATALOGUE_FILE)) {
        let path = folder.join(CATALOGUE_FILE);
        let text = std::str::from_utf8(content)?;
        replace(&path, text).with_context(|| unwritable(&path))?;
    }
    let target = folder.join(&example.name);
    // A rules folder leaves out what begins with a dot.
    let beside = folder.join(format!(".{}.{}.new", example.name, std::process::id()));
    let written = fill(&beside, example).and_then(|()| fs::rename(&beside, &target));
    if written.is_err() {
        // What is left to be said is why it could not be written.
        let _ = fs::remove_dir_all(&beside);
    }
    written.with_context(|| unwritable(&target))
}

fn fill(folder: &Path, example: &Example) -> io::Result<()> {
    fs::create_dir(folder)?;
    example.scheme().iter().try_for_each(|(path, content)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        fs::write(folder.join(name), content)
    })
}

fn told(folder: &Path, example: &Example, files: &Files, bundle: &Bundle) -> anyhow::Result<Ended> {
    let rules = bundle.schemes.get(&example.name).map_or(0, |scheme: &Scheme| scheme.rules.len());
    let mut out = io::stdout();
    let (scheme, catalogue) = (folder.join(&example.name), folder.join(CATALOGUE_FILE));
    let (scheme, catalogue) = (scheme.display(), catalogue.display());
    writeln!(out, "{}", tell!("{scheme}：{rules} 条规则", "{scheme}: {rules} rules"))?;
    match added(files, bundle) {
        0 => {}
        count => {
            let told = tell!("{catalogue}：加了 {count} 个指标", "{catalogue}: {count} metrics added");
            writeln!(out, "{told}")?;
        }
    }
    let told = tell!(
        "它发布之前不给任何人打分：showfloor rules status",
        "it scores nobody until it is released: showfloor rules status"
    );
    writeln!(out, "{told}")?;
    Ok(Ended::Well)
}
