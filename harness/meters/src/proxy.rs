//! What stands in for energy where there is no sensor. It ranks the cells of one machine and is called energy nowhere.

use std::collections::BTreeMap;

use edgebench_record::{EnergyProxy, Tier};

/// Watts of a busy core of an unknown processor: Green Algorithms' default.
pub const WATTS_PER_CORE: f64 = 12.0;

/// Watts of a gigabyte (10⁹ bytes) of memory: Green Algorithms.
pub const WATTS_PER_GB: f64 = 0.3725;

/// Static and dynamic estimators were found to be off by up to 40 % (arXiv 2509.22092).
pub const UNCALIBRATED: f64 = 0.40;

/// Picojoules of a byte from or to DRAM at 45 nm: 640 for 32 bits.
pub const PJ_PER_BYTE: f64 = 160.0;

/// Data type, by the name that the graph gives it, and picojoules of a multiplication at 45 nm and of the addition to
/// the 32-bit accumulator that follows it. An unsigned integer is taken for a signed one.
const PJ_PER_MAC: [(&str, f64, f64); 6] = [
    ("i8", 0.2, 0.1),
    ("u8", 0.2, 0.1),
    ("i32", 3.1, 0.1),
    ("u32", 3.1, 0.1),
    ("f16", 1.1, 0.9),
    ("f32", 3.7, 0.9),
];

/// What a calibration on this machine has found ([`crate::calibration`]).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Watts of a second of processor time.
    pub watts_per_core: f64,
    /// Watts of a second of time.
    pub static_watts: f64,
    /// Its mean absolute error in workloads that it was not fitted to, as a fraction.
    pub mape: f64,
}

/// The processor proxy of one inference: `P_core·t_cpu + P_static·t_wall`.
///
/// `cpu_s` is its processor time, user and system, of all threads, so that threads that spin show; `wall_s` is its
/// duration; `memory_bytes` is the memory that it holds. Without a calibration `P_core` is 12 W and `P_static` 0.3725 W for
/// each gigabyte, no factors for a building or for repeated runs are applied, and the figure is E4.
///
/// `None` where a figure is not finite, or below 0, or all are 0.
///
/// Source: Lannelongue, Grealey & Inouye, "Green Algorithms: Quantifying the Carbon Footprint of Computation",
/// Advanced Science 8(12), 2021.
pub fn processor(cpu_s: f64, wall_s: f64, memory_bytes: u64, calibration: Option<&Calibration>) -> Option<EnergyProxy> {
    if !(cpu_s >= 0.0 && wall_s >= 0.0) {
        return None;
    }
    let gigabytes = memory_bytes as f64 * 1e-9;
    let (tier, core, idle, idle_text, uncertainty) = match calibration {
        Some(fit) => (
            Tier::E3,
            fit.watts_per_core,
            fit.static_watts,
            format!("{} W", short(fit.static_watts)),
            fit.mape,
        ),
        None => (
            Tier::E4,
            WATTS_PER_CORE,
            WATTS_PER_GB * gigabytes,
            format!("{WATTS_PER_GB} W/GB · {} GB", short(gigabytes)),
            UNCALIBRATED,
        ),
    };
    let figure = core * cpu_s + idle * wall_s;
    let sound = figure.is_finite() && figure > 0.0 && core >= 0.0 && idle >= 0.0 && (0.0..=1.0).contains(&uncertainty);
    sound.then(|| EnergyProxy {
        tier,
        per_inference_proxy_j: figure,
        uncertainty,
        formula: format!(
            "{} W · {} s of processor time + {idle_text} · {} s",
            short(core),
            short(cpu_s),
            short(wall_s)
        ),
    })
}

/// Why there is no operations proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoProxy {
    /// No figure is published for these data types.
    #[error("no published energy for multiply-accumulates in {0}")]
    UnknownDType(String),
    /// There is nothing to count.
    #[error("no multiply-accumulate and no byte is known")]
    Nothing,
}

/// The operations proxy of one inference: `Σ MACs·(e_mul + e_add) + bytes·160 pJ`, from its multiply-accumulates by data type
/// and the bytes of weights and activations that it moves.
///
/// Every byte is taken to come from DRAM. What a processor spends on fetching and steering instructions is far more than
/// the operations themselves and not in it, so that it ranks the variants of one backend and no more. It is always E4.
///
/// Source: Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014, for 45 nm.
///
/// # Errors
/// [`NoProxy`]: a data type without a published figure, or nothing to count.
pub fn operations(macs: &BTreeMap<String, u64>, bytes_moved: u64) -> Result<EnergyProxy, NoProxy> {
    let mut picojoules = bytes_moved as f64 * PJ_PER_BYTE;
    let mut terms = Vec::new();
    let mut unknown = Vec::new();
    for (dtype, &count) in macs.iter().filter(|(_, count)| **count > 0) {
        let Some(pj) = pj_per_mac(dtype) else {
            unknown.push(crate::files::shown(dtype));
            continue;
        };
        picojoules += count as f64 * pj;
        terms.push(format!("{count} MACs in {dtype} · {pj:.1} pJ"));
    }
    if !unknown.is_empty() {
        return Err(NoProxy::UnknownDType(unknown.join(", ")));
    }
    if picojoules <= 0.0 {
        return Err(NoProxy::Nothing);
    }
    terms.push(format!("{bytes_moved} bytes · {PJ_PER_BYTE} pJ"));
    Ok(EnergyProxy {
        tier: Tier::E4,
        per_inference_proxy_j: picojoules * 1e-12,
        uncertainty: UNCALIBRATED,
        formula: terms.join(" + "),
    })
}

fn pj_per_mac(dtype: &str) -> Option<f64> {
    let found = PJ_PER_MAC.iter().find(|(name, _, _)| *name == dtype);
    found.map(|(_, mul, add)| mul + add)
}

/// How much carbon dioxide a kilowatt-hour stands for, which somebody has to state.
#[derive(Debug, Clone, PartialEq)]
pub struct CarbonIntensity {
    /// Grams of CO₂ equivalent per kilowatt-hour.
    pub g_per_kwh: f64,
    /// Where the figure is from, with its year.
    pub source: String,
}

/// An amount of carbon dioxide, with what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Carbon {
    /// Grams of CO₂ equivalent.
    pub g: f64,
    /// The formula with its numbers and its source, in one line.
    pub formula: String,
}

/// The carbon dioxide of so many joules: kWh × intensity. `None` where a figure is no finite number of 0 or more, or no source
/// is stated.
pub fn carbon(joules: f64, intensity: &CarbonIntensity) -> Option<Carbon> {
    let g = joules / 3.6e6 * intensity.g_per_kwh;
    let sound = joules >= 0.0 && intensity.g_per_kwh >= 0.0 && g.is_finite() && !intensity.source.trim().is_empty();
    sound.then(|| Carbon {
        g,
        formula: format!(
            "{} J / 3.6e6 J/kWh · {} g/kWh ({})",
            short(joules),
            short(intensity.g_per_kwh),
            crate::files::shown_up_to(&intensity.source, 120)
        ),
    })
}

/// A figure with four digits.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    if (-4..=9).contains(&digits) {
        let text = format!("{value:.*}", digits.max(0) as usize);
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        return text.to_owned();
    }
    format!("{value:.3e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn macs(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
        of.iter().map(|(dtype, count)| ((*dtype).to_owned(), *count)).collect()
    }

    fn close(value: f64, expected: f64) {
        assert!((value / expected - 1.0).abs() < 1e-12, "{value}, not {expected}");
    }

    // 12·0.02 + 0.3725·2·0.01 = 0.24 + 0.00745
    #[test]
    fn the_processor_proxy_is_green_algorithms() {
        let proxy = processor(0.02, 0.01, 2_000_000_000, None).unwrap();
        close(proxy.per_inference_proxy_j, 0.247_45);
        assert_eq!((proxy.tier, proxy.uncertainty), (Tier::E4, 0.40));
        assert_eq!(
            proxy.formula,
            "12 W · 0.02 s of processor time + 0.3725 W/GB · 2 GB · 0.01 s"
        );
    }

    #[test]
    fn a_calibration_makes_it_e3_with_its_own_error() {
        let fit = Calibration {
            watts_per_core: 3.5,
            static_watts: 2.0,
            mape: 0.08,
        };
        let proxy = processor(0.02, 0.01, 5, Some(&fit)).unwrap();
        close(proxy.per_inference_proxy_j, 0.09);
        assert_eq!((proxy.tier, proxy.uncertainty), (Tier::E3, 0.08));
        assert_eq!(proxy.formula, "3.5 W · 0.02 s of processor time + 2 W · 0.01 s");
    }

    #[test]
    fn no_time_is_no_proxy() {
        for (cpu, wall) in [
            (0.0, 0.0),
            (f64::NAN, 1.0),
            (1.0, f64::NAN),
            (-1.0, 1.0),
            (f64::INFINITY, 1.0),
        ] {
            assert_eq!(processor(cpu, wall, 1_000, None), None, "{cpu} {wall}");
        }
        let fit = Calibration {
            watts_per_core: -1.0,
            static_watts: 9.0,
            mape: 0.1,
        };
        assert_eq!(processor(1.0, 1.0, 0, Some(&fit)), None);
    }

    // 45 nm: an int8 MAC 0.3 pJ, an fp32 one 4.6 pJ, a byte of DRAM 160 pJ, that is some 530 int8 MACs.
    #[test]
    fn the_operations_proxy_is_the_table() {
        let of = |dtype| {
            operations(&macs(&[(dtype, 1_000_000)]), 0)
                .unwrap()
                .per_inference_proxy_j
        };
        close(of("i8"), 0.3e-6);
        close(of("f32"), 4.6e-6);
        close(of("f16"), 2.0e-6);
        close(of("i32"), 3.2e-6);
        close(of("u8"), of("i8"));
        let both = operations(&macs(&[("i8", 1_000_000), ("f32", 10)]), 1_000).unwrap();
        close(both.per_inference_proxy_j, (300_000.0 + 46.0 + 160_000.0) * 1e-12);
        assert_eq!(both.tier, Tier::E4);
        assert_eq!(
            both.formula,
            "10 MACs in f32 · 4.6 pJ + 1000000 MACs in i8 · 0.3 pJ + 1000 bytes · 160 pJ"
        );
    }

    #[test]
    fn an_unknown_type_is_named_and_not_ignored() {
        let error = operations(&macs(&[("i8", 5), ("bf16", 7), ("i4", 1)]), 10).unwrap_err();
        assert_eq!(error, NoProxy::UnknownDType("bf16, i4".to_owned()));
        assert!(operations(&macs(&[("bf16", 0)]), 10).is_ok(), "none of them");
        assert_eq!(operations(&macs(&[]), 0), Err(NoProxy::Nothing));
        assert!(
            operations(&macs(&[("i8", u64::MAX)]), u64::MAX)
                .unwrap()
                .per_inference_proxy_j
                .is_finite()
        );
    }

    #[test]
    fn carbon_takes_an_intensity_and_its_source() {
        let world = |g_per_kwh, source: &str| CarbonIntensity {
            g_per_kwh,
            source: source.to_owned(),
        };
        let carbon = carbon(3.6e6, &world(475.0, "IEA, 2018")).unwrap();
        close(carbon.g, 475.0);
        assert_eq!(carbon.formula, "3600000 J / 3.6e6 J/kWh · 475 g/kWh (IEA, 2018)");
        assert_eq!(super::carbon(1.0, &world(475.0, " ")), None);
        assert_eq!(super::carbon(f64::NAN, &world(475.0, "x")), None);
        assert_eq!(super::carbon(1.0, &world(-1.0, "x")), None);
    }

    #[test]
    fn short_figures_keep_four_digits() {
        let figures = [
            (0.0, "0"),
            (12.0, "12"),
            (0.012_345, "0.01235"),
            (1234.5, "1234"),
            (1e-12, "1.000e-12"),
            (2.5, "2.5"),
        ];
        for (value, text) in figures {
            assert_eq!(short(value), text);
        }
        assert_eq!(short(f64::INFINITY), "inf");
    }
}
