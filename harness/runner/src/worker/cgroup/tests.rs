//! Fake trees of both versions, and the real one where it lets a group be made.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;

const V1_MOUNTS: &str = "\
24 1 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
30 24 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
31 24 0:29 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
32 24 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
";
const V2_MOUNTS: &str = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

/// A root with these files in `/proc/self`, and files in group folders.
fn tree(own: &str, mounts: &str, files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("proc/self/cgroup", own);
    write("proc/self/mountinfo", mounts);
    for (path, text) in files {
        write(&format!("sys/fs/cgroup/{path}"), text);
    }
    root
}

fn v1(files: &[(&str, &str)]) -> TempDir {
    let mut all = vec![("memory/job/7/memory.use_hierarchy", "1\n")];
    all.extend(files);
    tree("5:cpu:/x\n4:memory:/job/7\n0::/\n", V1_MOUNTS, &all)
}

/// A user's session: the parent gives memory on, and the runner's own group does not.
fn v2(files: &[(&str, &str)]) -> TempDir {
    let mut all = vec![
        ("app.slice/cgroup.subtree_control", "cpu memory pids\n"),
        ("app.slice/run.scope/cgroup.subtree_control", "\n"),
        ("app.slice/run.scope/memory.max", "max\n"),
        ("app.slice/run.scope/cpu.max", "max 100000\n"),
    ];
    all.extend(files);
    tree("0::/app.slice/run.scope\n", V2_MOUNTS, &all)
}

fn names(parent: &Path) -> Vec<String> {
    let entries = fs::read_dir(parent).unwrap().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name.starts_with(PREFIX))
        .collect();
    names.sort();
    names
}

/// What the kernel would write into a group's files.
fn told(group: &Group, name: &str, text: &str) {
    fs::write(group.folder.join(name), text).unwrap();
}

fn content(group: &Group, name: &str) -> String {
    fs::read_to_string(group.folder.join(name)).unwrap()
}

#[test]
fn version_1_makes_groups_below_the_runners() {
    let root = v1(&[]);
    let parent = root.path().join("sys/fs/cgroup/memory/job/7");
    let groups = Groups::find(root.path(), false).unwrap();
    assert_eq!((&groups.parent, groups.version), (&parent, Version::V1));
    assert_eq!(names(&parent), [""; 0], "what was tried is gone");

    let empty = groups.make(None).unwrap();
    assert_eq!(names(&parent).len(), 1);
    drop(empty);
    assert_eq!(names(&parent), [""; 0]);

    let group = groups.make(Some(Bytes(64 << 20))).unwrap();
    assert_eq!(content(&group, "memory.limit_in_bytes"), "67108864");
    assert_eq!(content(&group, "memory.memsw.limit_in_bytes"), "67108864");
    group.admit(4711).unwrap();
    assert_eq!(content(&group, "cgroup.procs"), "4711");
    told(&group, "memory.max_usage_in_bytes", "1048576\n");
    told(
        &group,
        "memory.oom_control",
        "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
    );
    assert_eq!((group.peak(), group.kills()), (Some(Bytes(1 << 20)), Some(2)));
}

#[test]
fn version_2_makes_groups_beside_the_runners_where_it_may() {
    let root = v2(&[]);
    assert!(
        matches!(Groups::find(root.path(), false), Err(NoGroups::NotDelegated)),
        "only a limit is worth leaving the runner's group"
    );
    let groups = Groups::find(root.path(), true).unwrap();
    assert_eq!(groups.parent, root.path().join("sys/fs/cgroup/app.slice"));
    let group = groups.make(Some(Bytes(1 << 30))).unwrap();
    assert_eq!(content(&group, "memory.max"), "1073741824");
    assert_eq!(content(&group, "memory.swap.max"), "0");
    told(&group, "memory.peak", "4096\n");
    told(
        &group,
        "memory.events",
        "low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 0\n",
    );
    assert_eq!((group.peak(), group.kills()), (Some(Bytes(4096)), Some(1)));

    let first = tree("0::/\n", V2_MOUNTS, &[("cgroup.subtree_control", "memory\n")]);
    let groups = Groups::find(first.path(), false).unwrap();
    assert_eq!(groups.parent, first.path().join("sys/fs/cgroup"));
}

#[test]
fn limits_of_the_runner_are_not_escaped() {
    for (name, text) in [
        ("memory.max", "1073741824\n"),
        ("memory.high", "1073741824\n"),
        ("cpu.max", "50000 100000\n"),
        ("cpuset.cpus", "2-3\n"),
    ] {
        let file = format!("app.slice/run.scope/{name}");
        let root = v2(&[(&file, text)]);
        let found = Groups::find(root.path(), true);
        assert!(matches!(found, Err(NoGroups::Confined)), "{name}: {found:?}");
    }
}

#[test]
fn without_a_place_it_is_said_why() {
    let nothing = tempfile::tempdir().unwrap();
    assert!(matches!(Groups::find(nothing.path(), true), Err(NoGroups::None)));

    // No memory controller: the runner's group gives none on, and neither does the one above.
    let without = tree(
        "0::/a/b\n",
        V2_MOUNTS,
        &[
            ("a/cgroup.subtree_control", "cpu\n"),
            ("a/b/cgroup.subtree_control", ""),
        ],
    );
    assert!(matches!(
        Groups::find(without.path(), true),
        Err(NoGroups::NotDelegated)
    ));
    // In a container the hierarchy's top is the container's own group, and nothing above it is anyone's business.
    let top = tree("0::/\n", V2_MOUNTS, &[("cgroup.subtree_control", "\n")]);
    assert!(matches!(Groups::find(top.path(), true), Err(NoGroups::NotDelegated)));

    let flat = v1(&[("memory/job/7/memory.use_hierarchy", "0\n")]);
    assert!(matches!(Groups::find(flat.path(), true), Err(NoGroups::Flat)));

    // The group's folder is not there: it was removed, or another namespace has it.
    let vanished = tree("4:memory:/gone\n", V1_MOUNTS, &[]);
    assert!(matches!(Groups::find(vanished.path(), true), Err(NoGroups::None)));
    let unmounted = tree("4:memory:/job\n", V2_MOUNTS, &[]);
    assert!(matches!(Groups::find(unmounted.path(), true), Err(NoGroups::None)));
    let garbage = tree("memory\n::\n\u{0}", "- - -\n - cgroup2\n", &[]);
    assert!(matches!(Groups::find(garbage.path(), true), Err(NoGroups::None)));
}

#[test]
fn a_tree_that_cannot_be_written_is_refused() {
    let root = v1(&[]);
    let parent = root.path().join("sys/fs/cgroup/memory/job/7");
    fs::set_permissions(&parent, fs::Permissions::from_mode(0o555)).unwrap();
    // The one who may do anything may write here as well: for that user a file stands where the folder would.
    let own_name = |number: u64| parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
    let writable = fs::create_dir(parent.join("try")).is_ok();
    if writable {
        for number in 0..1_000 {
            fs::write(own_name(number), "").unwrap();
        }
    }
    let found = Groups::find(root.path(), true);
    assert!(matches!(found, Err(NoGroups::Refused(_))), "{found:?}");
    fs::set_permissions(&parent, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_vanishes_is_absent_and_never_0() {
    let root = v1(&[]);
    let groups = Groups::find(root.path(), false).unwrap();
    let group = groups.make(None).unwrap();
    assert_eq!((group.peak(), group.kills()), (None, None));
    told(&group, "memory.max_usage_in_bytes", "0\n");
    told(&group, "memory.oom_control", "oom_kill_disable 0\n");
    assert_eq!((group.peak(), group.kills()), (None, None));
    told(&group, "memory.max_usage_in_bytes", "nan\n");
    told(&group, "memory.oom_control", "oom_kill -1\n");
    assert_eq!((group.peak(), group.kills()), (None, None));
    fs::remove_dir_all(&group.folder).unwrap();
    assert!(group.admit(1).is_err());
    assert_eq!((group.peak(), group.kills()), (None, None));
}

#[test]
fn groups_of_dead_runners_are_removed_and_no_others() {
    let root = v1(&[]);
    let parent = root.path().join("sys/fs/cgroup/memory/job/7");
    fs::create_dir(root.path().join("proc/12")).unwrap();
    for name in [
        "edgebench-11-0",
        "edgebench-12-0",
        "edgebench-x-0",
        "edgebench-11",
        "edgebench-11-0-1",
        "edgebench--1",
        "edgebench-+11-2",
    ] {
        fs::create_dir(parent.join(name)).unwrap();
    }
    // One that holds something cannot be removed, as the kernel's with a process in it.
    fs::create_dir_all(parent.join("edgebench-13-0/full")).unwrap();
    Groups::find(root.path(), false).unwrap();
    assert_eq!(
        names(&parent),
        [
            "edgebench-+11-2",
            "edgebench--1",
            "edgebench-11",
            "edgebench-11-0-1",
            "edgebench-12-0",
            "edgebench-13-0",
            "edgebench-x-0"
        ]
    );
}

#[test]
fn a_container_mounts_the_hierarchy_from_its_own_group_on() {
    let mounts = "31 24 0:29 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
    let root = tree(
        "4:memory:/docker/abc/inner\n",
        mounts,
        &[("memory/inner/memory.use_hierarchy", "1\n")],
    );
    let groups = Groups::find(root.path(), false).unwrap();
    assert_eq!(groups.parent, root.path().join("sys/fs/cgroup/memory/inner"));
}
