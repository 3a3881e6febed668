//! Calls whose requests are bytes: what no well-made client sends.

use std::marker::PhantomData;

use bytes::{Buf, BufMut, Bytes};
use prost::Message;
use tokio_stream::Stream;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};

/// Calls a method that has one request and one response.
pub(super) async fn unary<M: Message + Default + 'static>(
    channel: &Channel,
    method: &'static str,
    request: &[u8],
) -> Result<M, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let request = Request::new(Bytes::copy_from_slice(request));
    Ok(grpc.unary(request, PathAndQuery::from_static(method), Raw(PhantomData)).await?.into_inner())
}

/// Calls a method that has a stream of requests and of responses.
pub(super) async fn streaming<M: Message + Default + 'static>(
    channel: &Channel,
    method: &'static str,
    requests: impl Stream<Item = Bytes> + Send + 'static,
) -> Result<Streaming<M>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = PathAndQuery::from_static(method);
    Ok(grpc.streaming(Request::new(requests), path, Raw(PhantomData)).await?.into_inner())
}

struct Raw<M>(PhantomData<M>);

impl<M: Message + Default + 'static> Codec for Raw<M> {
    type Encode = Bytes;
    type Decode = M;
    type Encoder = Raw<()>;
    type Decoder = Raw<M>;

    fn encoder(&mut self) -> Raw<()> {
        Raw(PhantomData)
    }

    fn decoder(&mut self) -> Raw<M> {
        Raw(PhantomData)
    }
}

impl Encoder for Raw<()> {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, bytes: Bytes, buf: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buf.put(bytes);
        Ok(())
    }
}

impl<M: Message + Default> Decoder for Raw<M> {
    type Item = M;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<M>, Status> {
        Ok(Some(M::decode(buf.copy_to_bytes(buf.remaining())).unwrap()))
    }
}
