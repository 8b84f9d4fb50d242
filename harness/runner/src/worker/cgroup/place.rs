//! Where a control group for a worker can be made.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Groups;

/// The two forms of control groups (cgroups(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// A hierarchy for each controller.
    V1,
    /// One hierarchy for all.
    V2,
}

/// Why no control group can be made for a worker.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoGroups {
    /// Another system, or a kernel without them.
    #[error("this system has no control groups for memory")]
    None,
    /// The kernel does not count memory below the runner's group.
    #[error("the control group that edgebench runs in has no memory controller to give on")]
    NotDelegated,
    /// A worker beside the runner's own group would not have the limits that the runner has.
    #[error("the control group that edgebench runs in has limits of its own, which a worker beside it would not have")]
    Confined,
    /// A group below the runner's would not be part of it.
    #[error("the kernel does not count a control group as part of the one above it")]
    Flat,
    /// The system said no.
    #[error("a control group cannot be made: {0}")]
    Refused(#[source] io::Error),
}

pub(super) fn find(root: &Path, beside: bool) -> Result<Groups, NoGroups> {
    let read = |path: &str| fs::read_to_string(root.join(path)).ok();
    let own = read("proc/self/cgroup").ok_or(NoGroups::None)?;
    let mounts = read("proc/self/mountinfo").ok_or(NoGroups::None)?;
    let (version, path) = membership(&own).ok_or(NoGroups::None)?;
    let (mounted_root, mount_point) = mount(&mounts, version).ok_or(NoGroups::None)?;
    // In a container the hierarchy may be mounted from the container's own group on.
    let below = Path::new(path).strip_prefix(mounted_root).unwrap_or(Path::new(path));
    let below = below.strip_prefix("/").unwrap_or(below);
    let mount_point = root.join(mount_point.trim_start_matches('/'));
    let own = mount_point.join(below);
    let parent = match version {
        Version::V1 if first_line(&own, "memory.use_hierarchy").as_deref() == Some("0") => return Err(NoGroups::Flat),
        Version::V1 => own,
        Version::V2 => unified(&mount_point, own, beside)?,
    };
    if parent.is_dir() {
        Ok(Groups { parent, version })
    } else {
        Err(NoGroups::None)
    }
}

/// Version 2 gives a controller on to the groups below one only where its `cgroup.subtree_control` names it, and that a
/// group with processes in it cannot do, unless it is the first of all. So a worker's group mostly lies beside the
/// runner's.
fn unified(mount_point: &Path, own: PathBuf, beside: bool) -> Result<PathBuf, NoGroups> {
    if gives_memory(&own) {
        return Ok(own);
    }
    let parent = own.parent().filter(|_| beside && own != *mount_point);
    let parent = parent
        .filter(|parent| gives_memory(parent))
        .ok_or(NoGroups::NotDelegated)?;
    let unlimited =
        |name: &str, none: &[&str]| first_line(&own, name).is_none_or(|value| none.contains(&value.as_str()));
    let free = unlimited("memory.max", &["max"])
        && unlimited("memory.high", &["max"])
        && first_line(&own, "cpu.max").is_none_or(|value| value.starts_with("max"))
        && unlimited("cpuset.cpus", &[""]);
    if free {
        Ok(parent.to_owned())
    } else {
        Err(NoGroups::Confined)
    }
}

fn gives_memory(group: &Path) -> bool {
    first_line(group, "cgroup.subtree_control")
        .is_some_and(|controllers| controllers.split_whitespace().any(|name| name == "memory"))
}

fn first_line(group: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(group.join(name)).ok()?;
    Some(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// The hierarchy that counts this process's memory, and the process's group in it. Lines are `number:controllers:path`;
/// version 2 has the number 0 and no controllers.
fn membership(text: &str) -> Option<(Version, &str)> {
    let lines = || {
        text.lines().filter_map(|line| {
            let mut fields = line.splitn(3, ':');
            Some((fields.next()?, fields.next()?, fields.next()?))
        })
    };
    let first = lines().find(|(_, controllers, _)| controllers.split(',').any(|name| name == "memory"));
    let second = || lines().find(|(number, controllers, _)| *number == "0" && controllers.is_empty());
    match first {
        Some((.., path)) => Some((Version::V1, path)),
        None => second().map(|(.., path)| (Version::V2, path)),
    }
}

/// Which group of a hierarchy is mounted, and where (proc(5), `mountinfo`): the fourth and fifth field; after a lone `-`
/// stand the file system's type, its source, and its options.
fn mount(text: &str, version: Version) -> Option<(&str, &str)> {
    text.lines().find_map(|line| {
        let (place, system) = line.split_once(" - ")?;
        let mut system = system.split(' ');
        let (kind, options) = (system.next()?, system.nth(1).unwrap_or_default());
        let wanted = match version {
            Version::V1 => kind == "cgroup" && options.split(',').any(|option| option == "memory"),
            Version::V2 => kind == "cgroup2",
        };
        let mut place = place.split(' ').skip(3);
        wanted.then(|| Some((place.next()?, place.next()?))).flatten()
    })
}
