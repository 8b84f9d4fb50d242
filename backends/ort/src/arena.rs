//! What the arena of a session holds, where the library tells it.
//!
//! The C API has grown by functions at its end alone since its first version, and a library refuses a version that it
//! does not have. The functions that tell of an arena came with version 23, later than the version that this backend is
//! built for: they are taken by their place from the table that the library gives for version 23, and from none else.

use std::ffi::{CStr, c_char, c_void};
use std::mem::{offset_of, transmute};

use edgebench_api::{Arena, Bytes};
use ort::AsPointer as _;
use ort::memory::Allocator;
use ort::sys::{OrtAllocator, OrtApi, OrtApiBase, OrtStatusPtr};

/// The version of the C API that has all of [`Functions`].
const VERSION: u32 = 23;

// Places in the table, counted from 0. ONNX Runtime's own sources assert the place of the last function of each version.
const GET_KEY_VALUE: usize = 297;
const RELEASE_KEY_VALUE_PAIRS: usize = 300;
const ALLOCATOR_GET_STATS: usize = 319;

// The counting is that of the table as declared: the last function of version 20 is where ONNX Runtime says it is.
const _: () = assert!(offset_of!(OrtApi, SetEpDynamicOptions) / size_of::<*const c_void>() == 284);

/// Pairs of strings that the library owns.
#[repr(C)]
struct Pairs {
    _unused: [u8; 0],
}

type AllocatorGetStats = unsafe extern "system" fn(*const OrtAllocator, *mut *mut Pairs) -> OrtStatusPtr;
type GetKeyValue = unsafe extern "system" fn(*const Pairs, *const c_char) -> *const c_char;
type ReleaseKeyValuePairs = unsafe extern "system" fn(*mut Pairs);

/// The functions that tell of an arena.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Functions {
    get_stats: AllocatorGetStats,
    get_value: GetKeyValue,
    release: ReleaseKeyValuePairs,
}

impl Functions {
    /// The functions; `None` from a library that is older than they are.
    ///
    /// # Safety
    /// `base` is what the library's `OrtGetApiBase` gave.
    pub(crate) unsafe fn of(base: &OrtApiBase) -> Option<Self> {
        // SAFETY: the C API promises this function for every number, and null for a version that it lacks.
        let table = unsafe { (base.GetApi)(VERSION) }.cast::<*const c_void>();
        if table.is_null() {
            return None;
        }
        // SAFETY: a table of version 23 has these places, each a function of the type that the C API declares for it.
        unsafe {
            Some(Self {
                get_stats: transmute::<*const c_void, AllocatorGetStats>(*table.add(ALLOCATOR_GET_STATS)),
                get_value: transmute::<*const c_void, GetKeyValue>(*table.add(GET_KEY_VALUE)),
                release: transmute::<*const c_void, ReleaseKeyValuePairs>(*table.add(RELEASE_KEY_VALUE_PAIRS)),
            })
        }
    }

    /// What an allocator holds; `None` where it does not say, as one without an arena.
    pub(crate) fn arena(self, allocator: &Allocator) -> Option<Arena> {
        let mut pairs: *mut Pairs = std::ptr::null_mut();
        // SAFETY: the allocator is alive, and the library makes the pairs.
        let status = unsafe { (self.get_stats)(allocator.ptr(), &raw mut pairs) };
        if !status.0.is_null() {
            // SAFETY: a status that is not null is given back once.
            unsafe { (ort::api().ReleaseStatus)(status.0) };
            return None;
        }
        if pairs.is_null() {
            return None;
        }
        let figure = |name: &CStr| -> Option<Bytes> {
            // SAFETY: the pairs are alive, the name is a C string, and so is a value that is not null.
            let text = unsafe {
                let value = (self.get_value)(pairs, name.as_ptr());
                (!value.is_null()).then(|| CStr::from_ptr(value))
            };
            text?.to_str().ok()?.parse().ok().map(Bytes)
        };
        let arena = (|| {
            Some(Arena {
                in_use_bytes: figure(c"InUse")?,
                peak_in_use_bytes: figure(c"MaxInUse")?,
                reserved_bytes: figure(c"TotalAllocated")?,
            })
        })();
        // SAFETY: they are the library's own, given back once and not used after.
        unsafe { (self.release)(pairs) };
        // An arena that has given a model its memory has reserved some; a plain allocator counts nothing.
        arena.filter(|arena| arena.reserved_bytes.0 > 0)
    }
}
