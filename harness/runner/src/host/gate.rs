//! Waiting for the machine to be fit, bounded.

use std::path::Path;
use std::time::{Duration, Instant};

use edgebench_record::{HealthReading, StartGate};

use super::health::read_health;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// A device below this is cool, whatever it can bear, °C.
const COOL: f64 = 50.0;

/// A sensor this far below its limit is cool, °C.
const BELOW_LIMIT: f64 = 20.0;

/// How long a device that is not cool is watched for whether it still cools.
const COOLING_WINDOW: Duration = Duration::from_secs(10);

/// A fall within the window that is more than the step of a sensor, °C.
const COOLING: f64 = 1.0;

/// Share of the last ten seconds in which something waited for a processor, above which the machine is busy.
const PRESSURE: f64 = 0.1;

/// Share of the processors above which load is too much.
const LOAD: f64 = 0.5;

/// Waits until the machine is fit, for `limit` at the most or until `interrupted`.
pub fn start_gate(root: &Path, limit: Duration, interrupted: &dyn Fn() -> bool) -> StartGate {
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let began = Instant::now();
    wait_until_fit(
        cpus,
        limit,
        &mut || read_health(root),
        &mut || began.elapsed(),
        &mut std::thread::sleep,
        interrupted,
    )
}

/// Waits until each rule is met, for `limit` at the most or until `interrupted`, and says which are not. What cannot be
/// read is not waited for. `now` is the time since any moment, the same for all calls.
///
/// - Heat: the hottest sensor is below 50 °C, or 20 °C below its limit, or has not fallen by more than 1 °C in the last
///   10 s: a warm device that cools no more does not get cooler by waiting.
/// - Pressure: in the last ten seconds something waited for a processor for at most 10 % of the time.
/// - Load: the one-minute load is at most half of `cpus`, or the processors were idle for at least half of the time since
///   the last look. The load of a run that has just ended stays for a minute.
pub fn wait_until_fit(
    cpus: usize,
    limit: Duration,
    read: &mut dyn FnMut() -> HealthReading,
    now: &mut dyn FnMut() -> Duration,
    sleep: &mut dyn FnMut(Duration),
    interrupted: &dyn Fn() -> bool,
) -> StartGate {
    let began = now();
    let mut looks: Vec<(Duration, HealthReading)> = Vec::new();
    loop {
        let waited = now().saturating_sub(began);
        looks.push((waited, read()));
        let unmet: Vec<String> = [heat(&looks), pressure(&looks), load(&looks, cpus)]
            .into_iter()
            .flatten()
            .collect();
        let left = limit.saturating_sub(waited);
        if unmet.is_empty() || left.is_zero() || interrupted() {
            return StartGate {
                waited_ns: waited.into(),
                limit_ns: limit.into(),
                unmet,
            };
        }
        sleep(PAUSE.min(left));
    }
}

fn heat(looks: &[(Duration, HealthReading)]) -> Option<String> {
    let (at, reading) = looks.last()?;
    let hottest = reading.hottest()?;
    let bearable = hottest.limit_celsius.map_or(COOL, |limit| limit - BELOW_LIMIT);
    if hottest.celsius < COOL.max(bearable) {
        return None;
    }
    let is = format!("{} is at {:.1} °C", hottest.sensor, hottest.celsius);
    let before = looks
        .iter()
        .rev()
        .find(|(then, _)| at.saturating_sub(*then) >= COOLING_WINDOW)
        .and_then(|(_, reading)| reading.hottest());
    match before {
        None => Some(format!("{is}, and was not watched for 10 s")),
        Some(before) if before.celsius - hottest.celsius > COOLING => Some(format!("{is} and still cools")),
        Some(_) => None,
    }
}

fn pressure(looks: &[(Duration, HealthReading)]) -> Option<String> {
    let pressure = looks.last()?.1.cpu_pressure?;
    (pressure.avg10 > PRESSURE).then(|| {
        format!(
            "something waited for a processor for {:.0} % of the last ten seconds",
            pressure.avg10 * 100.0
        )
    })
}

fn load(looks: &[(Duration, HealthReading)], cpus: usize) -> Option<String> {
    let (_, reading) = looks.last()?;
    let load = reading.load1.filter(|&load| load > LOAD * cpus as f64)?;
    let idle = looks.iter().nth_back(1).and_then(|(_, before)| {
        let (then, now) = (before.processor?, reading.processor?);
        let total = now.total.checked_sub(then.total).filter(|&total| total > 0)?;
        Some(now.idle.checked_sub(then.idle)? as f64 / total as f64)
    });
    idle.is_none_or(|idle| idle < 1.0 - LOAD)
        .then(|| format!("the load is {load:.2} on {cpus} processors"))
}

#[cfg(test)]
mod tests;
