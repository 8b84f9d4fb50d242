//! A manifest to start from.

/// A commented manifest, as `edgebench init` writes it. It parses and passes every check; its hashes and file names are
/// there to be replaced.
pub fn template() -> &'static str {
    include_str!("template.toml")
}
