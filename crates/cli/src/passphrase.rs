//! Passphrases: from a file, or from the terminal without being shown.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use quorate_node::read_secret_text;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

const BYTES_MAX: usize = 1 << 10;
/// A file lies around for years, so that nobody may find a passphrase by trying.
const CHARACTERS_MIN: usize = 12;

const INTERRUPT: u8 = 3;
const END: u8 = 4;
const BACKSPACE: [u8; 2] = [8, 127];

/// A new passphrase, which is asked for twice on a terminal.
pub(crate) fn chosen(file: Option<&Path>) -> Result<Zeroizing<String>> {
    let passphrase = match file {
        Some(file) => in_file(file)?,
        None => {
            let first = asked("Passphrase: ")?;
            let again = asked("The same once more: ")?;
            ensure!(*first == *again, "the two passphrases differ");
            first
        }
    };
    let long = passphrase.chars().count() >= CHARACTERS_MIN;
    ensure!(long, "a passphrase has at least {CHARACTERS_MIN} characters");
    Ok(passphrase)
}

/// The passphrase of before.
pub(crate) fn known(file: Option<&Path>) -> Result<Zeroizing<String>> {
    file.map_or_else(|| asked("Passphrase: "), in_file)
}

/// The first and only line of a file.
fn in_file(path: &Path) -> Result<Zeroizing<String>> {
    let text = read_secret_text(path, BYTES_MAX)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    ensure!(!line.contains('\n'), "{} has more than one line", path.display());
    Ok(Zeroizing::new(line.to_owned()))
}

fn asked(prompt: &str) -> Result<Zeroizing<String>> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    let terminal =
        terminal.context("there is no terminal to ask for a passphrase: name --passphrase-file")?;
    let silent = Silent::begin(terminal).context("the terminal")?;
    let mut terminal = &silent.terminal;
    terminal.write_all(prompt.as_bytes())?;
    let line = read_line(terminal);
    terminal.write_all(b"\n")?;
    line
}

fn read_line(mut terminal: impl Read) -> Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(Vec::with_capacity(BYTES_MAX));
    let mut byte = [0u8];
    // Byte by byte: what comes after the line is not ours.
    while terminal.read(&mut byte).context("reading from the terminal")? == 1 {
        match byte[0] {
            b'\n' | b'\r' => {
                let text = std::str::from_utf8(&line).ok().context("a passphrase is text")?;
                return Ok(Zeroizing::new(text.to_owned()));
            }
            INTERRUPT | END => bail!("no passphrase was given"),
            byte if BACKSPACE.contains(&byte) => {
                // A character of several bytes goes as a whole.
                while line.pop().is_some_and(|gone| gone & 0xc0 == 0x80) {}
            }
            byte => {
                ensure!(line.len() < BYTES_MAX, "a passphrase has at most {BYTES_MAX} bytes");
                line.push(byte);
            }
        }
    }
    bail!("no passphrase was given")
}

/// A terminal that shows nothing that is typed, for as long as this lives. Ctrl-C is a byte meanwhile: a process that
/// ended by it would leave the terminal silent.
struct Silent {
    terminal: File,
    before: Termios,
}

impl Silent {
    fn begin(terminal: File) -> std::io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
        Ok(Silent { terminal, before })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_was_typed_without_what_was_taken_back() {
        let read = |bytes: &[u8]| read_line(bytes).map(|line| line.to_string());
        assert_eq!(read(b"word\nmore").unwrap(), "word");
        assert_eq!(read("wö\u{7f}ord\r".as_bytes()).unwrap(), "word");
        assert_eq!(read(b"\x7f\x08a\n").unwrap(), "a");
        for refused in [&b""[..], b"half", b"wor\x03d\n", b"\x04", &[b'a'; BYTES_MAX + 1], b"\xff\n"] {
            assert!(read(refused).is_err());
        }
    }
}
