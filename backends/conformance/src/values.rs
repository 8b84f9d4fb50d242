//! What a worker measures and computes.

use edgebench_api::{DType, ErrorKind, Nanos, Settings, Tensor};
use edgebench_protocol::{Answer, Evaluate, Evaluated, Load, Measure, Measured, Request, Turn, WarmUp, WarmedUp};

use crate::client::{Client, unexpected};
use crate::fixture;
use crate::report::{Checked, Report, failed, must};
use crate::worker::Subject;

/// The kinds of error that an input that does not fit may give.
const MISFIT: [ErrorKind; 3] = [ErrorKind::Run, ErrorKind::Load, ErrorKind::Protocol];

/// Adds the checks of values to the report.
pub(crate) fn check(report: &mut Report, subject: &mut Subject<'_>) {
    report.run(
        "a warm-up makes the runs asked for, and only the first is the first",
        || warm_up(subject),
    );
    report.run("a measurement stays within its bounds", || measure(subject));
    report.run("a turn makes exactly the samples asked for", || turn(subject));
    report.run("an evaluation gives the outputs expected", || {
        evaluate(subject, 1, None)
    });
    report.run("an evaluation in batches fills up the last one", || {
        evaluate(subject, 2, Some(&[0, 1, 2, 3, 4]))
    });
    report.run("an evaluation keeps the order asked for", || {
        evaluate(subject, 1, Some(&[4, 0, 2]))
    });
    report.run("a batch larger than the samples works", || {
        evaluate(subject, 4, Some(&[3]))
    });
    report.run("an evaluation is deterministic and its file whole", || {
        deterministic(subject)
    });
    report.run("a measurement works after an evaluation", || measure_after(subject));
    report.run("a sample that is not there is an error", || unknown_sample(subject));
    report.run("an input of another name is an error", || wrong_name(subject));
    report.run("an input of another element type is an error", || wrong_dtype(subject));
    report.run("an input of another shape is an error", || wrong_shape(subject));
    report.run("inputs that are no safetensors file are an error", || {
        wrong_file(subject)
    });
    report.run("a missing inputs file is an error", || missing_file(subject));
    report.run("a missing model is an error", || missing_model(subject));
    report.run("a truncated model is an error", || bad_model(subject, true));
    report.run("a model of noise is an error", || bad_model(subject, false));
}

fn with_batch(batch: usize) -> Settings {
    Settings {
        batch,
        ..Settings::default()
    }
}

fn warm(client: &mut Client, min_ns: u64, min_runs: u64) -> Checked<WarmedUp> {
    match client.ask(Request::WarmUp(WarmUp {
        min_ns: Nanos(min_ns),
        min_runs,
    }))? {
        Answer::WarmedUp(answer) => Ok(answer),
        other => Err(unexpected(&other)),
    }
}

fn measured(client: &mut Client, bounds: Measure) -> Checked<Measured> {
    match client.ask(Request::Measure(bounds))? {
        Answer::Measured(answer) => Ok(answer),
        other => Err(unexpected(&other)),
    }
}

fn turned(client: &mut Client, samples: u64) -> Checked {
    match client.ask(Request::Turn(Turn { samples, repeat: false }))? {
        Answer::Turned(answer) => {
            let found = answer.samples_ns.len() as u64;
            must(found == samples, || {
                format!("{samples} were asked for, and {found} came")
            })
        }
        other => Err(unexpected(&other)),
    }
}

fn warm_up(subject: &mut Subject<'_>) -> Checked {
    let (mut client, _) = subject.loaded(&Settings::default())?;
    let first = warm(&mut client, 0, 5)?;
    must(first.runs == 5, || format!("5 were asked for, and {} made", first.runs))?;
    must(first.first_ns.is_some(), || "the first inference is missing".to_owned())?;
    let second = warm(&mut client, 20_000_000, 1)?;
    must(second.first_ns.is_none(), || {
        "there are two first inferences".to_owned()
    })?;
    must(second.elapsed_ns.0 >= 20_000_000, || {
        format!("20 ms were asked for, and it took {}", second.elapsed_ns)
    })
}

fn measure(subject: &mut Subject<'_>) -> Checked {
    let (mut client, _) = subject.loaded(&Settings::default())?;
    warm(&mut client, 0, 1)?;
    let bounds = Measure {
        min_ns: Nanos(20_000_000),
        min_samples: 10,
        max_ns: Nanos(10_000_000_000),
        max_samples: 3_000_000,
    };
    let answer = measured(&mut client, bounds)?;
    let sum: u64 = answer.samples_ns.iter().sum();
    must(answer.samples_ns.len() >= 10, || {
        format!("10 samples were asked for, and {} came", answer.samples_ns.len())
    })?;
    must(answer.elapsed_ns >= bounds.min_ns, || {
        format!("20 ms were asked for, and it took {}", answer.elapsed_ns)
    })?;
    must(sum <= answer.elapsed_ns.0, || {
        format!("the samples take {sum} ns of {} ns", answer.elapsed_ns.0)
    })?;
    must(sum > 0, || "all samples are 0".to_owned())?;
    let few = measured(
        &mut client,
        Measure {
            max_samples: 3,
            min_samples: 3,
            ..bounds
        },
    )?;
    must(few.samples_ns.len() == 3, || {
        format!("at most 3 were asked for, and {} came", few.samples_ns.len())
    })?;
    let short = Measure {
        min_ns: Nanos(0),
        min_samples: 2_000_000,
        max_ns: Nanos(1_000_000),
        max_samples: 3_000_000,
    };
    let short = measured(&mut client, short)?;
    must(short.samples_ns.len() < 2_000_000, || {
        "the longest time did not end it".to_owned()
    })
}

fn turn(subject: &mut Subject<'_>) -> Checked {
    let (mut client, _) = subject.loaded(&Settings::default())?;
    [1, 7, 2]
        .into_iter()
        .try_for_each(|samples| turned(&mut client, samples))
}

/// Evaluates and reads the outputs back.
fn evaluated(client: &mut Client, subject: &Subject<'_>, indices: Option<&[usize]>) -> Checked<(Evaluated, Tensor)> {
    let outputs = subject.path("outputs.safetensors");
    let request = Evaluate {
        inputs: subject.path("inputs.safetensors"),
        indices: indices.map(<[usize]>::to_vec),
        outputs: outputs.clone(),
        whole: false,
    };
    let answer = match client.ask(Request::Evaluate(request))? {
        Answer::Evaluated(answer) => answer,
        other => return Err(unexpected(&other)),
    };
    let file = std::fs::read(&outputs).map_err(|error| failed(format!("the outputs cannot be read: {error}")))?;
    let mut tensors = fixture::read(&file)?;
    match (tensors.pop(), tensors.len()) {
        (Some(tensor), 0) => Ok((answer, tensor)),
        (_, more) => Err(failed(format!("{more} more outputs than the one of the model"))),
    }
}

fn evaluate(subject: &mut Subject<'_>, batch: usize, indices: Option<&[usize]>) -> Checked {
    let (mut client, _) = subject.loaded_real(&with_batch(batch))?;
    let (answer, outputs) = evaluated(&mut client, subject, indices)?;
    let all: Vec<usize> = (0..subject.fixture().input()?.shape[0]).collect();
    let indices = indices.unwrap_or(&all);
    must(answer.samples == indices.len(), || {
        format!("{} samples, and {} run", indices.len(), answer.samples)
    })?;
    subject.fixture().compare(&outputs, indices)
}

fn deterministic(subject: &mut Subject<'_>) -> Checked {
    let (mut client, _) = subject.loaded(&with_batch(2))?;
    let (answer, outputs) = evaluated(&mut client, subject, Some(&[0, 1, 2]))?;
    must(answer.deterministic, || {
        "the first batch gave other bits at the end".to_owned()
    })?;
    must(outputs.shape.first() == Some(&3), || {
        format!("3 samples gave the shape {:?}", outputs.shape)
    })?;
    let (_, again) = evaluated(&mut client, subject, Some(&[2, 1, 0]))?;
    let sample = outputs.data.len() / 3;
    must(outputs.data[..sample] == again.data[2 * sample..], || {
        "the order does not carry the outputs".to_owned()
    })?;
    must(outputs.data[..sample] != again.data[..sample], || {
        "two samples gave the same outputs".to_owned()
    })
}

fn measure_after(subject: &mut Subject<'_>) -> Checked {
    let (mut client, _) = subject.loaded(&Settings::default())?;
    evaluated(&mut client, subject, Some(&[1]))?;
    turned(&mut client, 4)
}

fn unknown_sample(subject: &mut Subject<'_>) -> Checked {
    let (mut client, _) = subject.loaded(&Settings::default())?;
    let request = Evaluate {
        inputs: subject.path("inputs.safetensors"),
        indices: Some(vec![0, 1_000_000]),
        outputs: subject.path("never.safetensors"),
        whole: false,
    };
    client.refused_as(Request::Evaluate(request), &MISFIT)?;
    turned(&mut client, 1)
}

/// Loads with other inputs, which must be refused.
fn load_with(subject: &mut Subject<'_>, inputs: &[u8]) -> Checked {
    let inputs = subject.write("other.safetensors", inputs)?;
    let request = subject.load_request(&Settings::default())?;
    let mut client = subject.start_for(&Settings::default())?;
    client.refused_as(Request::Load(Load { inputs, ..request }), &MISFIT)?;
    client.hello().map(drop)
}

fn wrong_name(subject: &mut Subject<'_>) -> Checked {
    let input = Tensor {
        name: "no such input".to_owned(),
        ..subject.fixture().input()?
    };
    load_with(subject, &fixture::write(&input)?)
}

fn wrong_dtype(subject: &mut Subject<'_>) -> Checked {
    let input = subject.fixture().input()?;
    let elements: usize = input.shape.iter().product();
    let wide = Tensor::new(input.name, DType::F64, input.shape, &vec![1f64; elements]);
    load_with(
        subject,
        &fixture::write(&wide.map_err(|error| failed(error.to_string()))?)?,
    )
}

fn wrong_shape(subject: &mut Subject<'_>) -> Checked {
    let input = subject.fixture().input()?;
    let mut shape = input.shape;
    let last = shape.len() - 1;
    shape[last] += 1;
    let elements: usize = shape.iter().product();
    let long = Tensor::new(input.name, DType::F32, shape, &vec![1f32; elements]);
    load_with(
        subject,
        &fixture::write(&long.map_err(|error| failed(error.to_string()))?)?,
    )
}

fn wrong_file(subject: &mut Subject<'_>) -> Checked {
    let whole = subject.fixture().inputs;
    load_with(subject, &whole[..whole.len() - 4])?;
    load_with(subject, &[0xff; 64])?;
    load_with(subject, &[])
}

fn missing_file(subject: &mut Subject<'_>) -> Checked {
    let request = subject.load_request(&Settings::default())?;
    let inputs = subject.path("absent.safetensors");
    subject
        .start_for(&Settings::default())?
        .refused_as(Request::Load(Load { inputs, ..request }), &MISFIT)
        .map(drop)
}

fn missing_model(subject: &mut Subject<'_>) -> Checked {
    let request = subject.load_request(&Settings::default())?;
    let model = subject.path(&format!("absent-{}", subject.fixture().file_name));
    let mut client = subject.start_for(&Settings::default())?;
    client.refused_as(Request::Load(Load { model, ..request }), &[ErrorKind::Load])?;
    client.hello().map(drop)
}

fn bad_model(subject: &mut Subject<'_>, truncated: bool) -> Checked {
    subject.loaded_real(&Settings::default())?;
    let whole = subject.fixture().model;
    let bytes = if truncated {
        &whole[..whole.len() / 2]
    } else {
        &[0xff; 64]
    };
    let model = subject.write(&format!("bad-{}", subject.fixture().file_name), bytes)?;
    let request = subject.load_request(&Settings::default())?;
    let mut client = subject.start_for(&Settings::default())?;
    client.refused_as(
        Request::Load(Load { model, ..request }),
        &[ErrorKind::Load, ErrorKind::Unsupported],
    )?;
    client.hello().map(drop)
}
