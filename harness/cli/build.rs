//! Aligns the binary's segments to 2 MiB on Linux.
//!
//! The kernel maps a file's pages around the one that faults, in windows of 64 KiB of *addresses*. With segments aligned to
//! 4 KiB, address randomisation moves those windows over the file, and other pages of the binary become resident in every
//! process: the peak memory of a small model then varies by percents from one process to the next. With this alignment a
//! window holds the same pages wherever the loader puts the binary.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && matches!(target("ENV").as_str(), "gnu" | "musl") {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,max-page-size=0x200000");
    }
}
