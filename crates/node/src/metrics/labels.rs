//! Labels of metrics: closed sets, or bounded by the committee.

use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use quorate_wire::{ErrorCode, NodeIndex, Status};

macro_rules! labels {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty = $label:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name {
            $(pub(crate) $field: $type,)*
        }

        impl EncodeLabelSet for $name {
            fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
                $(($label, self.$field.to_string()).encode(encoder.encode_label())?;)*
                Ok(())
            }
        }
    };
}

use prometheus_client::encoding::EncodeLabel as _;

labels!(Code { code: &'static str = "code" });
labels!(By { kind: &'static str = "kind" });
labels!(Loop { name: String = "loop" });
labels!(Peer { node: u64 = "node" });
labels!(Attempt { attempt: u64 = "attempt" });
labels!(Ban { by: u64 = "by", counterparty: u64 = "counterparty" });
labels!(Fault { node: u64 = "node", check: &'static str = "check" });
labels!(Odd { node: u64 = "node", field: String = "field" });
labels!(Ended { status: &'static str = "status", code: &'static str = "code" });

impl From<ErrorCode> for Code {
    fn from(code: ErrorCode) -> Self {
        Code { code: code.as_str() }
    }
}

impl From<NodeIndex> for Peer {
    fn from(node: NodeIndex) -> Self {
        Peer { node: u64::from(node.get()) }
    }
}

impl Ended {
    pub(crate) fn of(status: Status, error: Option<ErrorCode>) -> Self {
        let status = match status {
            Status::Completed => "completed",
            Status::Denied => "denied",
            Status::Failed => "failed",
        };
        Ended { status, code: error.map_or("", ErrorCode::as_str) }
    }
}

impl Odd {
    /// The field's name comes from another node: only what a name of ours can be is shown.
    pub(crate) fn new(node: NodeIndex, field: &str) -> Self {
        let field = field.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(32).collect();
        Odd { node: u64::from(node.get()), field }
    }
}
