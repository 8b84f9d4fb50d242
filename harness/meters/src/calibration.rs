//! How far the processor's proxy may be trusted on one machine: fitted to workloads whose energy was measured, and
//! judged on the ones that it was not fitted to.

use crate::proxy;

/// Fewer workloads prove nothing.
pub const ENOUGH_WORKLOADS: usize = 8;

/// A fit with a greater mean absolute error, as a fraction, is not accepted.
pub const MOST_MAPE: f64 = 0.15;

/// A fit that ranks worse is not accepted.
pub const LEAST_RHO: f64 = 0.9;

/// A pivot this much smaller than the column that it is in is rounding.
const SINGULAR: f64 = 1e-10;

/// A workload of known energy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Workload {
    /// Processor time of all threads, in seconds.
    pub cpu_s: f64,
    /// Duration in seconds.
    pub wall_s: f64,
    /// Bytes that it moved, where they are known; used where they are known for all.
    pub bytes: Option<f64>,
    /// Its energy in joules.
    pub joules: f64,
}

/// A fit, and how good it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Watts of a second of processor time.
    pub watts_per_core: f64,
    /// Watts of a second of time.
    pub static_watts: f64,
    /// Joules of a byte; absent where the bytes of a workload are not known.
    pub joules_per_byte: Option<f64>,
    /// Mean absolute error of each workload as predicted by a fit to the others, as a fraction of its energy.
    pub mape: Option<f64>,
    /// Spearman's rank correlation of those predictions with the energies; absent where either are all equal.
    pub rho: Option<f64>,
    /// Workloads that it was fitted to.
    pub workloads: usize,
    /// Why it is not accepted; empty where it is.
    pub refused: Vec<String>,
}

impl Fit {
    /// What [`proxy::processor`] takes, where the fit is accepted and rests on times alone.
    pub fn calibration(&self) -> Option<proxy::Calibration> {
        (self.refused.is_empty() && self.joules_per_byte.is_none()).then_some(proxy::Calibration {
            watts_per_core: self.watts_per_core,
            static_watts: self.static_watts,
            mape: self.mape?,
        })
    }
}

/// Fits `joules = a·cpu_s + b·wall_s (+ c·bytes)` with a, b, c ≥ 0 by least squares of the relative errors, so that a short
/// workload counts as much as a long one.
///
/// Accepted with at least 8 workloads, a leave-one-out error of at most 15 % and a rank correlation of at least 0.9.
///
/// `None` where a figure is not finite or below 0, an energy is not above 0, or nothing can be fitted.
///
/// Source: non-negative least squares as in Lawson & Hanson, "Solving Least Squares Problems" (1974), ch. 23. With so
/// few columns every set of those that are above 0 is tried.
pub fn fit(workloads: &[Workload]) -> Option<Fit> {
    let rows = rows(workloads)?;
    let whole = non_negative(&rows)?;
    let predicted: Option<Vec<f64>> = (0..rows.len())
        .map(|left_out| {
            let mut others = rows.clone();
            let row = others.remove(left_out);
            let solution = non_negative(&others)?;
            // The rows are divided by their energies, so that 1 is exact.
            Some(dot(&row, &solution))
        })
        .collect();
    let mape = predicted.as_ref().map(|predicted| {
        let errors = predicted.iter().map(|share| (share - 1.0).abs());
        errors.sum::<f64>() / rows.len() as f64
    });
    let joules: Vec<f64> = workloads.iter().map(|workload| workload.joules).collect();
    let rho = predicted.and_then(|shares| {
        let predicted: Vec<f64> = shares
            .iter()
            .zip(&joules)
            .map(|(share, joules)| share * joules)
            .collect();
        spearman(&predicted, &joules)
    });
    Some(Fit {
        watts_per_core: *whole.first()?,
        static_watts: *whole.get(1)?,
        joules_per_byte: whole.get(2).copied(),
        mape,
        rho,
        workloads: workloads.len(),
        refused: refused(workloads.len(), mape, rho),
    })
}

fn refused(workloads: usize, mape: Option<f64>, rho: Option<f64>) -> Vec<String> {
    let mut refused = Vec::new();
    if workloads < ENOUGH_WORKLOADS {
        refused.push(format!("{workloads} workloads, where {ENOUGH_WORKLOADS} are asked for"));
    }
    match mape {
        Some(mape) if mape <= MOST_MAPE => {}
        Some(mape) => refused.push(format!(
            "workloads that it was not fitted to are off by {:.1} % on average, more than {:.0} %",
            mape * 100.0,
            MOST_MAPE * 100.0
        )),
        None => refused.push("it cannot be judged by leaving one workload out".to_owned()),
    }
    match rho {
        Some(rho) if rho >= LEAST_RHO => {}
        Some(rho) => refused.push(format!(
            "it ranks workloads with a correlation of {rho:.2}, below {LEAST_RHO}"
        )),
        None => refused.push("the workloads cannot be ranked".to_owned()),
    }
    refused
}

/// One row a workload, divided by its energy.
fn rows(workloads: &[Workload]) -> Option<Vec<Vec<f64>>> {
    let with_bytes = !workloads.is_empty() && workloads.iter().all(|workload| workload.bytes.is_some());
    workloads
        .iter()
        .map(|workload| {
            let mut row = vec![workload.cpu_s, workload.wall_s];
            row.extend(workload.bytes.filter(|_| with_bytes));
            let sound = row.iter().all(|value| value.is_finite() && *value >= 0.0);
            if !sound || !workload.joules.is_finite() || workload.joules <= 0.0 {
                return None;
            }
            let row: Vec<f64> = row.iter().map(|value| value / workload.joules).collect();
            row.iter().all(|value| value.is_finite()).then_some(row)
        })
        .collect()
}

/// The x ≥ 0 with the least Σ(row·x − 1)².
fn non_negative(rows: &[Vec<f64>]) -> Option<Vec<f64>> {
    let columns = rows.first()?.len();
    let mut best: Option<(f64, Vec<f64>)> = None;
    for set in 1..1_usize << columns {
        let active: Vec<usize> = (0..columns).filter(|column| set >> column & 1 == 1).collect();
        let Some(part) = least_squares(rows, &active) else {
            continue;
        };
        if part.iter().any(|value| *value < 0.0) {
            continue;
        }
        let mut solution = vec![0.0; columns];
        for (column, value) in active.iter().zip(part) {
            solution[*column] = value;
        }
        let residual: f64 = rows.iter().map(|row| (dot(row, &solution) - 1.0).powi(2)).sum();
        if residual.is_finite() && best.as_ref().is_none_or(|(least, _)| residual < *least) {
            best = Some((residual, solution));
        }
    }
    best.map(|(_, solution)| solution)
}

/// Least squares in the given columns by the normal equations, each column scaled to length 1. `None` where they do not
/// tell the columns apart.
fn least_squares(rows: &[Vec<f64>], active: &[usize]) -> Option<Vec<f64>> {
    let n = active.len();
    let lengths: Vec<f64> = active
        .iter()
        .map(|&column| rows.iter().map(|row| row[column].powi(2)).sum::<f64>().sqrt())
        .collect();
    if lengths.iter().any(|length| !length.is_finite() || *length <= 0.0) {
        return None;
    }
    let scaled = |row: &Vec<f64>, i: usize| row[active[i]] / lengths[i];
    // The matrix of the normal equations with its right side as the last column.
    let mut matrix: Vec<Vec<f64>> = (0..n)
        .map(|i| {
            let mut line: Vec<f64> = (0..n)
                .map(|j| rows.iter().map(|row| scaled(row, i) * scaled(row, j)).sum())
                .collect();
            line.push(rows.iter().map(|row| scaled(row, i)).sum());
            line
        })
        .collect();
    // It is symmetric and positive definite, which takes no exchange of rows.
    for pivot in 0..n {
        if matrix[pivot][pivot] < SINGULAR {
            return None;
        }
        for below in pivot + 1..n {
            let factor = matrix[below][pivot] / matrix[pivot][pivot];
            let above = matrix[pivot].clone();
            for (value, above) in matrix[below].iter_mut().zip(above) {
                *value -= factor * above;
            }
        }
    }
    let mut solution = vec![0.0; n];
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| matrix[i][j] * solution[j]).sum();
        solution[i] = (matrix[i][n] - known) / matrix[i][i];
    }
    let solution: Vec<f64> = solution
        .iter()
        .zip(&lengths)
        .map(|(value, length)| value / length)
        .collect();
    solution.iter().all(|value| value.is_finite()).then_some(solution)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Spearman's rank correlation, equal values sharing the mean of their ranks. `None` where either side is all equal or has
/// fewer than 2 values.
fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (ranks(a), ranks(b));
    let middle = f64::midpoint(a.len() as f64, 1.0);
    let about = |ranks: &[f64]| -> Vec<f64> { ranks.iter().map(|rank| rank - middle).collect() };
    let (a, b) = (about(&a), about(&b));
    let rho = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
    rho.is_finite().then_some(rho)
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: f64| {
        let below = values.iter().filter(|other| **other < value).count();
        let equal = values.iter().filter(|other| other.total_cmp(&value).is_eq()).count();
        below as f64 + f64::midpoint(equal as f64, 1.0)
    };
    values.iter().map(|&value| rank(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, expected: f64) {
        assert!(
            (value - expected).abs() <= 1e-9 * expected.abs().max(1.0),
            "{value}, not {expected}"
        );
    }

    /// Workloads of a machine that draws 5 W a core and 2 W besides, `noise` times off by turns.
    fn machine(count: usize, noise: f64) -> Vec<Workload> {
        (0..count)
            .map(|i| {
                let wall_s = 1.0 + i as f64;
                let cpu_s = wall_s * (1.0 + (i % 4) as f64);
                let sign = if i % 3 == 0 { 1.0 } else { -1.0 };
                Workload {
                    cpu_s,
                    wall_s,
                    bytes: None,
                    joules: (5.0 * cpu_s + 2.0 * wall_s) * (1.0 + sign * noise),
                }
            })
            .collect()
    }

    #[test]
    fn a_known_machine_is_found() {
        let fit = fit(&machine(10, 0.0)).unwrap();
        close(fit.watts_per_core, 5.0);
        close(fit.static_watts, 2.0);
        close(fit.mape.unwrap(), 0.0);
        close(fit.rho.unwrap(), 1.0);
        assert!(fit.refused.is_empty(), "{:?}", fit.refused);
        close(fit.calibration().unwrap().watts_per_core, 5.0);
    }

    // import numpy as np; from scipy.optimize import nnls; from scipy.stats import spearmanr
    // w=[1.+i for i in range(9)]; c=[x*(1+i%4) for i,x in enumerate(w)]
    // j=[(5*c+2*w)*(1+(.1 if i%3==0 else -.1)) for i,(c,w) in enumerate(zip(c,w))]
    // A=np.array([c,w]).T/np.array(j)[:,None]; p=[A[i]@nnls(np.delete(A,i,0,np.ones(8))[0] for i in range(9)]
    // print(nnls(A,np.ones(9))[0], np.mean(np.abs(np.array(p)-1), spearmanr(np.array(p)*j,j).statistic)
    #[test]
    fn fit_and_errors_of_the_left_out_agree_with_scipy() {
        let fit = fit(&machine(9, 0.1)).unwrap();
        close(fit.watts_per_core, 4.863_795_711_828);
        close(fit.static_watts, 1.694_829_459_343);
        close(fit.mape.unwrap(), 0.103_632_474_147);
        close(fit.rho.unwrap(), 1.0);
        assert!(fit.refused.is_empty(), "{fit:?}");
    }

    #[test]
    fn coefficients_are_never_negative() {
        // Least squares without the bound gives wall_s a negative weight here: energy grows faster than processor time.
        let workloads: Vec<Workload> = (1..=8)
            .map(|i| Workload {
                cpu_s: f64::from(i),
                wall_s: 10.0 - f64::from(i),
                bytes: None,
                joules: 4.0 * f64::from(i) - 0.3 * (10.0 - f64::from(i)),
            })
            .collect();
        let fit = fit(&workloads).unwrap();
        close(fit.watts_per_core, 2.368_314_109_539);
        close(fit.static_watts, 0.0);
    }

    #[test]
    fn bytes_count_where_all_are_known() {
        let with = |bytes: fn(usize) -> Option<f64>| -> Vec<Workload> {
            let workloads = machine(12, 0.0).into_iter().enumerate();
            workloads
                .map(|(i, workload)| Workload {
                    bytes: bytes(i),
                    joules: workload.joules + 1e-9 * ((i * i % 7) as f64) * 1e10,
                    ..workload
                })
                .collect()
        };
        let fit_all = fit(&with(|i| Some((i * i % 7) as f64 * 1e10))).unwrap();
        assert!(
            (fit_all.joules_per_byte.unwrap() / 1e-9 - 1.0).abs() < 1e-6,
            "{fit_all:?}"
        );
        close(fit_all.mape.unwrap(), 0.0);
        assert_eq!(fit_all.calibration(), None, "the processor's proxy knows no bytes");
        let some = fit(&with(|i| (i != 3).then_some((i * i % 7) as f64 * 1e10))).unwrap();
        assert_eq!(some.joules_per_byte, None);
    }

    #[test]
    fn too_few_too_far_off_and_badly_ranked_are_refused() {
        let few = fit(&machine(7, 0.0)).unwrap();
        assert_eq!(few.refused, ["7 workloads, where 8 are asked for"]);
        assert_eq!(few.calibration(), None);
        let noisy = fit(&machine(10, 0.4)).unwrap();
        assert!(
            noisy.refused[0].starts_with("workloads that it was not fitted to are off by"),
            "{noisy:?}"
        );
        // Energies that fall while the times hardly rise.
        let turned: Vec<Workload> = (0..8)
            .map(|i| Workload {
                cpu_s: 1.0 + f64::from(i) * 0.01,
                wall_s: 1.0 + f64::from(i) * 0.01,
                bytes: None,
                joules: 5.0 - f64::from(i) * 0.01,
            })
            .collect();
        let turned = fit(&turned).unwrap();
        assert_eq!(turned.refused.len(), 1, "{turned:?}");
        assert!(
            turned.refused[0].contains("ranks workloads with a correlation of -1.00"),
            "{turned:?}"
        );
    }

    #[test]
    fn columns_that_cannot_be_told_apart_still_predict() {
        let workloads: Vec<Workload> = (1..=8)
            .map(|i| Workload {
                cpu_s: f64::from(i),
                wall_s: f64::from(i),
                bytes: None,
                joules: 7.0 * f64::from(i),
            })
            .collect();
        let fit = fit(&workloads).unwrap();
        close(fit.watts_per_core + fit.static_watts, 7.0);
        assert!(fit.refused.is_empty(), "{fit:?}");
    }

    #[test]
    fn what_is_no_workload_fits_nothing() {
        let good = machine(8, 0.0);
        let with = |change: fn(&mut Workload)| {
            let mut workloads = good.clone();
            change(&mut workloads[3]);
            fit(&workloads)
        };
        assert_eq!(fit(&[]), None);
        assert_eq!(with(|workload| workload.joules = 0.0), None);
        assert_eq!(with(|workload| workload.joules = f64::NAN), None);
        assert_eq!(with(|workload| workload.cpu_s = -1.0), None);
        assert_eq!(with(|workload| workload.wall_s = f64::INFINITY), None);
        let one = fit(&good[..1]).unwrap();
        assert_eq!(one.refused.len(), 3, "{one:?}");
    }

    // from scipy.stats import spearmanr; print(spearmanr([1,2,2,5,3],[2,1,4,9,3]).statistic)
    #[test]
    fn the_rank_correlation_agrees_with_scipy() {
        close(
            spearman(&[1.0, 2.0, 2.0, 5.0, 3.0], &[2.0, 1.0, 4.0, 9.0, 3.0]).unwrap(),
            0.666_885_928_855_350_3,
        );
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
    }

    proptest::proptest! {
        #[test]
        fn no_workloads_do_harm(figures in proptest::collection::vec(proptest::prelude::any::<[f64; 3]>(), 0..10)) {
            let workloads: Vec<Workload> = figures
                .iter()
                .map(|&[cpu_s, wall_s, joules]| Workload { cpu_s: cpu_s.abs(), wall_s: wall_s.abs(), bytes: None, joules: joules.abs() })
                .collect();
            if let Some(fit) = fit(&workloads) {
                proptest::prop_assert!(fit.watts_per_core >= 0.0 && fit.static_watts >= 0.0);
            }
        }
    }
}
