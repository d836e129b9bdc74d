//! `GET /openapi.json`: the interface, described for programs.

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::response::Response;
use quorate_wire::ErrorCode;
use utoipa::openapi::{
    Components, ComponentsBuilder, Content, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, PathItem,
    PathsBuilder, Ref, RefOr, Required, ResponseBuilder, Schema,
    path::{OperationBuilder, ParameterBuilder, ParameterIn},
    request_body::RequestBodyBuilder,
    schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type},
};

use super::problem::json;

pub(super) async fn get() -> Response {
    static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(document);
    json(StatusCode::OK, "application/json", &*DOCUMENT)
}

fn document() -> OpenApi {
    let execute = OperationBuilder::new()
        .operation_id(Some("execute"))
        .summary(Some("Has an action executed by the nodes of the network"))
        .request_body(Some(
            RequestBodyBuilder::new()
                .required(Some(Required::True))
                .content("application/json", Content::new(Some(reference("Submission"))))
                .build(),
        ))
        .response("200", answer("The action came to its end.", "ExecutionReply"))
        .response("default", problem());
    let pkp = OperationBuilder::new()
        .operation_id(Some("showPkp"))
        .summary(Some("Shows a key as the registry has it"))
        .parameter(
            ParameterBuilder::new()
                .name("id")
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some("Token id or public key, in hexadecimal digits"))
                .schema(Some(text("64, 66 or 130 hexadecimal digits, with or without 0x")))
                .build(),
        )
        .response("200", answer("The key.", "PkpView"))
        .response("default", problem());
    let put_code = OperationBuilder::new()
        .operation_id(Some("storeCode"))
        .summary(Some("Stores an action's code, so that it runs by its CID alone"))
        .request_body(Some(
            RequestBodyBuilder::new()
                .required(Some(Required::True))
                .content("application/json", Content::new(Some(reference("CodeSubmission"))))
                .build(),
        ))
        .response("200", answer("The node has it.", "CodeStored"))
        .response("default", problem());
    let code = OperationBuilder::new()
        .operation_id(Some("showCode"))
        .summary(Some("Shows an action's code if this node has it; it asks nobody else"))
        .parameter(
            ParameterBuilder::new()
                .name("cid")
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some("CIDv0, or CIDv1 of the same block"))
                .schema(Some(text("An IPFS CID")))
                .build(),
        )
        .response(
            "200",
            ResponseBuilder::new()
                .description("The code, as it was hashed.")
                .content("text/plain", Content::new(Some(text("JavaScript, UTF-8"))))
                .build(),
        )
        .response("default", problem());
    let asked = |id: &str, summary: &str, (body, reply): (&str, &str)| {
        OperationBuilder::new()
            .operation_id(Some(id))
            .summary(Some(summary))
            .request_body(Some(
                RequestBodyBuilder::new()
                    .required(Some(Required::True))
                    .content("application/json", Content::new(Some(reference(body))))
                    .build(),
            ))
            .response("200", answer("The node's own answer.", reply))
            .response("default", problem())
    };
    let open = asked(
        "openShare",
        "Gives this node's share of what opens a ciphertext",
        ("RequestSubmission", "DecryptionReply"),
    );
    let sign_out = asked(
        "signOut",
        "Ends a session before its time, or everything that its login has allowed so far",
        ("RequestSubmission", "RevocationReply"),
    );
    let looked_at = |id: &str, summary: &str, schema: &str| {
        OperationBuilder::new()
            .operation_id(Some(id))
            .summary(Some(summary))
            .response("200", answer(summary, schema))
            .response("default", problem())
    };
    let block =
        looked_at("showBlock", "The node's signed word on a block that it has replayed", "SignedBlockWord")
            .parameter(
                ParameterBuilder::new()
                    .name("number")
                    .parameter_in(ParameterIn::Path)
                    .required(Required::True)
                    .schema(Some(number("Height"))),
            );
    let metrics = OperationBuilder::new()
        .operation_id(Some("metrics"))
        .summary(Some("Metrics in OpenMetrics text form"))
        .response(
            "200",
            ResponseBuilder::new()
                .description("The metrics.")
                .content("application/openmetrics-text", Content::new(Some(text("OpenMetrics text"))))
                .build(),
        );
    let item = |method, operation: OperationBuilder| PathItem::new(method, operation);
    let paths = PathsBuilder::new()
        .path("/v1/executions", item(HttpMethod::Post, execute))
        .path("/v1/decryptions", item(HttpMethod::Post, open))
        .path("/v1/revocations", item(HttpMethod::Post, sign_out))
        .path("/v1/code", item(HttpMethod::Put, put_code))
        .path("/v1/code/{cid}", item(HttpMethod::Get, code))
        .path("/v1/pkps/{id}", item(HttpMethod::Get, pkp))
        .path(
            "/v1/network",
            item(
                HttpMethod::Get,
                looked_at("showNetwork", "The network as this node sees it", "NetworkView"),
            ),
        )
        .path(
            "/v1/keys",
            item(HttpMethod::Get, looked_at("showKeys", "The root keys, certified", "KeysView")),
        )
        .path(
            "/v1/founding",
            item(
                HttpMethod::Get,
                looked_at("showFounding", "What the nodes have signed for the roots", "FoundingView"),
            ),
        )
        .path("/v1/blocks/{number}", item(HttpMethod::Get, block))
        .path("/healthz", item(HttpMethod::Get, looked_at("health", "The process lives", "Condition")))
        .path("/readyz", item(HttpMethod::Get, looked_at("ready", "The node takes executions", "Condition")))
        .path("/metrics", item(HttpMethod::Get, metrics))
        .build();
    let info = InfoBuilder::new()
        .title("Quorate node")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Every error is a problem document (RFC 9457) with a stable code."))
        .build();
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components())).build()
}

fn components() -> Components {
    let codes = ErrorCode::ALL.iter().map(|code| code.as_str());
    let code = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(codes));
    let status =
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["completed", "denied", "failed"]));
    ComponentsBuilder::new()
        .schema("ErrorCode", code)
        .schema("Status", status)
        .schema(
            "Condition",
            object(&[
                ("status", text("ok or ready"), true),
                (
                    "worker_walls",
                    any("Of /healthz: walls around action workers, standing and missing; null at first"),
                    false,
                ),
            ]),
        )
        .schema(
            "Problem",
            object(&[
                ("code", reference("ErrorCode"), true),
                ("status", number("HTTP status"), true),
                ("title", text("The code's sentence"), true),
                ("detail", text("What was wrong this time"), true),
                ("retryable", flag("Whether the same call may succeed later"), true),
                ("retry_after_ms", number("Milliseconds after which a call that came too fast may succeed"), false),
                ("request_id", text("The request, where there is one"), false),
                ("nodes", list(number("A node's index")), false),
                ("odd", list(reference("OddNode")), false),
                ("execution", reference("ExecutionReply"), false),
            ]),
        )
        .schema(
            "Submission",
            object(&[
                ("request", text("The signed request bytes, base64url without padding"), true),
                ("sig", text("Ed25519 signature by the session key of the transcript quorate/session-request/v1 of the request id, base64url without padding"), true),
                ("login", any("The login behind the session, the one that the request names by its hash"), true),
                ("code", text("The action's source"), false),
            ]),
        )
        .schema(
            "RequestSubmission",
            object(&[
                ("request", text("The signed bytes, base64url without padding"), true),
                ("sig", text("Ed25519 signature by the session key of the transcript quorate/session-request/v1 of the request id, base64url without padding"), true),
                ("login", any("The login behind the session, the one that the request names by its hash"), true),
            ]),
        )
        .schema(
            "DecryptionReply",
            object(&[
                ("sealed", text("The share, sealed to the caller's one-time key, base64url without padding"), true),
                ("statement", any("What the node signs of it"), true),
            ]),
        )
        .schema(
            "RevocationReply",
            object(&[
                ("held", list(any("A node's signed word that it has the revocation")), true),
                ("of", number("How many nodes there are"), true),
                ("done", flag("Whether the nodes without it are less than the threshold"), true),
            ]),
        )
        .schema(
            "CodeSubmission",
            object(&[
                (
                    "request",
                    text("The signed bytes, base64url without padding: v, network, session, login, action, time_ms"),
                    true,
                ),
                ("sig", text("Ed25519 signature by the session key of the transcript quorate/session-request/v1 of the request id, base64url without padding"), true),
                ("login", any("The login behind the session, the one that the request names by its hash"), true),
                ("code", text("The action's source"), true),
            ]),
        )
        .schema(
            "CodeStored",
            object(&[
                ("action", text("The action's CID"), true),
                ("bytes", number("Length of its source"), true),
                ("new", flag("Whether it was not stored before"), true),
            ]),
        )
        .schema(
            "ExecutionReply",
            object(&[
                ("request_id", text("64 hexadecimal digits"), true),
                ("status", reference("Status"), true),
                ("error", reference("ErrorCode"), false),
                ("response", text("What the action said; null if nothing"), true),
                ("signatures", map(reference("Signature")), true),
                ("claims", any("Keys that the action claimed"), false),
                ("logs", text("The coordinator's own log of the run; unproven"), true),
                ("usage", reference("Usage"), true),
                ("receipt", any("What the nodes signed about the execution"), true),
            ]),
        )
        .schema(
            "Signature",
            object(&[
                ("scheme", text("The signature scheme"), true),
                ("public_key", text("66 hexadecimal digits with 0x"), true),
                ("digest", text("64 hexadecimal digits with 0x"), true),
                ("signature", text("r and s, 128 hexadecimal digits with 0x"), true),
                ("recovery_id", number("0 or 1"), true),
            ]),
        )
        .schema(
            "Usage",
            object(&[
                ("fuel", number("Interpreter work"), true),
                ("wall_ms", number("Milliseconds in which the action ran"), true),
                ("host_ms", number("Milliseconds in which it waited for host calls"), true),
                ("memory_bytes", number("Bytes"), true),
                ("response_bytes", number("Bytes"), true),
                ("log_bytes", number("Bytes"), true),
                ("fetches", number("Calls of fetch"), true),
                ("fetched_bytes", number("Bytes of bodies fetched"), true),
                ("signatures", number("Operations with a key"), true),
                ("collects", number("Values agreed on"), true),
                ("contract_calls", number("Reads of chains"), true),
                ("claims", number("Keys claimed"), true),
                ("randoms", number("Random values agreed on"), true),
                ("decryptions", number("Ciphertexts opened"), true),
                ("children", number("Child actions called"), true),
                ("pending", number("Most host calls open at once"), true),
                ("timers", number("Most timers set at once"), true),
                ("host_calls", number("Host calls"), true),
            ]),
        )
        .schema("OddNode", any("A node whose run differed, with its own signed vote"))
        .schema(
            "PkpView",
            object(&[
                ("token_id", text("64 hexadecimal digits with 0x"), true),
                ("public_key", text("66 hexadecimal digits with 0x"), true),
                ("address", text("40 hexadecimal digits with 0x"), true),
                ("key_id", text("64 hexadecimal digits with 0x"), true),
                ("owner", text("Address; null once the token is burnt"), true),
                ("burnt", flag("Whether the grants are frozen"), true),
                ("grants", list(reference("GrantView")), true),
                ("block", number("The block at which this was read"), true),
            ]),
        )
        .schema(
            "GrantView",
            object(&[
                ("kind", text("action, address or login"), true),
                ("id", text("An action's CID, an address, or a login's kind and id"), true),
                ("scopes", list(number("Number of a scope")), true),
            ]),
        )
        .schema(
            "Head",
            object(&[
                ("number", number("Height"), true),
                ("hash", text("64 hexadecimal digits with 0x"), true),
                ("time_ms", number("Milliseconds since the epoch"), true),
            ]),
        )
        .schema(
            "SignedBlockWord",
            object(&[
                ("node", number("The index of the node that signed"), true),
                ("body", any("network, genesis, and block with number and hash"), true),
                ("signature", text("Ed25519, 128 hexadecimal digits"), true),
            ]),
        )
        .schema(
            "NetworkView",
            object(&[
                ("network", text("The network id, 64 hexadecimal digits"), true),
                ("epoch", number("The committee's epoch"), true),
                ("threshold", number("t"), true),
                ("node", number("The index of the node that answers"), true),
                ("operator", text("Its operator; null where the network file names none"), true),
                ("endpoint", reference("Endpoint"), true),
                ("time_ms", number("Its clock, milliseconds since the epoch"), true),
                ("head", reference("Head"), true),
                ("finalized", reference("Head"), true),
                ("head_age_ms", number("Milliseconds since the last head statement"), true),
                ("root", text("The root public key"), true),
                ("ready", flag("Whether the node takes executions"), true),
                ("waiting_for", text("What it still waits for"), true),
                ("guest", text("Hash of the engine of actions"), true),
                ("login_domains", list(text("A domain that a login can be for now")), true),
                ("nodes", list(reference("NodeView")), true),
            ]),
        )
        .schema(
            "KeysView",
            object(&[
                ("network", text("The network id, 64 hexadecimal digits"), true),
                ("epoch", number("The epoch whose members certify the keys"), true),
                ("keys", map(text("A root public key, compressed, with 0x")), true),
                ("certificate", list(any("A member's signed word that it holds its shares")), true),
                (
                    "decrypt_polynomial",
                    list(text("A commitment of the decryption root, 96 hexadecimal digits with 0x")),
                    true,
                ),
            ]),
        )
        .schema(
            "NodeView",
            object(&[
                ("index", number("The member, from 1"), true),
                ("connected", flag("Whether it is reached"), true),
                ("set_up", flag("Whether the pairwise set-up with it stands"), true),
                ("banned", flag("Whether the pair is banned"), true),
                (
                    "guest",
                    text("Hash of the engine of actions that it runs; null while it is not reached"),
                    true,
                ),
                ("operator", text("Its operator; null where the network file names none"), true),
                ("endpoint", reference("Endpoint"), true),
                (
                    "silent_ms",
                    number("Milliseconds for which it has not been reached; null while it is, and before it ever was"),
                    true,
                ),
                ("fault", any("The newest check that it failed, and how often it failed any; null if none"), true),
            ]),
        )
        .schema(
            "Endpoint",
            object(&[
                ("http", text("Base URL of the HTTP interface"), true),
                ("quic", text("host:port of the interface to other nodes"), true),
                ("private", any("The same two in a network that the node shares with some of the others"), false),
                ("word", any("Number and signature of the node's word; absent where it has given none"), false),
            ]),
        )
        .schema(
            "FoundingView",
            object(&[
                ("network", text("The network id, 64 hexadecimal digits"), true),
                ("roots", any("The root public keys by purpose; null before every node has voted"), true),
                ("votes", list(text("A node's signature of the roots, 130 hexadecimal digits with 0x")), true),
                ("set", flag("Whether the chain shows the roots"), true),
            ]),
        )
        .build()
}

type Described = RefOr<Schema>;

fn object(members: &[(&str, Described, bool)]) -> ObjectBuilder {
    members.iter().fold(ObjectBuilder::new(), |object, (name, schema, required)| {
        let object = object.property(*name, schema.clone());
        if *required { object.required(*name) } else { object }
    })
}

fn map(of: Described) -> Described {
    ObjectBuilder::new().additional_properties(Some(of)).into()
}

fn list(of: Described) -> Described {
    ArrayBuilder::new().items(of).into()
}

fn typed(kind: Type, description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(kind).description(Some(description))
}

fn text(description: &str) -> Described {
    typed(Type::String, description).into()
}

fn number(description: &str) -> Described {
    typed(Type::Integer, description).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64))).into()
}

fn flag(description: &str) -> Described {
    typed(Type::Boolean, description).into()
}

fn any(description: &str) -> Described {
    typed(Type::Object, description).into()
}

fn reference(name: &str) -> Described {
    Ref::from_schema_name(name).into()
}

fn answer(description: &str, schema: &str) -> utoipa::openapi::Response {
    ResponseBuilder::new()
        .description(description)
        .content("application/json", Content::new(Some(reference(schema))))
        .build()
}

fn problem() -> utoipa::openapi::Response {
    ResponseBuilder::new()
        .description("A problem document.")
        .content("application/problem+json", Content::new(Some(reference("Problem"))))
        .build()
}

#[cfg(test)]
#[path = "../../../wire/tests/page/fields.rs"]
mod fields;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use quorate_wire::*;

    use super::{ErrorCode, document, fields::fields};

    /// The types behind the schemas.
    fn types() -> BTreeMap<&'static str, Vec<&'static str>> {
        // What three requests are sent in.
        assert_eq!(fields::<DecryptionSubmission>(), fields::<RevocationSubmission>());
        BTreeMap::from([
            ("Condition", vec!["status", "worker_walls"]),
            ("Problem", fields::<Problem>()),
            ("Submission", fields::<Submission>()),
            ("RequestSubmission", fields::<DecryptionSubmission>()),
            ("DecryptionReply", fields::<DecryptionReply>()),
            ("RevocationReply", fields::<RevocationReply>()),
            ("CodeSubmission", fields::<CodeSubmission>()),
            ("CodeStored", fields::<CodeStored>()),
            ("ExecutionReply", fields::<ExecutionReply>()),
            ("Signature", fields::<SignatureView>()),
            ("Usage", fields::<Usage>()),
            ("PkpView", fields::<PkpView>()),
            ("GrantView", fields::<GrantView>()),
            ("Head", fields::<HeadView>()),
            ("SignedBlockWord", fields::<Signed<BlockWord>>()),
            ("NetworkView", fields::<NetworkView>()),
            ("KeysView", fields::<KeysView>()),
            ("NodeView", fields::<NodeView>()),
            ("Endpoint", fields::<NodeEndpoint>()),
            ("FoundingView", fields::<FoundingView>()),
        ])
    }

    #[test]
    fn schemas_have_the_members_of_the_types_and_no_others() {
        let value = serde_json::to_value(document()).unwrap();
        let mut types = types();
        for (name, schema) in value["components"]["schemas"].as_object().unwrap() {
            let Some(properties) = schema.get("properties") else { continue };
            let mut described: Vec<&str> =
                properties.as_object().unwrap().keys().map(String::as_str).collect();
            let mut expected = types.remove(name.as_str()).unwrap_or_else(|| panic!("no type behind {name}"));
            described.sort_unstable();
            expected.sort_unstable();
            assert_eq!(described, expected, "{name}");
        }
        assert!(types.is_empty(), "not described: {types:?}");
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        let value = serde_json::to_value(document()).unwrap();
        assert_eq!(value["openapi"], "3.1.0");
        let text = value.to_string();
        for part in text.split("\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(value["components"]["schemas"].get(name).is_some(), "{name}");
        }
        assert_eq!(
            value["components"]["schemas"]["ErrorCode"]["enum"].as_array().unwrap().len(),
            ErrorCode::ALL.len()
        );
    }
}
