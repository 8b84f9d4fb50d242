//! The transcripts in `docs/protocol.md` are what the code reads and writes, to the byte.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use edgebench_protocol::{Answer, AnswerLine, RequestLine, VERSION, protocol_schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/protocol.md");

/// The lines of each transcript, as the direction and the message.
fn transcripts() -> Vec<Vec<(char, &'static str)>> {
    let blocks = PAGE.split("```transcript\n").skip(1);
    blocks
        .map(|block| {
            let lines = block.lines().take_while(|line| *line != "```");
            lines.map(|line| (line.chars().next().unwrap(), &line[2..])).collect()
        })
        .collect()
}

fn round_trip<T: Serialize + DeserializeOwned>(line: &str) -> T {
    let message: T = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert_eq!(serde_json::to_string(&message).unwrap(), line);
    message
}

#[test]
fn requests_and_answers_take_turns_and_read_back_to_the_same_bytes() {
    for lines in transcripts() {
        for (index, pair) in lines.chunks(2).enumerate() {
            let [('>', request), ('<', answer)] = pair else {
                panic!("not a request and its answer: {pair:?}");
            };
            let request: RequestLine = round_trip(request);
            let answer: AnswerLine = round_trip(answer);
            assert_eq!(request.id, index as u64 + 1);
            assert_eq!(answer.id, request.id);
        }
    }
}

#[test]
fn the_first_shows_this_version_and_every_request_once() {
    let requests: Vec<Value> = transcripts()[0]
        .iter()
        .step_by(2)
        .map(|(_, line)| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(requests[0]["protocol"], VERSION);
    let mut shown: Vec<&str> = requests.iter().map(|request| request["op"].as_str().unwrap()).collect();
    let schema = protocol_schema();
    let variants = schema["request"]["oneOf"].as_array().unwrap();
    let mut all: Vec<&str> = variants
        .iter()
        .map(|variant| variant["properties"]["op"]["const"].as_str().unwrap())
        .collect();
    shown.sort_unstable();
    all.sort_unstable();
    assert_eq!(shown, all);
}

#[test]
fn an_unknown_request_is_refused() {
    assert!(serde_json::from_str::<RequestLine>(r#"{"id":1,"op":"fly"}"#).is_err());
    assert!(serde_json::from_str::<AnswerLine>(r#"{"id":1,"flown":{}}"#).is_err());
    let bye: AnswerLine = serde_json::from_str(r#"{"id":1,"bye":{}}"#).unwrap();
    assert_eq!(bye.answer, Answer::Bye {});
}
