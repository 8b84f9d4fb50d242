//! Completions and manual pages, made from the command line's definition.

use std::fs;
use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::failure::{Doing as _, Failure};
use crate::output::print;

pub(crate) fn completions(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "edgebench", &mut text);
    print(&String::from_utf8_lossy(&text))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man(args: &ManArgs) -> Result<ExitCode, Failure> {
    if let Some(folder) = &args.folder {
        fs::create_dir_all(folder).doing(format_args!("create the folder `{}`", folder.display()))?;
        clap_mangen::generate_to(Cli::command(), folder)
            .doing(format_args!("write manual pages into `{}`", folder.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .doing("make the manual page")?;
    print(&String::from_utf8_lossy(&page))?;
    Ok(ExitCode::SUCCESS)
}
