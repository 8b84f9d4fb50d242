//! Intel's tiles: products of small matrices in one instruction. Written in assembly, since the intrinsics are not stable.

use std::arch::asm;
use std::arch::x86_64::{__cpuid_count, __get_cpuid_max};

use edgebench_api::ComputeKind;

use super::{ELEMENTS, Kernel, Operand};

/// Tiles of 16 rows of 64 bytes: so many sums, that is, elements of a product.
const SUMS: usize = 16 * 16;
/// Tiles that sums are kept in. An instruction follows 16 cycles after the last and takes 52, which four hide.
const TILES: usize = 4;
/// Leaf 7 of CPUID names both in EDX.
const AMX_BF16: u32 = 1 << 22;
const AMX_INT8: u32 = 1 << 25;

pub(crate) fn kernels() -> Vec<Kernel> {
    // SAFETY: every 64-bit x86 processor has CPUID, and its leaf 7 is asked only where there is one.
    let features = if __get_cpuid_max(0).0 >= 7 {
        __cpuid_count(7, 0).edx
    } else {
        0
    };
    let mut kernels = Vec::new();
    if features & (AMX_BF16 | AMX_INT8) == 0 || !tiles_are_allowed() {
        return kernels;
    }
    if features & AMX_BF16 != 0 {
        kernels.push(Kernel {
            kind: ComputeKind::Bf16,
            instructions: "AMX-BF16 tdpbf16ps",
            elements: 32,
            products: TILES * SUMS,
            // SAFETY: the processor has the instructions and the system allows them, as the conditions say.
            run: |rounds, a, b| unsafe { bf16(rounds, a, b) },
        });
    }
    if features & AMX_INT8 != 0 {
        kernels.push(Kernel {
            kind: ComputeKind::Int8Dot,
            instructions: "AMX-INT8 tdpbusd",
            elements: ELEMENTS,
            products: TILES * SUMS,
            // SAFETY: the processor has the instructions and the system allows them, as the conditions say.
            run: |rounds, a, b| unsafe { int8(rounds, a, b) },
        });
    }
    kernels
}

/// Asks Linux to let this process use tiles. Elsewhere they are left alone.
fn tiles_are_allowed() -> bool {
    #[cfg(target_os = "linux")]
    {
        const ARCH_REQ_XCOMP_PERM: libc::c_ulong = 0x1023;
        const XFEATURE_XTILEDATA: libc::c_ulong = 18;
        // SAFETY: the call takes two numbers and touches no memory of ours.
        let answer = unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) };
        answer == 0
    }
    #[cfg(not(target_os = "linux"))]
    {
        false
    }
}

/// What `ldtilecfg` reads: all eight tiles have 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    columns: [u16; 16],
    rows: [u8; 16],
}

static CONFIGURATION: Configuration = Configuration {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    columns: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// A tile in memory.
type Tile<T> = [T; 16 * 16];

/// Multiplies `$a` with `$b`, tiles in memory, and gives the four tiles of sums after so many rounds.
macro_rules! multiply {
    ($instruction:literal, $rounds:expr, $a:expr, $b:expr, $zero:expr) => {{
        let mut sums = [[$zero; 16 * 16]; TILES];
        // SAFETY: `ldtilecfg` and the loads read 64 and 1024 bytes of objects that have as many; the stores write four
        // times 1024 bytes, one tile each. Compiled code keeps nothing in tiles, and `tilerelease` leaves them as they were.
        unsafe {
            asm!(
                "ldtilecfg [{configuration}]",
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "tileloadd tmm4, [{a} + {stride}*1]",
                "tileloadd tmm5, [{a} + {stride}*1]",
                "tileloadd tmm6, [{b} + {stride}*1]",
                "tileloadd tmm7, [{b} + {stride}*1]",
                "test {rounds}, {rounds}",
                "jz 3f",
                "2:",
                concat!($instruction, " tmm0, tmm4, tmm6"),
                concat!($instruction, " tmm1, tmm4, tmm7"),
                concat!($instruction, " tmm2, tmm5, tmm6"),
                concat!($instruction, " tmm3, tmm5, tmm7"),
                "dec {rounds}",
                "jnz 2b",
                "3:",
                "tilestored [{sums} + {stride}*1], tmm0",
                "tilestored [{sums} + {stride}*1 + 1024], tmm1",
                "tilestored [{sums} + {stride}*1 + 2048], tmm2",
                "tilestored [{sums} + {stride}*1 + 3072], tmm3",
                "tilerelease",
                configuration = in(reg) &raw const CONFIGURATION,
                a = in(reg) $a.as_ptr(),
                b = in(reg) $b.as_ptr(),
                sums = in(reg) sums.as_mut_ptr(),
                stride = in(reg) 64_usize,
                rounds = inout(reg) $rounds => _,
                options(nostack),
            );
        }
        sums
    }};
}

/// # Safety
/// The processor has AMX-INT8 and the system allows tiles.
unsafe fn int8(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    // A row has the operand; so have the columns, four elements of which are together in one row.
    let rows: Tile<[i8; 4]> = std::array::from_fn(|index| four(a, index % 16));
    let columns: Tile<[i8; 4]> = std::array::from_fn(|index| four(b, index / 16));
    let sums = multiply!("tdpbusd", rounds, rows, columns, 0_i32);
    sums.as_flattened().iter().map(|sum| f64::from(*sum)).sum()
}

/// # Safety
/// The processor has AMX-BF16 and the system allows tiles.
unsafe fn bf16(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let rows: Tile<[u16; 2]> = std::array::from_fn(|index| two(a, index % 16));
    let columns: Tile<[u16; 2]> = std::array::from_fn(|index| two(b, index / 16));
    let sums = multiply!("tdpbf16ps", rounds, rows, columns, 0.0_f32);
    sums.as_flattened().iter().map(|sum| f64::from(*sum)).sum()
}

/// The four elements of a group.
fn four(operand: &Operand, group: usize) -> [i8; 4] {
    std::array::from_fn(|index| operand[group * 4 + index])
}

/// The two elements of a group as brain floats: the upper half of a 32-bit float, exact for numbers this small.
fn two(operand: &Operand, group: usize) -> [u16; 2] {
    std::array::from_fn(|index| (f32::from(operand[group * 2 + index]).to_bits() >> 16) as u16)
}
