//! Runs one JavaScript action under limits in a keyless worker process.
