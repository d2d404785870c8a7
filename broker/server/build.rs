//! Puts the official JavaScript client into the binary, for the demo page.
//!
//! It comes from its package, pinned with its checksum by `demo/package-lock.json`. Where there is no npm, or no network,
//! the page gets the small client of its own, `src/demo/small_client.js`, which has the same interface.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const INPUTS: [&str; 3] = ["demo/package.json", "demo/package-lock.json", "src/demo/small_client.js"];

fn main() {
    for input in INPUTS {
        println!("cargo::rerun-if-changed={input}");
    }
    println!("cargo::rerun-if-env-changed=CARGO_NET_OFFLINE");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a folder"));
    let client = official_client(&out.join("npm")).unwrap_or_else(|reason| {
        println!("cargo::warning=the demo page gets a small client in place of the official one: {reason}");
        fs::read_to_string(INPUTS[2]).expect("the small client is part of the sources")
    });
    fs::write(out.join("centrifuge.js"), client).expect("cargo's folder can be written to");
}

/// The client as browsers load it, below its licence.
fn official_client(folder: &Path) -> Result<String, String> {
    if env::var("CARGO_NET_OFFLINE").is_ok_and(|offline| offline == "true") {
        return Err("the build is offline".into());
    }
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    for input in &INPUTS[..2] {
        fs::copy(input, folder.join(Path::new(input).file_name().unwrap_or_default())).map_err(|e| e.to_string())?;
    }
    let arguments = ["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
    let npm = Command::new("npm")
        .args(arguments)
        .args(["--fetch-retries=1", "--fetch-timeout=30000"])
        .current_dir(folder)
        .output();
    match npm {
        Err(error) => return Err(format!("npm cannot be run: {error}")),
        Ok(output) if !output.status.success() => return Err("npm did not get it".into()),
        Ok(_) => {}
    }
    let package = folder.join("node_modules/centrifuge");
    let read = |name: &str| fs::read_to_string(package.join(name)).map_err(|error| format!("{name}: {error}"));
    Ok(format!("/*!\n{}*/\n{}", read("LICENSE")?, read("dist/centrifuge.js")?))
}
