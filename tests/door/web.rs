//! What the port speaks beside native gRPC: the same calls, the same answers, the same errors.

mod agreement;
mod calls;
mod connect;
mod grpc_web;
mod mistakes;
mod notifications;
mod origins;
mod plain;
mod sizes;
