//! `edgebench report`: pages that people would publish, from one record or hundreds.

mod profile;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args;
use edgebench_record::{ReadError, Record};
use edgebench_reports::format::{Csv, Format, FormatOptions, Html};
use edgebench_reports::html::{RunLinks, Templates, run_page};
use edgebench_reports::site::{Problem, RunEntry, SiteFile, raw_path, run_files, site_files};
use edgebench_reports::{Budget, plain};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::budget::BudgetArgs;
use crate::failure::{Doing as _, Failure, exit};
use crate::output::{formats, print, tell};
use crate::parse::one_line;

/// Write pages, or another format, from one record or hundreds.
///
/// From one record DIR/index.html is the page of its run; from several it leads to a page per run, task, device and
/// cell. The pages need no network and work from any folder. A record that cannot be read is named and the others are
/// shown; the exit code is then 3. A profile is taken alone, and has one page.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Records: a record.json, the folder of a run, or a folder of such folders; or one profile: a profile.json or its
    /// folder
    #[arg(required = true, value_name = "RECORD")]
    records: Vec<PathBuf>,
    /// The folder of the pages; a file for another format, or for one page where it ends in .html [default: report, or
    /// standard output]
    #[arg(short, long, value_name = "DIR|FILE")]
    output: Option<PathBuf>,
    /// What to write
    #[arg(long, default_value = "html", value_parser = formats())]
    format: &'static dyn Format,
    /// Templates, style or script to take instead of the built-in ones of the same names
    #[arg(long, value_name = "DIR")]
    template: Option<PathBuf>,
    #[command(flatten)]
    budget: BudgetArgs,
}

pub(crate) fn report(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let budget = args.budget.budget()?;
    let templates = match &args.template {
        Some(folder) => Templates::from_folder(folder)?,
        None => Templates::built_in()?,
    };
    let options = FormatOptions {
        budget: budget.as_ref(),
        templates: Some(&templates),
    };
    let output = args.output.as_deref();
    if args.format.name() == Html.name()
        && let Some(file) = output.filter(|output| output.is_file() && !is_page(output))
    {
        return Err(Failure::new(format!("`{}` is a file", file.display()))
            .hint("pages go into a folder; one page alone into a file that ends in .html"));
    }
    if let [one] = args.records.as_slice()
        && profile::is_profile(one)
    {
        profile::report(one, args.format, output, &templates)?;
        return Ok(ExitCode::SUCCESS);
    }
    let paths = find(&args.records)?;
    let problems = if args.format.name() == Html.name() {
        let output = output.unwrap_or(Path::new("report"));
        let one_file = is_page(output);
        match paths.as_slice() {
            [_] if one_file => text(&paths, args.format, Some(output), &options)?,
            [one] => page(one, output, &templates, budget.as_ref())?,
            _ if one_file => {
                return Err(
                    Failure::new("several records make a folder of pages, and no file").hint("name a folder with `-o`")
                );
            }
            several => site(several, output, &templates, budget.as_ref())?,
        }
    } else {
        text(&paths, args.format, output, &options)?
    };
    for problem in &problems {
        tell(one_line(&format!("left out {}: {}", problem.what, problem.why)));
    }
    Ok(if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::CELLS)
    })
}

/// Whether a path names a single page.
fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "html")
}

/// The records' files: those named, and those of the folders that are named.
pub(crate) fn find(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in named {
        if profile::is_profile(path) {
            return Err(Failure::new(format!("`{}` is a profile and no record", path.display()))
                .hint("its page is profile.html; `edgebench report` takes it alone"));
        }
        if !path.is_dir() || path.join("record.json").exists() {
            found.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).doing(format_args!("read the folder `{}`", path.display()))?;
        let (mut inside, mut profiles) = (Vec::new(), 0);
        for entry in entries {
            let folder = entry
                .doing(format_args!("read the folder `{}`", path.display()))?
                .path();
            // A link that leads nowhere is a record that cannot be read, and is told as one.
            if folder.join("record.json").symlink_metadata().is_ok() {
                inside.push(folder);
            } else if profile::is_profile(&folder) {
                profiles += 1;
            }
        }
        if inside.is_empty() && profiles > 0 {
            return Err(Failure::new(format!("`{}` holds profiles and no run", path.display()))
                .hint("each has its page, profile.html; give one of them alone"));
        }
        if inside.is_empty() {
            return Err(Failure::new(format!("`{}` holds no record and no run", path.display()))
                .hint("give a record.json, the folder of a run, or a folder of such folders"));
        }
        inside.sort();
        found.append(&mut inside);
    }
    Ok(found)
}

/// A record with the text of its file.
fn read(path: &Path) -> Result<(Vec<u8>, Record), ReadError> {
    let file = if path.is_dir() {
        path.join("record.json")
    } else {
        path.to_owned()
    };
    let text = fs::read(&file).map_err(|source| ReadError::Io {
        path: file.clone(),
        source,
    })?;
    let record = Record::parse(&text, &file)?;
    Ok((text, record))
}

/// The page of one run, with its data beside it.
fn page(path: &Path, folder: &Path, templates: &Templates, budget: Option<&Budget>) -> Result<Vec<Problem>, Failure> {
    let (text, record) = read(path)?;
    let files = [
        ("data/record.json", text),
        (
            "data/cells.csv",
            Csv.write(&[&record], &FormatOptions::default())?.into_bytes(),
        ),
        (
            "index.html",
            run_page(&record, templates, &RunLinks::with_data(), budget)?.into_bytes(),
        ),
    ];
    for (name, text) in files {
        write(folder, name, &text)?;
    }
    tell(format_args!("wrote {}", folder.join("index.html").display()));
    Ok(Vec::new())
}

/// A site of many runs. A record is read, its page written, and put away before the next.
fn site(
    paths: &[PathBuf],
    folder: &Path,
    templates: &Templates,
    budget: Option<&Budget>,
) -> Result<Vec<Problem>, Failure> {
    let written = AtomicUsize::new(0);
    let read_one = |path: &PathBuf| -> Result<Result<RunEntry, Problem>, Failure> {
        let (text, record) = match read(path) {
            Ok(read) => read,
            Err(error) => return Ok(Err(problem(path, &error))),
        };
        let (entry, files) = run_files(&record, &text, templates, budget)?;
        write(folder, &raw_path(&entry), &text)?;
        for file in &files {
            write(folder, &file.path, file.text.as_bytes())?;
        }
        written.fetch_add(files.len() + 1, Ordering::Relaxed);
        Ok(Ok(entry))
    };
    let read: Vec<_> = paths.par_iter().map(read_one).collect::<Result<_, Failure>>()?;
    let (mut runs, mut problems): (Vec<RunEntry>, Vec<Problem>) = (Vec::new(), Vec::new());
    let mut known = BTreeSet::new();
    for (path, entry) in paths.iter().zip(read) {
        match entry {
            Ok(entry) if known.insert(entry.file.clone()) => runs.push(entry),
            Ok(entry) => tell(one_line(&format!(
                "{} is the record of run {} once more, and is shown once",
                shown(path),
                entry.id
            ))),
            Err(problem) => problems.push(problem),
        }
    }
    // The same records give the same bytes, in whatever order they are named.
    problems.sort();
    if runs.is_empty() {
        let first = problems
            .first()
            .map(|problem| format!("{}: {}", problem.what, problem.why));
        return Err(Failure::new(format!(
            "no record could be read: {}",
            first.unwrap_or_default()
        )));
    }
    site_files(&mut runs, &problems, templates, |file: SiteFile| {
        written.fetch_add(1, Ordering::Relaxed);
        write(folder, &file.path, file.text.as_bytes())
    })?;
    tell(format_args!(
        "wrote {} files; the first page is {}",
        written.into_inner(),
        folder.join("index.html").display()
    ));
    Ok(problems)
}

/// Another format, of all records that can be read.
fn text(
    paths: &[PathBuf],
    format: &dyn Format,
    output: Option<&Path>,
    options: &FormatOptions<'_>,
) -> Result<Vec<Problem>, Failure> {
    let (mut records, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        match read(path) {
            Ok((_, record)) => records.push(record),
            // Of a single record there is nothing else to show.
            Err(error) if paths.len() == 1 => return Err(error.into()),
            Err(error) => problems.push(problem(path, &error)),
        }
    }
    let all: Vec<&Record> = records.iter().collect();
    text_to(output, &format.write(&all, options)?)?;
    Ok(problems)
}

/// Writes to a file, or to standard output.
fn text_to(output: Option<&Path>, text: &str) -> Result<(), Failure> {
    match output {
        Some(path) => fs::write(path, text).doing(format_args!("write `{}`", path.display())),
        None => print(text),
    }
}

/// Why a record is left out, with its causes and without its path.
fn problem(path: &Path, error: &ReadError) -> Problem {
    let why = match error {
        ReadError::Io { source, .. } => format!("it cannot be read: {source}"),
        ReadError::Newer { found, newest, .. } => {
            format!("it has schema {found}, and this edgebench reads schema {newest} and older")
        }
        ReadError::Damaged { source, .. } => format!("it is no record, or a damaged one: {source}"),
    };
    Problem { what: shown(path), why }
}

/// The last two parts of a path: what is published says nothing of the folders above.
fn shown(path: &Path) -> String {
    let parts: Vec<_> = path.iter().rev().take(2).map(|part| part.to_string_lossy()).collect();
    plain(&parts.into_iter().rev().collect::<Vec<_>>().join("/"))
}

/// Writes a file below the folder, with the folders that it needs.
fn write(folder: &Path, name: &str, text: &[u8]) -> Result<(), Failure> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);

    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).doing(format_args!("make the folder `{}`", parent.display()))?;
    }
    // In one step: a reader sees the whole of it, and a link that lies there is replaced and not followed. A record that is
    // named twice may be written by two threads at once.
    let mut temporary = path.clone().into_os_string();
    temporary.push(format!(".{}.tmp", NEXT.fetch_add(1, Ordering::Relaxed)));
    fs::write(&temporary, text)
        .and_then(|()| fs::rename(&temporary, &path))
        .doing(format_args!("write `{}`", path.display()))
}
