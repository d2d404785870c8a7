//! x
use super::*;
/// x
#[derive(Debug)]
#[allow(missing_docs)]
pub struct DurabilityOptions {
    pub program: PathBuf,
    pub config: Option<PathBuf>,
    pub kills: u32,
    pub seed: u64,
    pub connections: usize,
    pub channels: usize,
    pub subscribers_per_channel: usize,
    pub rate: f64,
    pub round: Duration,
    pub namespace: String,
    pub api_key: String,
    pub keep: bool,
}
/// x
#[allow(missing_docs, clippy::missing_errors_doc)]
pub fn run(_: &Setting, _: &DurabilityOptions) -> Result<Verdict> {
    Ok(Verdict::Clean)
}
