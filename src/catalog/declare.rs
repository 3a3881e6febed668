//! What the files say, before names mean anything: the TOML of a folder, with every field of the kind
//! it must be and every place remembered.

mod event;
mod hearing;
mod limits;
mod looks;
mod name;
mod rule;
mod trial;

use smol_str::SmolStr;
use toml::de::DeTable;

use super::Category;
use super::fields::{Field, Fields};
use super::mistakes::{Mistakes, Spot};
use crate::diagnostic::Source;

pub(super) use event::{EventDeclaration, FieldType};
pub(super) use hearing::{Hearing, PartDeclaration};
pub(super) use looks::{Looks, TierDeclaration};
pub(super) use name::{check_id, spoken};
pub(super) use rule::{Declaration, Sort};
pub(super) use trial::TrialDeclaration;

/// Everything that the files of a folder declare, in the order in which it is written.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// The files.
    pub(super) categories: Vec<Category>,
    /// Stats, flags and badges.
    pub(super) rules: Vec<Declaration>,
    /// Events.
    pub(super) events: Vec<EventDeclaration>,
    /// Tests.
    pub(super) trials: Vec<TrialDeclaration>,
}

impl Folder {
    /// Reads all files. None where one of them is not TOML: then too much is unknown to go on.
    pub(super) fn read(files: &[Source], mistakes: &mut Mistakes) -> Option<Folder> {
        let mut folder = Folder::default();
        let mut readable = true;
        for (file, source) in files.iter().enumerate() {
            let (table, errors) = DeTable::parse_recoverable(&source.text);
            for error in errors {
                let range = error.span().unwrap_or(0..0);
                let spot = Spot { file, range };
                match error.message() {
                    "duplicate key" => {
                        let twice = &source.text[spot.range.clone()];
                        mistakes.error(
                            &spot,
                            format!("`{twice}` is here twice; take one out, or give it another name"),
                        );
                    }
                    message => {
                        readable = false;
                        let message =
                            format!("this is not TOML: {message}; texts and expressions stand in quotes");
                        mistakes.error(&spot, message);
                    }
                }
            }
            folder.read_file(file, &source.name, table.get_ref(), mistakes);
        }
        readable.then_some(folder)
    }

    fn read_file(&mut self, file: usize, path: &str, table: &DeTable<'_>, mistakes: &mut Mistakes) {
        let mut fields = Fields::new("a file", Spot { file, range: 0..0 }, table);
        let id = category_id(file, path, mistakes);
        let title = fields.text(mistakes, "title").map(|title| title.value);
        self.categories.push(Category { title: title.unwrap_or_else(|| name::spoken(&id)), id });
        for (name, sort) in [("stat", Sort::Stat), ("flag", Sort::Flag), ("badge", Sort::Badge)] {
            let example = format!("tables with names, for example `[{name}.first_post]`");
            let tables = fields.read(mistakes, name, &example, Field::table);
            for field in
                tables.into_iter().flat_map(|tables| Fields::new(name, tables.spot, tables.value).all())
            {
                self.rules.extend(Declaration::read(sort, field, mistakes));
            }
        }
        let example = "a table of types, for example `\"post.created\" = { topic = \"string\" }`";
        if let Some(events) = fields.read(mistakes, "event", example, Field::table) {
            let events = Fields::new("event", events.spot, events.value).all();
            self.events.extend(events.filter_map(|field| EventDeclaration::read(field, mistakes)));
        }
        if let Some(trials) = fields.read(mistakes, "test", "written `[[test]]`", Field::items) {
            self.trials.extend(trials.value.filter_map(|field| TrialDeclaration::read(field, mistakes)));
        }
        fields.finish(mistakes);
    }
}

/// The name of the file, which is the id of the category.
fn category_id(file: usize, path: &str, mistakes: &mut Mistakes) -> SmolStr {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let id = name.strip_suffix(".toml").unwrap_or(name);
    if let Err(problem) = name::check_id(id) {
        let message = format!("the file's name is the id of its category, and {problem}; rename the file");
        mistakes.error(&Spot { file, range: 0..0 }, message);
    }
    SmolStr::from(id)
}
