//! The binary `quorate`: a development network of real processes, keys, actions, and receipts.

mod access;
mod action;
mod args;
mod chain;
mod dev;
mod directory;
mod encryption;
mod failure;
mod fund;
mod home;
mod keys;
mod mark;
mod network;
mod node;
mod output;
mod pkp;
mod ports;
mod shutdown;
mod sign_out;
mod source;
mod state;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command, DevCommand, NetworkCommand};
use crate::failure::Failure;
use crate::output::Output;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // A worker runs code of strangers: it gets no runtime, no signal handlers, nothing of ours.
    if let Command::Worker { guest } = &cli.command {
        return quorate_actions::worker_main(guest.as_deref());
    }
    let output = Output::new(cli.json);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            output.progress(&format!("error: no runtime: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(run(cli.command, output));
    // A blocking read of standard input may still be waiting; nobody waits for it.
    runtime.shutdown_background();
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::FAILURE
        }
    }
}

/// Runs a command; the result says whether it did what it was asked for.
async fn run(command: Command, output: Output) -> Result<bool, Failure> {
    match command {
        Command::Dev(args) => match args.command {
            Some(DevCommand::Faucet { address, access }) => fund::faucet(address, &access, output).await?,
            None => dev::run(args, output).await?,
        },
        Command::Pkp(command) => pkp::run(command, output).await?,
        Command::Action(command) => return action::run(command, output).await,
        Command::Encrypt(args) => encryption::encrypt(&args, output).await?,
        Command::Decrypt(args) => return encryption::decrypt(&args, output).await,
        Command::Policy(command) => tokio::task::block_in_place(|| encryption::policy(&command, output))?,
        Command::SignOut(args) => return sign_out::run(&args, output).await,
        Command::Verify(args) => verify::run(&args, output)?,
        Command::Chain(args) => chain::run(args, output).await?,
        Command::Fund(args) => fund::run(&args, output).await?,
        Command::Node(args) => node::run(args, output).await?,
        Command::Network(NetworkCommand::Keys { place }) => keys::show(&place, output).await?,
        Command::Network(NetworkCommand::Show { access }) => network::show(&access, output).await?,
        Command::Worker { .. } => unreachable!("a worker has its own main function"),
    }
    Ok(true)
}
