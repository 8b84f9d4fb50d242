//! Where ONNX Runtime's shared library is.

use std::cmp::Reverse;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

/// Names the library to open, before every other place: what `--ort-dylib` sets.
pub const LIBRARY_VARIABLE: &str = "EDGEBENCH_ORT_DYLIB";

/// Names the folder in which edgebench keeps what it has fetched. Without it, `edgebench` below the user's cache
/// folder.
pub const CACHE_FOLDER_VARIABLE: &str = "EDGEBENCH_CACHE";

/// Why a library was taken, in the order in which the places are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FoundBy {
    /// [`LIBRARY_VARIABLE`] names it.
    EdgebenchVariable,
    /// `ORT_DYLIB_PATH` names it, which other users of ONNX Runtime read as well.
    OrtVariable,
    /// It lies beside the executable, or in `lib` there.
    Executable,
    /// It lies in the cache, in a folder `onnxruntime-<version>`.
    Cache,
    /// The `onnxruntime` package of a Python on this machine brings it.
    Python,
    /// Nothing was found: the system's loader decides.
    Loader,
}

impl fmt::Display for FoundBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EdgebenchVariable => "--ort-dylib",
            Self::OrtVariable => "ORT_DYLIB_PATH",
            Self::Executable => "beside the executable",
            Self::Cache => "the cache",
            Self::Python => "a Python package",
            Self::Loader => "the system's loader",
        })
    }
}

/// The library to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located {
    /// Its path, or its bare name when the loader is to find it.
    pub(crate) path: PathBuf,
    /// Why this one.
    pub(crate) found_by: FoundBy,
}

/// The places to ask.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    named: Option<PathBuf>,
    named_for_ort: Option<PathBuf>,
    executable_folder: Option<PathBuf>,
    cache: Option<PathBuf>,
    python_roots: Vec<PathBuf>,
}

impl Places {
    /// The places that this process's environment gives.
    pub(crate) fn of_this_process() -> Self {
        Self::new(|name| std::env::var_os(name), std::env::current_exe().ok().as_deref())
    }

    /// The places that an environment gives. A variable that is set and empty counts as unset.
    pub(crate) fn new(variable: impl Fn(&str) -> Option<OsString>, executable: Option<&Path>) -> Self {
        let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = path("HOME").or_else(|| path("USERPROFILE"));
        let cache = path(CACHE_FOLDER_VARIABLE)
            .or_else(|| path("XDG_CACHE_HOME").map(|folder| folder.join("edgebench")))
            .or_else(|| home.as_ref().map(|home| home.join(".cache").join("edgebench")));
        let mut python_roots: Vec<PathBuf> = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(&path).collect();
        if let Some(search) = variable("PATH") {
            // A Python's packages lie beside the folder of its executable, so no Python need be started to ask.
            python_roots.extend(
                std::env::split_paths(&search)
                    .filter(|folder| folder.join("python3").exists() || folder.join("python.exe").exists())
                    .filter_map(|folder| folder.parent().map(Path::to_path_buf)),
            );
        }
        python_roots.extend(home.map(|home| home.join(".local")));
        Self {
            named: path(LIBRARY_VARIABLE),
            named_for_ort: path("ORT_DYLIB_PATH"),
            executable_folder: executable.and_then(Path::parent).map(Path::to_path_buf),
            cache,
            python_roots,
        }
    }

    /// The library to open. One that is named is taken whether or not it is there; of several in one place the
    /// newest is taken.
    pub(crate) fn locate(&self) -> Located {
        let found = |path: PathBuf, found_by| Located { path, found_by };
        if let Some(path) = &self.named {
            return found(path.clone(), FoundBy::EdgebenchVariable);
        }
        if let Some(path) = &self.named_for_ort {
            return found(path.clone(), FoundBy::OrtVariable);
        }
        if let Some(folder) = &self.executable_folder
            && let Some(path) = library_in(folder).or_else(|| library_in(&folder.join("lib")))
        {
            return found(path, FoundBy::Executable);
        }
        if let Some(path) = self.cache.as_deref().and_then(library_in_cache) {
            return found(path, FoundBy::Cache);
        }
        if let Some(path) = self.python_roots.iter().find_map(|root| library_in_python(root)) {
            return found(path, FoundBy::Python);
        }
        found(PathBuf::from(LOADER_NAME), FoundBy::Loader)
    }
}

#[cfg(windows)]
const LOADER_NAME: &str = "onnxruntime.dll";
#[cfg(target_os = "macos")]
const LOADER_NAME: &str = "libonnxruntime.dylib";
#[cfg(not(any(windows, target_os = "macos")))]
const LOADER_NAME: &str = "libonnxruntime.so";

/// Whether a file's name is that of the library: with or without a version, and not one of its companions such as
/// `libonnxruntime_providers_shared.so`.
fn is_library(name: &str) -> bool {
    if cfg!(windows) {
        name.eq_ignore_ascii_case(LOADER_NAME)
    } else if cfg!(target_os = "macos") {
        name.starts_with("libonnxruntime.") && Path::new(name).extension().is_some_and(|kind| kind == "dylib")
    } else {
        name.strip_prefix(LOADER_NAME)
            .is_some_and(|version| version.chars().all(|c| c == '.' || c.is_ascii_digit()))
    }
}

fn library_in(folder: &Path) -> Option<PathBuf> {
    newest_first(folder, is_library).into_iter().find(|path| path.is_file())
}

fn library_in_cache(cache: &Path) -> Option<PathBuf> {
    newest_first(cache, |name| name.starts_with("onnxruntime-"))
        .iter()
        .find_map(|folder| library_in(folder))
}

fn library_in_python(root: &Path) -> Option<PathBuf> {
    // `Lib` is where Windows keeps the packages, `lib/python3` is Debian's, and `lib/python3.x` everybody's.
    let mut libraries = vec![root.join("Lib")];
    libraries.extend(newest_first(&root.join("lib"), |name| name.starts_with("python3")));
    libraries
        .iter()
        .flat_map(|folder| [folder.join("site-packages"), folder.join("dist-packages")])
        .find_map(|packages| library_in(&packages.join("onnxruntime").join("capi")))
}

/// What a folder holds under a name that fits, newest version first. A folder that cannot be read holds nothing.
fn newest_first(folder: &Path, fits: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut named: Vec<(String, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
        .filter(|(name, _)| fits(name))
        .collect();
    named.sort_by_cached_key(|(name, _)| Reverse((version(name), name.clone())));
    named.into_iter().map(|(_, path)| path).collect()
}

/// The numbers in a name, so that 1.9 sorts before 1.31.
fn version(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;

    fn touch(root: &Path, path: &str) -> PathBuf {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"").unwrap();
        path
    }

    fn versioned(version: &str) -> String {
        if cfg!(windows) {
            LOADER_NAME.to_owned()
        } else if cfg!(target_os = "macos") {
            format!("libonnxruntime.{version}.dylib")
        } else {
            format!("{LOADER_NAME}.{version}")
        }
    }

    /// Builds every place, then takes them away one by one: what is found must follow the order.
    #[test]
    fn the_places_are_asked_in_order() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let library = versioned("1.31.1");
        let beside = touch(root, &format!("bin/{library}"));
        let below = touch(root, &format!("bin/lib/{library}"));
        let cached = touch(root, &format!("cache/onnxruntime-1.31.1/{library}"));
        touch(root, &format!("cache/onnxruntime-1.9.0/{library}"));
        let python = touch(
            root,
            &format!("env/lib/python3.11/site-packages/onnxruntime/capi/{library}"),
        );
        touch(root, "bin/libonnxruntime_providers_shared.so");

        let mut variables: BTreeMap<&str, OsString> = [
            (LIBRARY_VARIABLE, "named.so".into()),
            ("ORT_DYLIB_PATH", "other.so".into()),
            (CACHE_FOLDER_VARIABLE, root.join("cache").into()),
            ("VIRTUAL_ENV", root.join("env").into()),
        ]
        .into();
        let executable = root.join("bin/edgebench");
        let locate = |variables: &BTreeMap<&str, OsString>| {
            let located = Places::new(|name| variables.get(name).cloned(), Some(&executable)).locate();
            (located.found_by, located.path)
        };
        assert_eq!(locate(&variables), (FoundBy::EdgebenchVariable, "named.so".into()));
        variables.insert(LIBRARY_VARIABLE, OsString::new());
        assert_eq!(locate(&variables), (FoundBy::OrtVariable, "other.so".into()));
        variables.remove("ORT_DYLIB_PATH");
        assert_eq!(locate(&variables), (FoundBy::Executable, beside.clone()));
        fs::remove_file(beside).unwrap();
        assert_eq!(locate(&variables), (FoundBy::Executable, below.clone()));
        fs::remove_file(below).unwrap();
        assert_eq!(locate(&variables), (FoundBy::Cache, cached));
        variables.remove(CACHE_FOLDER_VARIABLE);
        assert_eq!(locate(&variables), (FoundBy::Python, python));
        variables.remove("VIRTUAL_ENV");
        assert_eq!(locate(&variables), (FoundBy::Loader, LOADER_NAME.into()));
    }

    #[test]
    fn a_python_on_the_path_shows_its_packages() {
        let root = tempfile::tempdir().unwrap();
        touch(root.path(), "bin/python3");
        let library = touch(
            root.path(),
            &format!("lib/python3/dist-packages/onnxruntime/capi/{}", versioned("1.31.1")),
        );
        let places = Places::new(|name| (name == "PATH").then(|| root.path().join("bin").into()), None);
        assert_eq!(
            places.locate(),
            Located {
                path: library,
                found_by: FoundBy::Python
            }
        );
    }

    #[test]
    fn the_cache_follows_the_users_folders() {
        let cache = |set: &'static str| Places::new(|name| (name == set).then(|| OsString::from("folder")), None).cache;
        assert_eq!(cache(CACHE_FOLDER_VARIABLE), Some("folder".into()));
        assert_eq!(cache("XDG_CACHE_HOME"), Some(Path::new("folder").join("edgebench")));
        assert_eq!(
            cache("HOME"),
            Some(Path::new("folder").join(".cache").join("edgebench"))
        );
        assert_eq!(cache("NOTHING"), None);
    }
}
