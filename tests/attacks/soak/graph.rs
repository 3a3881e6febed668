//! The graph of a soak: what the server took, over time.

use std::path::Path;

use plotters::prelude::*;

use super::samples::Sample;
use crate::failure::{Failure, Result};

const WIDTH: u32 = 960;
const HEIGHT: u32 = 1050;
const MIB: f64 = (1 << 20) as f64;

/// One panel: what it shows, and its value of a sample.
type Panel = (&'static str, fn(&Sample) -> f64);

/// A line begins anew with every process: what a restart frees is no fall.
const PANELS: [Panel; 6] = [
    ("resident memory, MiB", |sample| sample.memory as f64 / MIB),
    ("open descriptors, without the journal's files", |sample| sample.descriptors as f64),
    ("files of the journal that are open", |sample| sample.journal_files as f64),
    ("threads", |sample| sample.threads as f64),
    ("bytes on disk, MiB", |sample| sample.disk_bytes as f64 / MIB),
    ("events acknowledged, thousands", |sample| sample.answered as f64 / 1000.0),
];

/// Draws the samples.
pub(super) fn draw(file: &Path, samples: &[Sample]) -> Result<()> {
    draw_panels(file, samples).map_err(|error| Failure::of_attack(format!("draw {}", file.display()), error))
}

fn draw_panels(file: &Path, samples: &[Sample]) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::new(file, (WIDTH, HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    let minutes = samples.last().map_or(1.0, |last| last.seconds as f64 / 60.0);
    for (area, (title, value)) in area.split_evenly((PANELS.len(), 1)).iter().zip(PANELS) {
        let most = samples.iter().map(value).fold(1.0, f64::max) * 1.1;
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 15))
            .margin(6)
            .x_label_area_size(22)
            .y_label_area_size(50)
            .build_cartesian_2d(0.0..minutes, 0.0..most)?;
        chart.configure_mesh().x_labels(13).y_labels(4).light_line_style(WHITE).draw()?;
        for process in samples.chunk_by(|a, b| a.life == b.life) {
            let points = process.iter().map(|sample| (sample.seconds as f64 / 60.0, value(sample)));
            match process.len() {
                1 => drop(chart.draw_series(points.map(|point| Circle::new(point, 1, BLUE.filled())))?),
                _ => drop(chart.draw_series(LineSeries::new(points, &BLUE))?),
            }
        }
    }
    area.present()?;
    Ok(())
}
