//! What the control group of this process allows it.

use std::path::{Component, Path};

use edgebench_record::CgroupLimits;

use super::super::root::Root;
use super::cpu::cpu_list;

/// Version 1 says “no limit” with the greatest number of whole pages.
const UNLIMITED: u64 = 1 << 62;

/// The limits of the group of this process and of all that contain it, in both versions of control groups.
pub(super) fn limits(root: Root<'_>) -> Option<CgroupLimits> {
    let membership = root.text("proc/self/cgroup")?;
    let mut limits = CgroupLimits::default();
    for line in membership.lines() {
        // `hierarchy:controllers:path`; version 2 has hierarchy 0 and names no controllers.
        let mut parts = line.splitn(3, ':');
        let (Some(hierarchy), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        if hierarchy == "0" && controllers.is_empty() {
            for group in groups("sys/fs/cgroup", path) {
                version_2(root, &group, &mut limits);
            }
            continue;
        }
        for controller in controllers.split(',') {
            for group in groups(&format!("sys/fs/cgroup/{controllers}"), path)
                .into_iter()
                .chain(groups(&format!("sys/fs/cgroup/{controller}"), path))
            {
                version_1(root, controller, &group, &mut limits);
            }
        }
    }
    (limits != CgroupLimits::default()).then_some(limits)
}

/// The folders of a group and of all that contain it. A path that points out of the mount, as that of a process outside of
/// its namespace does, is followed as far as it stays inside.
fn groups(mount: &str, path: &str) -> Vec<String> {
    let mut folders = vec![mount.to_owned()];
    let mut folder = mount.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => {
                folder = format!("{folder}/{}", name.to_string_lossy());
                folders.push(folder.clone());
            }
            Component::ParentDir => break,
            _ => {}
        }
    }
    folders
}

fn version_2(root: Root<'_>, group: &str, limits: &mut CgroupLimits) {
    if let Some(line) = root.line(&format!("{group}/cpu.max")) {
        let mut words = line.split_whitespace().map(|word| word.parse().ok());
        if let (Some(Some(quota)), Some(Some(period))) = (words.next(), words.next()) {
            lower_quota(limits, quota, period);
        }
    }
    lower(&mut limits.memory_bytes, root.number(&format!("{group}/memory.max")));
    lower_set(root, &format!("{group}/cpuset.cpus.effective"), limits);
}

fn version_1(root: Root<'_>, controller: &str, group: &str, limits: &mut CgroupLimits) {
    match controller {
        "cpu" => {
            // The quota of a group without one is -1.
            let quota = root.number(&format!("{group}/cpu.cfs_quota_us"));
            let period = root.number(&format!("{group}/cpu.cfs_period_us"));
            if let (Some(quota), Some(period)) = (quota, period) {
                lower_quota(limits, quota, period);
            }
        }
        "memory" => {
            let limit = root.number(&format!("{group}/memory.limit_in_bytes"));
            lower(&mut limits.memory_bytes, limit.filter(|&bytes: &u64| bytes < UNLIMITED));
        }
        "cpuset" => lower_set(root, &format!("{group}/cpuset.cpus"), limits),
        _ => {}
    }
}

fn lower_quota(limits: &mut CgroupLimits, quota_us: u64, period_us: u64) {
    if period_us > 0 {
        let quota = quota_us as f64 / period_us as f64;
        limits.cpu_quota = Some(limits.cpu_quota.map_or(quota, |least| least.min(quota)));
    }
}

fn lower_set(root: Root<'_>, path: &str, limits: &mut CgroupLimits) {
    let cpus = root.line(path).and_then(|list| cpu_list(&list)).map(|cpus| cpus as u64);
    let mut least = limits.cpuset_cpus.map(|cpus| cpus as u64);
    lower(&mut least, cpus);
    limits.cpuset_cpus = least.map(|cpus| cpus as usize);
}

fn lower(least: &mut Option<u64>, limit: Option<u64>) {
    *least = match (*least, limit) {
        (Some(least), Some(limit)) => Some(least.min(limit)),
        (least, limit) => least.or(limit),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_out_of_the_mount_stays_inside() {
        assert_eq!(groups("m", "/a/b"), ["m", "m/a", "m/a/b"]);
        assert_eq!(groups("m", "/"), ["m"]);
        assert_eq!(groups("m", "/../../etc"), ["m"]);
    }
}
