//! The pages' templates: built in, each replaceable by a file of the same name.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::ReportError;

/// The name and the text of each file that makes the pages.
const BUILT_IN: [(&str, &str); 10] = [
    ("layout.html", include_str!("../../templates/layout.html")),
    ("parts.html", include_str!("../../templates/parts.html")),
    ("run.html", include_str!("../../templates/run.html")),
    ("index.html", include_str!("../../templates/index.html")),
    ("task.html", include_str!("../../templates/task.html")),
    ("device.html", include_str!("../../templates/device.html")),
    ("cell.html", include_str!("../../templates/cell.html")),
    ("profile.html", include_str!("../../templates/profile.html")),
    (STYLE, include_str!("../../templates/style.css")),
    (SCRIPT, include_str!("../../templates/script.js")),
];

const STYLE: &str = "style.css";
const SCRIPT: &str = "script.js";

/// The pages' templates with the style and the script that go into each.
///
/// Whatever a template prints is escaped for HTML, and a value that does not exist is an error. Style and script are
/// allowed by their hashes alone, so that nothing that a record brings can run or restyle a page.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    assets: Assets,
}

/// What stands in every page's head.
#[derive(Debug, Clone, Serialize)]
struct Assets {
    style: String,
    script: String,
    policy: String,
    version: &'static str,
}

impl Templates {
    /// The templates that come with edgebench.
    ///
    /// # Errors
    /// [`ReportError::Template`]: none of these has one.
    pub fn built_in() -> Result<Self, ReportError> {
        Self::with(|_| Ok(None))
    }

    /// The templates of a folder, and those that come with edgebench where the folder has none of that name.
    ///
    /// # Errors
    /// [`ReportError::Template`] for one that cannot be parsed, [`ReportError::TemplateFile`] for one that cannot be
    /// read, or where the folder holds none at all.
    pub fn from_folder(folder: &Path) -> Result<Self, ReportError> {
        let failed = |path: PathBuf| move |source| ReportError::TemplateFile { path, source };
        fs::read_dir(folder).map_err(failed(folder.to_owned()))?;
        if !BUILT_IN.iter().any(|(name, _)| folder.join(name).exists()) {
            let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
            let none = std::io::Error::new(ErrorKind::NotFound, format!("it holds none of {}", names.join(", ")));
            return Err(failed(folder.to_owned())(none));
        }
        Self::with(|name| {
            let path = folder.join(name);
            match fs::read_to_string(&path) {
                Ok(text) => Ok(Some(text)),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(failed(path)(error)),
            }
        })
    }

    fn with(replaced: impl Fn(&str) -> Result<Option<String>, ReportError>) -> Result<Self, ReportError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        let (mut style, mut script) = (String::new(), String::new());
        for (name, built_in) in BUILT_IN {
            // A browser reads every line break as LF, and hashes what it has read.
            let text = replaced(name)?.unwrap_or_else(|| built_in.to_owned());
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            match name {
                STYLE => style = text,
                SCRIPT => script = text,
                _ => environment.add_template_owned(name, text)?,
            }
        }
        let policy = format!(
            "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
            hash(&style),
            hash(&script)
        );
        Ok(Self {
            environment,
            assets: Assets {
                style,
                script,
                policy,
                version: env!("CARGO_PKG_VERSION"),
            },
        })
    }

    /// A page from the template of this name.
    pub(crate) fn page(&self, name: &str, content: &impl Serialize) -> Result<String, ReportError> {
        #[derive(Serialize)]
        struct Page<'a, T> {
            assets: &'a Assets,
            page: &'a T,
        }
        let template = self.environment.get_template(name)?;
        Ok(template.render(Value::from(Serde(Page {
            assets: &self.assets,
            page: content,
        })))?)
    }
}

/// A script's or style's hash as a Content-Security-Policy names it.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}
