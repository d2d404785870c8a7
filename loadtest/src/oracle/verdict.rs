//! What the oracle says: findings by invariant, a bounded number of them in full.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};

/// Findings that are kept in full; the rest is only counted.
const FINDINGS_MAX: usize = 100;

/// What can be violated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// Something acknowledged is missing or changed.
    I1NoLoss,
    /// Offsets have a hole or a repeat, two readers disagree, or the epoch changed.
    I2DenseOrder,
    /// One message id has two offsets.
    I3NoDuplicate,
    /// A session has a gap that it was not told of.
    I4Continuity,
    /// Something refused is there, or something delivered never happened.
    I5NoPhantom,
    /// A read position went back.
    I6ReadPosition,
}

impl Display for Invariant {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::I1NoLoss => "I1 no loss",
            Self::I2DenseOrder => "I2 dense order",
            Self::I3NoDuplicate => "I3 no duplicate",
            Self::I4Continuity => "I4 continuity",
            Self::I5NoPhantom => "I5 no phantom",
            Self::I6ReadPosition => "I6 read position",
        })
    }
}

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Of what.
    pub invariant: Invariant,
    /// What happened.
    pub text: String,
}

/// The result of judging a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The first findings.
    pub findings: Vec<Finding>,
    /// How many there are of each kind.
    pub counts: BTreeMap<Invariant, u64>,
    /// Publishes, or calls of a chat, by outcome: acknowledged, refused, unknown.
    pub publishes: [u64; 3],
    /// Messages in all histories.
    pub stored: u64,
    /// Deliveries to all sessions.
    pub deliveries: u64,
    /// Sessions, and how many of them were recovered and refused.
    pub sessions: [u64; 3],
    /// Acknowledged edits, reactions given or taken back, and read positions; of a chat.
    pub changes: [u64; 3],
}

impl Judgement {
    /// Whether nothing was violated.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty()
    }

    /// Adds a violation; the text is only made when it will be kept.
    pub(in crate::oracle) fn violated(&mut self, invariant: Invariant, text: impl FnOnce() -> String) {
        *self.counts.entry(invariant).or_default() += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { invariant, text: text() });
        }
    }
}

impl Display for Judgement {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let [acknowledged, refused, unknown] = self.publishes;
        writeln!(formatter, "publishes: {acknowledged} acknowledged, {refused} refused, {unknown} without an answer")?;
        writeln!(formatter, "history: {} messages", self.stored)?;
        let [edits, reactions, reads] = self.changes;
        if edits + reactions + reads > 0 {
            writeln!(formatter, "of them {edits} edits, {reactions} reactions and {reads} read positions")?;
        }
        let [sessions, recovered, lost] = self.sessions;
        writeln!(formatter, "sessions: {sessions}, of them {recovered} recovered and {lost} told of a gap")?;
        writeln!(formatter, "deliveries: {}", self.deliveries)?;
        for (invariant, count) in &self.counts {
            writeln!(formatter, "VIOLATED {invariant}: {count}")?;
        }
        for finding in &self.findings {
            writeln!(formatter, "  {}: {}", finding.invariant, finding.text)?;
        }
        Ok(())
    }
}
