//! Floods that cost whoever sends them nothing, each until it meets the limit that is there against it. As long as one goes
//! on, somebody else records events, one after the other, and the memory of the server stays within bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use laurels_client::{Client, ErrorReason, Event};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::frames::{
    self, CANCEL, CONTINUATION, Came, DATA, END_OF_HEADERS, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, HEADERS,
    NO_FLAG, PING, REFUSED_STREAM, RESET, SETTINGS, WINDOW_UPDATE, frame,
};
use super::program::Program;

/// So many events are recorded while a flood goes on, and it goes on until they are.
const EVENTS: usize = 20;
/// What a flood may take of the server's memory, and what recording does, and what the allocator keeps.
const FLOOD_MAX_KIB: u64 = 64 << 10;
/// Frames of one flood, unless it is ended before: more than the systems' buffers of a connection hold.
const FRAMES: u32 = 2_000_000;
/// So many frames are written at once.
const AT_ONCE: u32 = 2_000;
/// How long a connection may take to end, before it is taken to go on for ever.
const PATIENCE: Duration = Duration::from_secs(120);

/// Floods again and again, each time on a connection of its own, until somebody else has recorded events meanwhile.
/// Gives what came of each flood.
pub(crate) async fn served_meanwhile<T>(program: &Program, flood: impl AsyncFn() -> T) -> Vec<T> {
    let client = Client::connect(format!("http://{}", program.address)).await.unwrap();
    client_served_meanwhile(client, program, flood).await
}

/// The same, where this is who records.
pub(crate) async fn client_served_meanwhile<T>(
    client: Client,
    program: &Program,
    flood: impl AsyncFn() -> T,
) -> Vec<T> {
    client.record(Event::new("photo.posted", "before")).await.unwrap();
    let before = program.peak_kib();
    let (recorded, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let recording = tokio::spawn({
        let (recorded, over) = (recorded.clone(), over.clone());
        async move {
            while !over.load(Ordering::SeqCst) {
                let event = Event::new("photo.posted", "ana");
                client.record(event).await.expect("others are served");
                recorded.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    let mut came = Vec::new();
    while recorded.load(Ordering::SeqCst) < EVENTS && !recording.is_finished() {
        came.push(tokio::time::timeout(PATIENCE, flood()).await.expect("a flood comes to its end"));
    }
    over.store(true, Ordering::SeqCst);
    recording.await.unwrap();
    let most = program.peak_kib();
    assert!(most <= before + FLOOD_MAX_KIB, "{before} KiB before, {most} KiB at most meanwhile");
    came
}

/// Sends frames until the connection ends; gives how many were taken, and what came back.
async fn until_it_ends(program: &Program, next: impl Fn(u32) -> Vec<u8>) -> (u32, Vec<Came>) {
    let connection = TcpStream::connect(&program.address).await.unwrap();
    let (mut reads, mut writes) = connection.into_split();
    let sending = async {
        let mut sent = 0;
        let mut taken = writes.write_all(&frames::hello()).await.is_ok();
        while taken && sent < FRAMES {
            let chunk: Vec<u8> = (sent..sent + AT_ONCE).flat_map(&next).collect();
            taken = writes.write_all(&chunk).await.is_ok();
            sent += AT_ONCE;
        }
        sent
    };
    let reading = async {
        let mut came = Vec::new();
        while let Some(frame) = frames::next(&mut reads).await {
            came.push(frame);
        }
        came
    };
    tokio::join!(sending, reading)
}

/// It was ended early, and told why where that could still be read.
fn was_told_to_calm_down((sent, came): &(u32, Vec<Came>)) -> bool {
    assert!(*sent < FRAMES, "all of it was taken");
    let told = came.iter().filter(|came| came.kind == frames::GO_AWAY).filter_map(Came::error);
    let errors: Vec<_> = told.filter(|error| *error != 0).collect();
    assert!(errors.iter().all(|error| *error == ENHANCE_YOUR_CALM), "{errors:?}");
    !errors.is_empty()
}

fn stream(number: u32) -> u32 {
    2 * number + 1
}

/// CVE-2023-44487.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_taken_back_at_once_end_their_connection() {
    let program = Program::start(&[]);
    let rapid_reset = |number| {
        let reset = frame(RESET, NO_FLAG, stream(number), &CANCEL.to_be_bytes());
        [frames::call(stream(number), "GetBadges"), reset].concat()
    };
    let came = served_meanwhile(&program, async || until_it_ends(&program, rapid_reset).await).await;
    assert!(came.iter().any(was_told_to_calm_down), "nobody was told");
}

/// CVE-2025-8671: the client has the server reset its calls, which is not counted as the client's resets are.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_the_server_is_made_to_reset_end_their_connection() {
    let program = Program::start(&["--limits-resets", "100"]);
    let made_to_reset = |number| {
        // A window that grows beyond what HTTP/2 allows is a mistake of that call alone.
        let grows = frame(WINDOW_UPDATE, NO_FLAG, stream(number), &(i32::MAX).to_be_bytes());
        [frames::call(stream(number), "RecordEvents"), grows.clone(), grows].concat()
    };
    let came = served_meanwhile(&program, async || until_it_ends(&program, made_to_reset).await).await;
    assert!(came.iter().any(was_told_to_calm_down), "nobody was told");
    for (_, came) in &came {
        let resets =
            came.iter().filter(|came| came.kind == RESET && came.error() == Some(FLOW_CONTROL_ERROR));
        assert!(resets.count() <= 100, "no more than the setting says");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_never_end_end_their_connection() {
    let program = Program::start(&[]);
    let endless = |number| match number {
        0 => frame(HEADERS, NO_FLAG, 1, &frames::block("GetBadges")),
        // `x: y`, and never the last of it.
        _ => frame(CONTINUATION, NO_FLAG, 1, &[0x00, 1, b'x', 1, b'y']),
    };
    let came = served_meanwhile(&program, async || until_it_ends(&program, endless).await).await;
    assert!(came.iter().any(was_told_to_calm_down), "nobody was told");
}

/// Sends frames that are to be answered, and reads no answer, until the connection ends.
async fn deaf(program: &Program, next: Vec<u8>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut connection = socket.connect(program.address.parse().unwrap()).await.unwrap();
    let chunk = next.repeat(AT_ONCE as usize);
    let mut taken = connection.write_all(&frames::hello()).await.is_ok();
    let mut sent = 0;
    while taken && sent < FRAMES {
        taken = connection.write_all(&chunk).await.is_ok();
        sent += AT_ONCE;
    }
    assert!(!taken, "all of it was taken");
}

/// The server answers each, and stops to read where nobody takes the answers.
#[tokio::test(flavor = "multi_thread")]
async fn pings_and_settings_whose_answers_are_not_read_are_held_back_and_then_ended() {
    for next in [frame(PING, NO_FLAG, 0, &[7; 8]), frame(SETTINGS, NO_FLAG, 0, &[])] {
        let program = Program::start(&["--limits-write-stall", "1s"]);
        served_meanwhile(&program, async || deaf(&program, next.clone()).await).await;
    }
}

/// Calls whose answers are more than what was sent, and nobody who reads them.
#[tokio::test(flavor = "multi_thread")]
async fn who_reads_nothing_is_let_go() {
    let program = Program::start(&["--limits-write-stall", "1s"]);
    let crowd = async || {
        let mut all = JoinSet::new();
        for _ in 0..4 {
            let address = program.address.parse().unwrap();
            all.spawn(async move {
                let socket = TcpSocket::new_v4().unwrap();
                socket.set_recv_buffer_size(4096).unwrap();
                let mut connection = socket.connect(address).await.unwrap();
                let mut taken = connection.write_all(&frames::hello()).await.is_ok();
                let mut number = 0;
                // Each is answered with an error and its details: more comes back than was sent.
                while taken {
                    let empty = frame(DATA, frames::END_OF_STREAM, stream(number), &[0; 5]);
                    let call = [frames::call(stream(number), "RecordEvent"), empty].concat();
                    taken = connection.write_all(&call).await.is_ok();
                    number += 1;
                }
            });
        }
        while all.join_next().await.is_some() {}
    };
    served_meanwhile(&program, crowd).await;
}

/// Half a call, and never the rest of it.
#[tokio::test(flavor = "multi_thread")]
async fn who_sends_half_a_call_is_let_go() {
    let program = Program::start(&["--limits-first-call", "1s"]);
    let halves = [frames::hello()[..9].to_vec(), frames::hello(), {
        [frames::hello(), frame(HEADERS, NO_FLAG, 1, &frames::block("GetBadges")[..20])].concat()
    }];
    let crowd = async || {
        let mut all = JoinSet::new();
        for half in halves.iter().cycle().take(300) {
            let mut connection = TcpStream::connect(&program.address).await.unwrap();
            connection.write_all(half).await.unwrap();
            all.spawn(async move { while frames::next(&mut connection).await.is_some() {} });
        }
        while all.join_next().await.is_some() {}
    };
    served_meanwhile(&program, crowd).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_are_too_large_are_refused_call_by_call() {
    let program = Program::start(&["--limits-headers-bytes", "8KiB"]);
    let large = async || {
        let mut connection = TcpStream::connect(&program.address).await.unwrap();
        let mut block = frames::block("GetBadges");
        // `x`, with a value of 12,000 bytes: its length in HPACK is 127, and what is beyond.
        block.extend([0x00, 1, b'x', 0x7f, 0xe1, 0x5c]);
        block.extend([b'y'; 12_000]);
        let call = frame(HEADERS, END_OF_HEADERS | frames::END_OF_STREAM, 1, &block);
        connection.write_all(&[frames::hello(), call].concat()).await.unwrap();
        loop {
            let came = frames::next(&mut connection).await.expect("an answer");
            if came.kind == HEADERS {
                return came.payload;
            }
        }
    };
    for headers in served_meanwhile(&program, large).await {
        // 431 in HPACK's Huffman code.
        assert!(headers.windows(3).any(|three| three == [0x69, 0x90, 0xff]), "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_too_large_are_refused_before_they_are_read() {
    let program = Program::start(&[]);
    let client = Client::connect(format!("http://{}", program.address)).await.unwrap();
    let json = format!("{{\"text\":\"{}\"}}", "x".repeat(8 << 20));
    let large = async || {
        let event = Event::new("photo.posted", "eve").with_data_json(json.clone());
        client.record(event).await.unwrap_err().reason()
    };
    for reason in served_meanwhile(&program, large).await {
        assert_eq!(reason, Some(ErrorReason::MessageTooLarge));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_streams_than_a_connection_may_have_are_refused() {
    let program = Program::start(&["--limits-calls-per-connection", "10"]);
    let many = async || {
        let mut connection = TcpStream::connect(&program.address).await.unwrap();
        let calls: Vec<u8> =
            (0..100).flat_map(|number| frames::call(stream(number), "RecordEvents")).collect();
        connection.write_all(&[frames::hello(), calls].concat()).await.unwrap();
        let mut refused = Vec::new();
        while refused.len() < 90 {
            let came = frames::next(&mut connection).await.expect("the connection goes on");
            if came.kind == RESET {
                assert_eq!(came.error(), Some(REFUSED_STREAM));
                refused.push(came.stream);
            }
        }
        refused
    };
    let expected: Vec<_> = (10..100).map(stream).collect();
    for refused in served_meanwhile(&program, many).await {
        assert_eq!(refused, expected, "the first ten are served");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_there_may_be_are_closed_and_those_there_are_go_on() {
    let program = Program::start(&["--limits-connections", "20"]);
    let crowd = async || {
        let mut all = JoinSet::new();
        for _ in 0..200 {
            let mut connection = TcpStream::connect(&program.address).await.unwrap();
            // Closed at once, or open: then it is told the settings.
            all.spawn(async move {
                let _ = connection.write_all(&frames::hello()).await;
                frames::next(&mut connection).await.map(|_| connection)
            });
        }
        let open = all.join_all().await.into_iter().flatten().count();
        assert!(open < 20, "{open} beside the one who records");
    };
    served_meanwhile(&program, crowd).await;
    program.says("as many connections are open as may be");
}
