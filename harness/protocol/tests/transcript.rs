//! The transcript in `docs/protocol.md` is what the code reads and writes, to the byte.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use edgebench_protocol::{Answer, AnswerLine, Request, RequestLine, VERSION};
use serde::Serialize;
use serde::de::DeserializeOwned;

const PAGE: &str = include_str!("../../../docs/protocol.md");

fn transcript() -> Vec<(char, &'static str)> {
    let lines = PAGE
        .lines()
        .skip_while(|line| *line != "```transcript")
        .skip(1)
        .take_while(|line| *line != "```");
    lines.map(|line| (line.chars().next().unwrap(), &line[2..])).collect()
}

fn round_trip<T: Serialize + DeserializeOwned>(line: &str) -> T {
    let message: T = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert_eq!(serde_json::to_string(&message).unwrap(), line);
    message
}

#[test]
fn requests_and_answers_take_turns_and_read_back_to_the_same_bytes() {
    let lines = transcript();
    assert!(lines.len() >= 12, "{} lines", lines.len());
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

#[test]
fn it_shows_this_version() {
    let hello: RequestLine = round_trip(transcript()[0].1);
    let Request::Hello(hello) = hello.request else {
        panic!("{hello:?}")
    };
    assert_eq!(hello.protocol, VERSION);
}

#[test]
fn an_unknown_request_is_refused() {
    assert!(serde_json::from_str::<RequestLine>(r#"{"id":1,"op":"fly"}"#).is_err());
    assert!(serde_json::from_str::<AnswerLine>(r#"{"id":1,"flown":{}}"#).is_err());
    let bye: AnswerLine = serde_json::from_str(r#"{"id":1,"bye":{}}"#).unwrap();
    assert_eq!(bye.answer, Answer::Bye {});
}
