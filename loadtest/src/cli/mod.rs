//! The command line: subcommands, options, and the exit code (0 clean, 1 something was wrong, 2 it could not be run).

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use signal_hook::consts::SIGINT;

use self::args::{Cli, Common, EncodingName, Scenario};
use self::options::payload;
use crate::client::address::Address;
use crate::client::session::Target;
use crate::client::token::Tokens;
use crate::client::wire::Encoding;
use crate::oracle;
use crate::report::text::Progress;
use crate::scenario::limit::LimitOptions;
use crate::scenario::{Setting, Verdict, durability, fanout, idle, limit, limit_sender, rooms, sends};

mod args;
mod options;

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli) {
        Ok(Verdict::Clean) => ExitCode::SUCCESS,
        Ok(Verdict::Failed(reason)) => {
            eprintln!("FAILED: {reason}");
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn execute(cli: Cli) -> Result<Verdict> {
    let setting = setting(&cli.common)?;
    match cli.scenario {
        Scenario::Limit { subscribers, size } => limit::run(
            &setting,
            &LimitOptions { sockets: subscribers, size: payload(size)?, channel: "fast:fanout".into() },
        ),
        Scenario::Fanout(args) => fanout::run(&setting, &args.options()?),
        Scenario::Rooms(args) => rooms::run(&setting, &args.options()?),
        Scenario::Idle(args) => idle::run(&setting, &args.options()),
        Scenario::Sends(args) => sends::run(&setting, &args.options()?),
        Scenario::Durability(args) => durability::run(&setting, &args.options()),
        Scenario::Judge { log } => oracle::judge_file(&log),
        Scenario::LimitSender(args) => limit_sender::run(&args.options()).map(|()| Verdict::Clean),
    }
}

fn setting(common: &Common) -> Result<Setting> {
    let tokens = match &common.token {
        Some(token) if token == "none" => Tokens::Anonymous,
        Some(token) => Tokens::Fixed(token.clone()),
        None => Tokens::Signed(common.secret.clone()),
    };
    let encoding = match common.encoding {
        EncodingName::Json => Encoding::Json,
        EncodingName::Protobuf => Encoding::Protobuf,
    };
    Ok(Setting {
        target: Target { address: Address::parse(&common.url)?, encoding, tokens },
        pid: common.pid,
        json: common.json.clone(),
        warmup: seconds(common.warmup)?,
        duration: seconds(common.duration)?,
        threads: if common.threads == 0 { default_threads() } else { common.threads },
        stop: interrupt_flag()?,
        progress: Progress::new(common.progress),
    })
}

fn seconds(value: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(value).with_context(|| format!("{value} is no number of seconds"))
}

fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1))
}

/// A flag that the first Ctrl-C sets; the second one ends the process at once.
fn interrupt_flag() -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register_conditional_shutdown(SIGINT, 130, Arc::clone(&flag))?;
    signal_hook::flag::register(SIGINT, Arc::clone(&flag))?;
    Ok(flag)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_secret_of_ones_own_is_no_conflict_and_a_token_beside_it_is() {
        assert!(Cli::try_parse_from(["loadtest", "fanout", "--secret", "s"]).is_ok());
        assert!(Cli::try_parse_from(["loadtest", "fanout", "--token", "t"]).is_ok());
        assert!(Cli::try_parse_from(["loadtest", "fanout", "--token", "t", "--secret", "s"]).is_err());
    }
}
