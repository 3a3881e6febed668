//! What expressions mean, and what is said of those that mean nothing.

mod forms;
mod limits;
mod mistakes;
mod reading;
mod values;
mod world;
