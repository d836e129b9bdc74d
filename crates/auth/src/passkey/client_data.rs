//! The client data: what a browser says about the page that asked.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{PasskeyError, origin::is_origin_of};
use crate::strict_json::read_object;

/// Longest client data; browsers write less than a tenth of it.
const CLIENT_DATA_BYTES_MAX: usize = 2_048;

/// Checks the client data of an assertion (section 7.2, steps 9 to 14). Members that the standard does not name are
/// ignored, as it says.
pub(super) fn check(bytes: &[u8], rp_id: &str, challenge: &[u8; 32]) -> Result<(), PasskeyError> {
    if bytes.len() > CLIENT_DATA_BYTES_MAX {
        return Err(PasskeyError::ClientDataTooLong);
    }
    let members = read_object(bytes).ok_or(PasskeyError::ClientDataForm)?;
    let text = |name| members.get(name).and_then(Value::as_str);
    if text("type") != Some("webauthn.get") {
        return Err(PasskeyError::Type);
    }
    if text("challenge") != Some(URL_SAFE_NO_PAD.encode(challenge).as_str()) {
        return Err(PasskeyError::Challenge);
    }
    if !text("origin").is_some_and(|origin| is_origin_of(origin, rp_id)) {
        return Err(PasskeyError::Origin);
    }
    let own_page = members.get("crossOrigin").is_none_or(|value| *value == Value::Bool(false));
    if !own_page || members.contains_key("topOrigin") {
        return Err(PasskeyError::CrossOrigin);
    }
    Ok(())
}
