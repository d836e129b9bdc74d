//! Policies: what is read, what is refused, and whom they let open.

#[path = "conditions/attacks.rs"]
mod attacks;
#[path = "conditions/forms.rs"]
mod forms;
#[path = "conditions/kinds.rs"]
mod kinds;
#[path = "conditions/world.rs"]
mod world;
