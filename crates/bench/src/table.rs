//! Figures, each beside a baseline of the same run: machines differ, ratios are what is compared.

/// One figure.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    /// What the value is divided by, in the same unit; `None` for figures that stand alone.
    pub(crate) baseline: Option<f64>,
    /// What is wanted of the value, in the same unit.
    pub(crate) goal: Option<&'static str>,
}

#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    json: bool,
}

impl Table {
    pub(crate) fn new(json: bool) -> Self {
        Table { rows: Vec::new(), json }
    }

    pub(crate) fn add(&mut self, name: &str, value: f64, unit: &'static str, baseline: Option<f64>) {
        self.push(Row { name: name.to_owned(), value, unit, baseline, goal: None });
    }

    /// A figure with its goal.
    pub(crate) fn add_goal(
        &mut self,
        name: &str,
        (value, unit): (f64, &'static str),
        baseline: Option<f64>,
        goal: &'static str,
    ) {
        self.push(Row { name: name.to_owned(), value, unit, baseline, goal: Some(goal) });
    }

    /// Says something that is no figure.
    #[expect(clippy::print_stdout, reason = "it stands among the figures")]
    pub(crate) fn note(&self, text: &str) {
        if self.json {
            println!("{}", serde_json::json!({ "note": text }));
        } else {
            println!("{text}");
        }
    }

    fn push(&mut self, row: Row) {
        self.print(&row);
        self.rows.push(row);
    }

    pub(crate) fn value(&self, name: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.name == name).map(|row| row.value)
    }

    #[expect(clippy::print_stdout, reason = "figures are what this program is for")]
    fn print(&self, row: &Row) {
        let ratio = row.baseline.map(|baseline| row.value / baseline);
        if self.json {
            let line = serde_json::json!({
                "name": row.name, "value": row.value, "unit": row.unit, "baseline": row.baseline, "ratio": ratio,
                "goal": row.goal,
            });
            println!("{line}");
        } else {
            let beside = row.baseline.zip(ratio).map_or_else(String::new, |(baseline, ratio)| {
                format!("beside {baseline:>10.3} {:>10.4} ×", ratio)
            });
            let goal = row.goal.map_or_else(String::new, |goal| format!(" goal {goal}"));
            println!("{:<52} {:>12.3} {:<6} {beside}{goal}", row.name, row.value, row.unit);
        }
    }
}

/// The value below which `share` of the sorted samples lie.
pub(crate) fn percentile(samples: &mut [f64], share: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let place = ((samples.len() as f64 - 1.0) * share).round() as usize;
    samples.get(place).copied().unwrap_or(f64::NAN)
}
