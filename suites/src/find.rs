//! Where suites are looked for. No path is compiled in.

use std::path::{Path, PathBuf};

use crate::error::{SuiteError, nearest};

/// The manifest's name in a suite's folder.
pub const MANIFEST_NAME: &str = "suite.toml";

/// How many folders above the executable are looked at, so that `target/release` finds the checkout.
const ANCESTORS: usize = 4;

/// Folders of suites, in the order in which they are searched: `suites` beside the executable and in up to four
/// folders above it, `edgebench/suites` in the user's data folder (`$XDG_DATA_HOME`, or `~/.local/share`), and
/// `suites` in the working directory.
pub fn default_search() -> Vec<PathBuf> {
    let executable = std::env::current_exe().ok().and_then(|path| path.canonicalize().ok());
    let beside = executable
        .as_deref()
        .and_then(Path::parent)
        .into_iter()
        .flat_map(Path::ancestors)
        .take(ANCESTORS + 1)
        .map(|folder| folder.join("suites"));
    let folder = |variable| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let data = folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")));
    beside
        .chain(data.map(|data| data.join("edgebench/suites")))
        .chain([PathBuf::from("suites")])
        .collect()
}

/// Finds a suite's manifest by its path, its folder's path, or its folder's name in one of `search`.
///
/// # Errors
/// [`SuiteError::NotFound`] with the nearest name when there is none.
pub fn find(name_or_path: &str, search: &[PathBuf]) -> Result<PathBuf, SuiteError> {
    let given = Path::new(name_or_path);
    let as_path = [given.to_owned(), given.join(MANIFEST_NAME)];
    let is_name = !name_or_path.is_empty() && !name_or_path.contains(['/', '\\']) && name_or_path != "..";
    let by_name = search
        .iter()
        .filter(|_| is_name)
        .map(|folder| folder.join(name_or_path).join(MANIFEST_NAME));
    if let Some(path) = as_path.into_iter().chain(by_name).find(|path| path.is_file()) {
        return Ok(path);
    }
    let known = list(search);
    Err(SuiteError::NotFound {
        name: name_or_path.to_owned(),
        searched: search.to_vec(),
        nearest: nearest(name_or_path, known.iter().map(|(name, _)| name.as_str())).map(str::to_owned),
    })
}

/// The suites in `search`: name and manifest, by name. Where two folders hold the same name, the first counts, as in
/// [`find()`].
pub fn list(search: &[PathBuf]) -> Vec<(String, PathBuf)> {
    let mut suites: Vec<(String, PathBuf)> = Vec::new();
    for folder in search {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut here: Vec<(String, PathBuf)> = entries
            .filter_map(|entry| {
                let manifest = entry.path().join(MANIFEST_NAME);
                let name = entry.file_name().into_string().ok()?;
                manifest.is_file().then_some((name, manifest))
            })
            .collect();
        here.retain(|(name, _)| suites.iter().all(|(known, _)| known != name));
        suites.append(&mut here);
    }
    suites.sort();
    suites
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn suite(folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name).join(MANIFEST_NAME);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "schema = 1").unwrap();
        path
    }

    #[test]
    fn by_name_by_folder_and_by_file() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a"), folder.path().join("b"));
        let vision = suite(&first, "vision");
        suite(&second, "vision");
        let other = suite(&second, "other");
        let search = [first.clone(), second, folder.path().join("absent")];
        assert_eq!(find("vision", &search).unwrap(), vision);
        assert_eq!(find("other", &search).unwrap(), other);
        assert_eq!(find(vision.to_str().unwrap(), &[]).unwrap(), vision);
        assert_eq!(find(first.join("vision").to_str().unwrap(), &[]).unwrap(), vision);
        assert_eq!(
            list(&search),
            [("other".to_owned(), other), ("vision".to_owned(), vision)]
        );
    }

    #[test]
    fn what_is_not_there_is_told_the_nearest() {
        let folder = tempfile::tempdir().unwrap();
        suite(folder.path(), "starter");
        let search = [folder.path().to_owned()];
        let error = find("statrer", &search).unwrap_err();
        assert_eq!(error.to_string(), "there is no suite `statrer`");
        assert_eq!(error.hint().unwrap(), "did you mean `starter`?");
        assert!(
            find("vision", &search)
                .unwrap_err()
                .hint()
                .unwrap()
                .contains("looked in")
        );
        assert!(find("", &search).is_err());
        assert!(find("..", &search).is_err());
    }

    #[test]
    fn the_search_begins_beside_the_executable() {
        let executable = std::env::current_exe().unwrap().canonicalize().unwrap();
        let search = default_search();
        assert_eq!(search[0], executable.parent().unwrap().join("suites"));
        assert_eq!(search.last().unwrap(), Path::new("suites"));
    }
}
