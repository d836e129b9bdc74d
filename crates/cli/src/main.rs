//! The binary `quorate`: a development network of real processes, keys, actions, and receipts.

mod access;
mod action;
mod args;
mod chain;
mod check;
mod dev;
mod directory;
mod domains;
mod encryption;
mod failure;
mod founding;
mod fund;
mod home;
mod keys;
mod mark;
mod moving;
mod network;
mod node;
mod output;
mod passphrase;
mod pkp;
mod ports;
mod shutdown;
mod sign_out;
mod source;
mod state;
mod status;
mod verify;
mod votes;

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
            ExitCode::from(failure.exit_status())
        }
    }
}

/// As [`run`], for a network.
async fn on_network(command: NetworkCommand, output: Output) -> Result<bool, Failure> {
    match command {
        NetworkCommand::Keys { place } => keys::show(&place, output).await?,
        NetworkCommand::Show { access } => network::show(&access, output).await?,
        NetworkCommand::Propose(args) => founding::propose(&args, output).await?,
        NetworkCommand::Approve(args) => founding::approve(&args, output).await?,
        NetworkCommand::Assemble(args) => return Ok(founding::assemble(&args, output).await?),
        NetworkCommand::Vote { access, wallet, votes } => {
            return Ok(network::vote((&access, &wallet), &votes, output).await?);
        }
        NetworkCommand::Status { place } => return Ok(status::show(&place, output).await?),
        NetworkCommand::Check { place } => return Ok(domains::check(&place, output).await?),
    }
    Ok(true)
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
        Command::Node(args) => return Ok(node::run(args, output).await?),
        Command::Network(command) => return on_network(command, output).await,
        Command::Worker { .. } => unreachable!("a worker has its own main function"),
    }
    Ok(true)
}
