//! The geometric mean of ratios.

use edgebench_stats::{Interval, geometric_mean};
use statrs::distribution::{ContinuousCDF as _, StudentsT};

use super::Mean;
use crate::records::estimate::LogRatio;

const CONFIDENCE: f64 = 0.95;

/// The geometric mean of ratios. Its interval is that of the mean of independent log ratios for these very cells, from
/// each one's standard error: exp(x̄ ± t·√(Σ sᵢ²)/k), with the degrees of freedom of Satterthwaite. It says nothing of
/// cells that were not measured. `None` for no ratios, or one that has no logarithm.
///
/// Source of the mean: Fleming & Wallace, Communications of the ACM 29(3), 1986; of the degrees of freedom:
/// Satterthwaite, "An approximate distribution of estimates of variance components", Biometrics Bulletin 2 (1946).
pub(super) fn mean(ratios: &[(f64, Option<LogRatio>)]) -> Option<Mean> {
    let values: Vec<f64> = ratios.iter().map(|(ratio, _)| *ratio).collect();
    let ratio = geometric_mean(&values).filter(|ratio| ratio.is_finite())?;
    let spreads: Option<Vec<LogRatio>> = ratios.iter().map(|(_, spread)| *spread).collect();
    Some(Mean {
        ratio,
        interval: spreads.and_then(|spreads| interval(&spreads)),
        cells: ratios.len(),
    })
}

fn interval(spreads: &[LogRatio]) -> Option<Interval> {
    let k = spreads.len() as f64;
    let centre = spreads.iter().map(LogRatio::value).sum::<f64>() / k;
    let square: f64 = spreads.iter().map(LogRatio::square_of_error).sum();
    let half = if square > 0.0 {
        let parts = spreads
            .iter()
            .map(|spread| (spread.square_of_error() / square).powi(2) / spread.freedom());
        let freedom = 1.0 / parts.sum::<f64>();
        let quantile = StudentsT::new(0.0, 1.0, freedom)
            .ok()?
            .inverse_cdf(f64::midpoint(1.0, CONFIDENCE));
        quantile * square.sqrt() / k
    } else {
        0.0
    };
    let interval = Interval {
        low: (centre - half).exp(),
        high: (centre + half).exp(),
        confidence: CONFIDENCE,
    };
    (interval.low.is_finite() && interval.high.is_finite()).then_some(interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    // python3 -c "import numpy as np; from scipy import stats
    // b=[[1.,1.02,.99],[2.,2.1,1.95,2.02]]; a=[[1.1,1.09,1.13],[2.3,2.2,2.35,2.28]]; L=np.log
    // d=[np.mean(L(x))-np.mean(L(y)) for x,y in zip(a,b)]
    // v=[(np.var(L(x),ddof=1)/len(x),len(x)-1,np.var(L(y),ddof=1)/len(y),len(y)-1) for x,y in zip(a,b)]
    // s=sum(q[0]+q[2] for q in v); df=s**2/sum(q[0]**2/q[1]+q[2]**2/q[3] for q in v)
    // h=stats.t.ppf(.975,df)*np.sqrt(s)/2; print(df,np.exp(np.mean(d)-h),np.exp(np.mean(d)+h))"
    #[test]
    fn the_interval_agrees_with_scipy() {
        let one = LogRatio::of(&[1.0, 1.02, 0.99], &[1.1, 1.09, 1.13]);
        let two = LogRatio::of(&[2.0, 2.1, 1.95, 2.02], &[2.3, 2.2, 2.35, 2.28]);
        let mean = mean(&[(1.1, one), (1.13, two)]).unwrap();
        let interval = mean.interval.unwrap();
        assert!((mean.ratio - (1.1_f64 * 1.13).sqrt()).abs() < 1e-12);
        assert!((interval.low - 1.086_338_936_704_357).abs() < 1e-9, "{interval:?}");
        assert!((interval.high - 1.148_730_704_770_473_6).abs() < 1e-9, "{interval:?}");
    }

    #[test]
    fn a_cell_without_an_interval_leaves_the_mean_without_one() {
        let one = LogRatio::of(&[1.0; 3], &[2.0; 3]);
        assert!(mean(&[(2.0, one), (2.0, None)]).unwrap().interval.is_none());
        let sure = mean(&[(2.0, one)]).unwrap().interval.unwrap();
        assert!((sure.low - 2.0).abs() < 1e-12 && (sure.high - 2.0).abs() < 1e-12);
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[(0.0, None)]), None);
    }
}
