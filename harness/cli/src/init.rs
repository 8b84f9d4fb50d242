//! `edgebench init`: a manifest to start from.

use std::fs;
use std::io::Write as _;
use std::process::ExitCode;

use edgebench_suites::{MANIFEST_NAME, template};

use crate::args::InitArgs;
use crate::failure::{Doing as _, Failure};
use crate::output::tell;

pub(crate) fn init(args: &InitArgs) -> Result<ExitCode, Failure> {
    fs::create_dir_all(&args.folder).doing(format_args!("create the folder `{}`", args.folder.display()))?;
    let path = args.folder.join(MANIFEST_NAME);
    let mut file = match fs::File::create_new(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Failure::new(format!("`{}` is there already", path.display())).hint("name another folder"));
        }
        created => created.doing(format_args!("create `{}`", path.display()))?,
    };
    file.write_all(template().as_bytes())
        .doing(format_args!("write `{}`", path.display()))?;
    tell(format_args!(
        "wrote {}; put your models beside it and fill it in",
        path.display()
    ));
    Ok(ExitCode::SUCCESS)
}
