//! The port from outside: every protocol that it speaks, and what it refuses.

mod answering;
mod certificates;
mod exposure;
mod program;
mod slow;
mod tls;
