//! Latency histograms: nanoseconds, three significant digits, up to a minute.

use hdrhistogram::Histogram;
use serde::Serialize;

/// The largest latency that is told apart; longer ones count as this.
const NANOSECONDS_MAX: u64 = 60_000_000_000;

/// An empty latency histogram.
///
/// # Panics
/// Never: the bounds are constants that the library accepts.
#[must_use]
#[expect(clippy::unwrap_used, reason = "1 < maximum and 3 digits are valid for every call")]
pub fn latency() -> Histogram<u64> {
    Histogram::new_with_bounds(1, NANOSECONDS_MAX, 3).unwrap()
}

/// The quantiles of a report, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// How many values were recorded.
    pub count: u64,
    /// Median.
    pub p50_us: f64,
    /// 90 %.
    pub p90_us: f64,
    /// 99 %.
    pub p99_us: f64,
    /// 99.9 %.
    pub p999_us: f64,
    /// The largest.
    pub max_us: f64,
}

impl From<&Histogram<u64>> for Quantiles {
    fn from(histogram: &Histogram<u64>) -> Self {
        let quantile = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
        Self {
            count: histogram.len(),
            p50_us: quantile(0.5),
            p90_us: quantile(0.9),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            max_us: histogram.max() as f64 / 1e3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_in_microseconds() {
        let mut histogram = latency();
        for value in 1..=1000 {
            histogram.saturating_record(value * 1000);
        }
        let quantiles = Quantiles::from(&histogram);
        assert_eq!(quantiles.count, 1000);
        assert!((quantiles.p50_us - 500.0).abs() < 1.0);
        assert!((quantiles.p999_us - 999.0).abs() < 2.0);
    }

    #[test]
    fn more_than_a_minute_counts_as_a_minute() {
        let mut histogram = latency();
        histogram.saturating_record(u64::MAX);
        assert_eq!(histogram.len(), 1);
    }
}
