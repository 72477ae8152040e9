//! Times at which stripes are read that are read several times in a frame.

use asdf::Node;
use datamodels::metadata::Metadata;
use stpipe::StepError;

/// Duration of a pixel clock [s].
const CLOCK_S: f64 = 10.0e-6;
/// Clocks between two lines.
const PADDING: f64 = 12.0;

/// The time of every read of every group after the reset [s], as a list of lists.
///
/// # Errors
/// A keyword is absent or no such number.
///
/// # Source
/// jwst 3.0.0 `lib/stripe_utils.py::stripe_read_times`.
pub(super) fn of(meta: &Metadata) -> Result<Node, StepError> {
    let groups = times(meta).map_err(crate::metadata_error)?;
    let list = |times: Vec<f64>| Node::Sequence(times.into_iter().map(Node::Float).collect());
    Ok(Node::Sequence(groups.into_iter().map(list).collect()))
}

pub(super) fn times(meta: &Metadata) -> datamodels::Result<Vec<Vec<f64>>> {
    let exposure = meta.exposure();
    let (frames, gap) = (exposure.frames_per_group()?, exposure.group_gap()?);
    let n_groups = exposure.groups()?;
    let outputs = meta.require_integer("meta.exposure.noutputs", 1)?;
    let (_, slow) = meta.subarray().axes()?;
    let frame = meta.subarray().frame()?;
    let (pixels, lines) = if slow.abs() == 1 {
        (frame.y_size, frame.x_size)
    } else {
        (frame.x_size, frame.y_size)
    };
    // Lines of a single repeat: without lines of the sky of their own, stripes have none.
    let lines_of = |path| meta.integer(path).unwrap_or(0);
    let repeated =
        lines_of("meta.subarray.multistripe_reads1") + lines_of("meta.subarray.multistripe_reads2");
    let clocks = |lines: i64, extra_lines: i64, extra_clocks: f64| {
        let line = pixels as f64 / outputs as f64 + PADDING;
        (line * (lines + extra_lines) as f64 + extra_clocks) * CLOCK_S
    };
    // Lines and clocks that a reset takes in addition.
    let (extra_lines, extra_clocks) = match outputs {
        4 => (1, 1.0),
        1 if pixels >= 9 => (2, 0.0),
        _ => (3, 0.0),
    };
    let frame_s = clocks(lines, extra_lines, extra_clocks);
    let steps_s = if repeated > 0 {
        let mut steps_s = vec![clocks(repeated, extra_lines, extra_clocks)];
        let repeats = usize::try_from(lines / repeated).unwrap_or(0);
        steps_s.resize(repeats.max(1), clocks(repeated, 0, 0.0));
        steps_s
    } else {
        vec![frame_s]
    };
    let mut reads = Vec::with_capacity(n_groups.min(1 << 16) * steps_s.len());
    let mut elapsed_s = 0.0;
    for _ in 0..n_groups {
        for step_s in &steps_s {
            let of_frame = |frame| elapsed_s + step_s + frame as f64 * frame_s;
            reads.push((0..frames).map(of_frame).collect());
            elapsed_s += step_s;
        }
        elapsed_s += frame_s * ((frames - 1 + gap) as f64);
    }
    Ok(reads)
}
