//! The energy counter of NVIDIA's GPUs, through the driver's management library.
//!
//! `nvmlDeviceGetTotalEnergyConsumption` counts millijoules since the driver was loaded, on Volta and later. The power
//! sensor of some GPUs sees a quarter of the time only, so that the counter over repeated windows is used and the
//! momentary power never.
//!
//! Source: NVIDIA, NVML API reference; Yang, Adamek & Armour, "Accurate and convenient energy measurements for GPUs",
//! arXiv 2312.02741.

use edgebench_record::AbsentSource;

use crate::Source;

/// Its name; `nvml:1` is the second GPU.
pub const NAME: &str = "nvml";

/// Opens the counter of a GPU: of the only one where `index` is absent.
///
/// # Errors
/// [`AbsentSource`]: built without the feature `nvml`, no library, no GPU or several, one that has no counter.
#[cfg(not(feature = "nvml"))]
pub fn open(_: Option<u32>) -> Result<Box<dyn Source>, AbsentSource> {
    let hint = "build with the feature nvml";
    Err(crate::places::absent(
        NAME,
        "this edgebench is built without it",
        Some(hint),
    ))
}

/// Opens the counter of a GPU: of the only one where `index` is absent.
///
/// # Errors
/// [`AbsentSource`]: built without the feature `nvml`, no library, no GPU or several, one that has no counter.
#[cfg(feature = "nvml")]
pub fn open(index: Option<u32>) -> Result<Box<dyn Source>, AbsentSource> {
    use crate::places::absent;

    let told = |error: nvml_wrapper::error::NvmlError| absent(NAME, error.to_string(), None);
    let nvml = nvml_wrapper::Nvml::init().map_err(told)?;
    let count = nvml.device_count().map_err(told)?;
    let index = match (index, count) {
        (_, 0) => return Err(absent(NAME, "there is no GPU", None)),
        (None, 1) => 0,
        (None, _) => {
            return Err(absent(
                NAME,
                format!("there are {count} GPUs"),
                Some("name one: nvml:0"),
            ));
        }
        (Some(index), _) if index >= count => {
            return Err(absent(
                NAME,
                format!("there is no GPU {index}: there are {count}"),
                None,
            ));
        }
        (Some(index), _) => index,
    };
    let name = nvml
        .device_by_index(index)
        .and_then(|device| device.name())
        .map_err(told)?;
    let gpu = gpu::open(Box::new(gpu::Driver { nvml, index }), &format!("{index} {name}"))?;
    Ok(Box::new(gpu))
}

#[cfg(feature = "nvml")]
mod gpu {
    use std::fmt;
    use std::time::Instant;

    use edgebench_api::Nanos;
    use edgebench_record::{AbsentSource, EnergySource, Tier};

    use super::NAME;
    use crate::counters::{Counter, Counters};
    use crate::places::absent;
    use crate::{ReadError, Reading, Source, files};

    /// Who tells the counter.
    pub(super) trait Board: fmt::Debug + Send {
        fn millijoules(&self) -> Result<u64, String>;
    }

    #[derive(Debug)]
    pub(super) struct Driver {
        pub(super) nvml: nvml_wrapper::Nvml,
        pub(super) index: u32,
    }

    impl Board for Driver {
        fn millijoules(&self) -> Result<u64, String> {
            self.nvml
                .device_by_index(self.index)
                .and_then(|device| device.total_energy_consumption())
                .map_err(|error| error.to_string())
        }
    }

    /// The energy counter of a GPU.
    #[derive(Debug)]
    pub(super) struct Gpu {
        facts: EnergySource,
        board: Box<dyn Board>,
        counters: Counters,
    }

    pub(super) fn open(board: Box<dyn Board>, name: &str) -> Result<Gpu, AbsentSource> {
        let domain = files::shown(name);
        let last = value(&*board).map_err(|error| absent(NAME, error.what, None))?;
        let counter = Counter {
            name: domain.clone(),
            range: None,
            last,
        };
        Ok(Gpu {
            facts: facts(domain),
            board,
            counters: Counters::new(vec![counter], 1e-3, Instant::now()),
        })
    }

    impl Source for Gpu {
        fn facts(&self) -> &EnergySource {
            &self.facts
        }

        fn read(&mut self) -> Result<Reading, ReadError> {
            let millijoules = value(&*self.board)?;
            Ok(Reading::Joules(self.counters.advance(&[millijoules], Instant::now())?))
        }
    }

    /// A GPU that is on has used some energy since its driver was loaded.
    fn value(board: &dyn Board) -> Result<u64, ReadError> {
        match board.millijoules() {
            Ok(0) => Err(ReadError::passing("the GPU's energy counter says 0")),
            Ok(millijoules) => Ok(millijoules),
            Err(error) => Err(ReadError::passing(format!("the GPU's energy counter: {error}"))),
        }
    }

    fn facts(domain: String) -> EnergySource {
        EnergySource {
            name: NAME.to_owned(),
            tier: Tier::E1,
            scope: "gpu".to_owned(),
            domains: vec![domain],
            uncertainty: 0.10,
            sampling_hz: 10.0,
            min_window_ns: Nanos(10_000_000_000),
            notes: vec![
                "it counts what the GPU's board draws, and nothing of the processor".to_owned(),
                "±10 % is a default; the sensors of A100 and H100 see a quarter of the time (arXiv 2312.02741)"
                    .to_owned(),
            ],
        }
    }

    #[cfg(test)]
    mod tests {
        use std::sync::Mutex;

        use super::*;

        #[derive(Debug)]
        struct Fake(Mutex<Vec<Result<u64, String>>>);

        impl Board for Fake {
            fn millijoules(&self) -> Result<u64, String> {
                self.0.lock().unwrap().remove(0)
            }
        }

        fn gpu(says: Vec<Result<u64, String>>) -> Result<Gpu, AbsentSource> {
            open(Box::new(Fake(Mutex::new(says))), "0 A GPU")
        }

        #[test]
        fn millijoules_since_it_was_opened() {
            let mut gpu = gpu(vec![Ok(5_000), Ok(5_000), Ok(7_500)]).unwrap();
            assert_eq!(gpu.read(), Ok(Reading::Joules(0.0)));
            assert_eq!(gpu.read(), Ok(Reading::Joules(2.5)));
        }

        #[test]
        fn no_counter_and_a_counter_of_0_are_no_source() {
            assert!(
                gpu(vec![Err("not supported".to_owned())])
                    .unwrap_err()
                    .reason
                    .contains("not supported")
            );
            assert!(gpu(vec![Ok(0)]).unwrap_err().reason.contains("says 0"));
        }

        #[test]
        fn a_lost_gpu_and_a_reloaded_driver_are_errors() {
            let mut gpu = gpu(vec![Ok(9_000), Err("lost".to_owned()), Ok(10), Ok(1_010)]).unwrap();
            assert!(gpu.read().unwrap_err().what.contains("lost"));
            assert!(gpu.read().unwrap_err().lasting);
            assert_eq!(gpu.read(), Ok(Reading::Joules(1.0)));
        }
    }
}
