//! Whether a virtual machine or a container shows itself.

use super::super::root::Root;

/// Parts of a control group's path that only one kind of container writes.
const BY_CGROUP: [(&str, &str); 7] = [
    ("kubepods", "kubernetes"),
    ("/docker/", "docker"),
    ("/docker-", "docker"),
    ("/libpod-", "podman"),
    ("/lxc/", "lxc"),
    ("/lxc.payload", "lxc"),
    ("/systemd-nspawn@", "systemd-nspawn"),
];

/// Products that are virtual machines, where no flag of the processor says so, as on Arm.
const VIRTUAL_PRODUCTS: [&str; 4] = [
    "KVM Virtual Machine",
    "QEMU Virtual Machine",
    "Virtual Machine",
    "Google Compute Engine",
];

/// The container, and where none shows the virtual machine.
pub(super) fn virtualisation(root: Root<'_>, flags: &[&str]) -> Option<String> {
    container(root).or_else(|| virtual_machine(root, flags))
}

fn container(root: Root<'_>) -> Option<String> {
    if root.exists("var/run/secrets/kubernetes.io") {
        return Some("kubernetes".to_owned());
    }
    if root.exists(".dockerenv") {
        return Some("docker".to_owned());
    }
    if root.exists("run/.containerenv") {
        return Some("podman".to_owned());
    }
    // systemd's agreement with container managers: <https://systemd.io/CONTAINER_INTERFACE/>.
    if let Some(manager) = root.line("run/systemd/container") {
        return Some(manager);
    }
    let groups = root.text("proc/self/cgroup")?;
    let (_, name) = BY_CGROUP.iter().find(|(word, _)| groups.contains(word))?;
    Some((*name).to_owned())
}

pub(super) fn virtual_machine(root: Root<'_>, flags: &[&str]) -> Option<String> {
    let product = root.line("sys/class/dmi/id/product_name");
    let vendor = root.line("sys/class/dmi/id/sys_vendor");
    if flags.contains(&"hypervisor") || root.exists("proc/device-tree/hypervisor") {
        // The smallest monitors, such as Firecracker, hand over no table of the firmware.
        let nameless = if root.exists("sys/class/dmi") {
            "hypervisor"
        } else {
            "microvm"
        };
        return Some(product.unwrap_or_else(|| nameless.to_owned()));
    }
    product.filter(|product| {
        VIRTUAL_PRODUCTS.contains(&product.as_str())
            || vendor.as_deref() == Some("QEMU")
            || vendor.as_deref() == Some("Amazon EC2") && product.rsplit('.').next() != Some("metal")
    })
}
