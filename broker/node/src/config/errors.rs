//! What a wrong configuration reports: the place, the key, the problem and, where one is known, the way out.
//!
//! Every problem names the file and line or the environment variable that set the value, so that an operator never has
//! to search. Validation gathers all problems; reading the tree stops at the first.

use std::fmt;
use std::path::PathBuf;

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of the configuration file, counted from 1.
    Line(usize),
    /// An environment variable, by its name.
    Variable(String),
    /// The built-in default.
    Default,
}

/// One step from the root of the configuration towards a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A key of a table.
    Key(String),
    /// A position in a list, counted from 0.
    Index(usize),
}

/// The way from the root of the configuration to a value, shown as `plugins.centrifugo.namespaces[1].name`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyPath(pub Vec<Step>);

impl KeyPath {
    /// The path that starts with these keys.
    pub fn of(keys: &[&str]) -> Self {
        Self(keys.iter().map(|key| Step::Key((*key).to_owned())).collect())
    }

    /// This path and one key more.
    pub fn key(&self, key: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Key(key.to_owned()));
        Self(steps)
    }

    /// This path and one position more.
    pub fn index(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Index(index));
        Self(steps)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// One thing that is wrong, without the file's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where the value was set.
    pub origin: Origin,
    /// Which value; empty when the file could not be read at all.
    pub key: KeyPath,
    /// What is wrong with it.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A configuration that cannot be used. Holds at least one problem; shows each on a line of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// Everything found wrong, in the order of the checks.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    fn write_problem(&self, problem: &Problem, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&problem.origin, &self.file) {
            (Origin::Line(line), Some(file)) => write!(f, "{}:{line}: ", file.display())?,
            (Origin::Line(line), None) => write!(f, "line {line}: ")?,
            (Origin::Variable(name), _) => write!(f, "{name}: ")?,
            (Origin::Default, Some(file)) => write!(f, "{}: ", file.display())?,
            (Origin::Default, None) => {}
        }
        if !problem.key.0.is_empty() {
            write!(f, "{}: ", problem.key)?;
        }
        f.write_str(&problem.message)?;
        problem.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.problems.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            self.write_problem(problem, f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
