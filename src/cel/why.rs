//! Why an expression has no value, for the person who wrote it.

use super::eval::{Budget, Run};
use super::expr::Expr;
use super::{Environment, Program};
use crate::event::Value;

impl Program {
    /// Why it has no value: what lacks one first, going from left to right. None where it has one. `name` knows what
    /// stats are called.
    pub fn why_no_value(
        &self,
        environment: &impl Environment,
        name: &dyn Fn(usize) -> String,
    ) -> Option<String> {
        let budget = Budget::default();
        let run = Run { environment, budget: &budget, item: None };
        run.value(&self.expr).is_none().then(|| why(run, &self.expr, name))
    }
}

fn why<E: Environment>(run: Run<'_, E>, expr: &Expr, name: &dyn Fn(usize) -> String) -> String {
    // Lifetimes of what a run borrows are its own; each question is asked of a run of its own.
    let value = |expr: &Expr| {
        let budget = Budget::default();
        Run { environment: run.environment, budget: &budget, item: run.item }
            .value(expr)
            .map(|v| v.into_owned())
    };
    let first_without = |parts: &[Expr]| -> Option<String> {
        parts.iter().find(|part| value(part).is_none()).map(|part| why(run, part, name))
    };
    let shown = |parts: &[Expr]| -> String {
        let values: Vec<_> = parts.iter().filter_map(value).map(|value| value.to_string()).collect();
        values.join(" and ")
    };
    match expr {
        Expr::Data(field) => format!("the event has no field `{field}`"),
        Expr::Stat { stat, at: None } => format!("`{}` has no value yet", name(stat.stat)),
        Expr::Stat { stat, at: Some(parts) } => first_without(parts)
            .unwrap_or_else(|| format!("`{}` has no value yet at {}", name(stat.stat), shown(parts))),
        Expr::KeyPart(part) => format!("the key has no part `{part}`"),
        Expr::Holds { .. } => "there is no user of whom `holds` could ask".to_owned(),
        Expr::If(parts) => match value(&parts[0]) {
            None => why(run, &parts[0], name),
            Some(Value::Bool(true)) => why(run, &parts[1], name),
            Some(_) => why(run, &parts[2], name),
        },
        Expr::Field(of, field) => first_without(std::slice::from_ref(of))
            .unwrap_or_else(|| format!("{} has no field `{field}`", shown(std::slice::from_ref(of)))),
        Expr::Index(sides) => first_without(sides.as_slice())
            .unwrap_or_else(|| format!("{} has no item {}", shown(&sides[..1]), shown(&sides[1..]))),
        Expr::Each(each, sides) => first_without(&sides[..1]).unwrap_or_else(|| {
            format!("what `{}` asks has no value for an item of {}", each.name(), shown(&sides[..1]))
        }),
        Expr::Binary(operator, sides) => first_without(sides.as_slice())
            .unwrap_or_else(|| format!("`{}` has no value for {}", operator.name(), shown(sides.as_slice()))),
        Expr::Call(function, arguments) => first_without(arguments)
            .unwrap_or_else(|| format!("`{}` has no value for {}", function.name(), shown(arguments))),
        Expr::Not(inner) | Expr::Negate(inner) | Expr::Matches(inner, _) => {
            let inner = std::slice::from_ref(&**inner);
            first_without(inner).unwrap_or_else(|| format!("{} is of the wrong type", shown(inner)))
        }
        Expr::List(parts) | Expr::And(parts) | Expr::Or(parts) => first_without(parts)
            .unwrap_or_else(|| format!("of {} one is neither true nor false", shown(parts))),
        Expr::Literal(_) | Expr::EventField(_) | Expr::AllData | Expr::Now | Expr::Has(_) | Expr::Item => {
            "it would take too long to work out".to_owned()
        }
    }
}
