//! Writes records whose every string is a payload: `hostile OUT [record.json]` makes `OUT/000/record.json` and so on, one
//! for each entry of `tests/payloads.json`, from the golden record or from the one given.

use std::path::{Path, PathBuf};
use std::{env, fs};

use edgebench_record::to_json;

#[path = "../tests/hostile/mod.rs"]
mod hostile;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let out = arguments.next().ok_or("usage: hostile OUT [record.json]")?;
    let base = match arguments.next() {
        Some(path) => serde_json::from_slice(&fs::read(path)?)?,
        None => hostile::golden(),
    };
    let places = hostile::places(&base);
    println!("the same everywhere: {}", places.refused.join(", "));
    for (number, payload) in hostile::payloads().iter().enumerate() {
        let folder = out.join(format!("{number:03}"));
        println!("{number:03} {}", payload.name);
        write(&folder, &to_json(&hostile::hostile(&base, &places, &payload.text))?)?;
    }
    Ok(())
}

fn write(folder: &Path, text: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("record.json"), text)
}
