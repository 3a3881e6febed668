//! The methods that there are, by their paths, and the messages: read from the descriptors once, when the server starts.

use std::collections::HashMap;
use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};

use crate::rpc::DESCRIPTORS;

/// All that the compiled-in descriptors tell of.
pub(super) static DESCRIBED: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut pool = DescriptorPool::new();
    for descriptors in DESCRIPTORS {
        pool.decode_file_descriptor_set(descriptors)
            .expect("the descriptors are compiled in, and tests read them");
    }
    pool
});

/// One method.
#[derive(Debug)]
pub(super) struct Method {
    /// What is asked.
    pub(super) input: MessageDescriptor,
    /// What is answered.
    pub(super) output: MessageDescriptor,
    /// Whether many messages are asked or answered.
    pub(super) is_stream: bool,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Methods {
    by_path: HashMap<String, Method>,
}

impl Methods {
    /// Those of the descriptors that are compiled in.
    pub(super) fn compiled_in() -> Methods {
        let methods = DESCRIBED.services().flat_map(|service| service.methods().collect::<Vec<_>>());
        let by_path = methods.map(|method| {
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            let is_stream = method.is_client_streaming() || method.is_server_streaming();
            (path, Method { input: method.input(), output: method.output(), is_stream })
        });
        Methods { by_path: by_path.collect() }
    }

    /// The method with this path.
    pub(super) fn get(&self, path: &str) -> Option<&Method> {
        self.by_path.get(path)
    }

    /// The paths of all of them.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.by_path.keys().map(String::as_str)
    }
}
