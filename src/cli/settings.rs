//! The settings as options of a command, and where else they are said.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};

use super::error::Error;
use crate::config::{self, Config, Documented, Said, Settled};
use crate::diagnostic::Source;
use crate::store;

/// The file that is read where no other is named, if it is there.
const FILE: &str = "laurels.toml";
/// The option that names another.
const FILE_OPTION: &str = "config";
const FILE_VARIABLE: &str = "LAURELS_CONFIG";

/// What the command line says of settings. Every setting is an option; those of sections are in the long help only.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    file: Option<PathBuf>,
    options: Vec<(&'static str, String)>,
}

impl Settings {
    /// What another command says of them: a file, and some settings.
    pub(super) fn of(file: Option<PathBuf>, options: Vec<(&'static str, String)>) -> Settings {
        Settings { file, options }
    }

    /// Settles every setting. None where something is wrong, all of which is shown, with the exit code.
    pub(super) fn settle(self) -> Result<Result<Settled, ExitCode>, Error> {
        let file = match self.file {
            Some(file) => Some(file),
            None => Some(PathBuf::from(FILE)).filter(|file| file.exists()),
        };
        let file = file.as_deref().map(read).transpose()?;
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })
            .collect();
        let said = Said { file, environment, options: self.options };
        match config::settle(&said) {
            Ok(settled) => Ok(Ok(settled)),
            Err(mistakes) => {
                show(&mistakes)?;
                // As for any other command line that cannot be read.
                let of_file =
                    said.file.is_some_and(|file| mistakes.iter().any(|one| one.source.name == file.name));
                Ok(Err(if of_file { ExitCode::FAILURE } else { ExitCode::from(2) }))
            }
        }
    }
}

/// What commands that work on a server's files are told of its settings: the rest is where the server has it.
#[derive(Debug, Args)]
pub(super) struct OfServer {
    /// The file of the server's settings; left out: laurels.toml where that is there
    #[arg(id = FILE_OPTION, long = FILE_OPTION, value_name = "FILE", env = FILE_VARIABLE)]
    file: Option<PathBuf>,
}

impl OfServer {
    /// Settles every setting as the server does, with what this command's own options say. None where something is wrong,
    /// all of which is shown, with the exit code.
    pub(super) fn settle(
        self,
        options: impl IntoIterator<Item = (&'static str, Option<String>)>,
    ) -> Result<Result<Settled, ExitCode>, Error> {
        let said = options.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Settings::of(self.file, said.collect()).settle()
    }
}

/// What the settings say of a store.
pub(super) fn store(config: &Config) -> store::Options {
    store::Options {
        segment_bytes: config.store.segment_bytes,
        checkpoint_journal_bytes: config.store.checkpoint_bytes,
        cache_bytes: config.store.cache_bytes,
        tree_cache_bytes: config.store.cache_bytes / store::TREE_CACHE_PART,
        ..store::Options::default()
    }
}

/// Reads a file of settings.
pub(super) fn read(file: &Path) -> Result<Source, Error> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| Error::io(format!("read the settings in {}", file.display()), source))?;
    Ok(Source { name: file.display().to_string(), text })
}

/// Shows what is wrong with settings.
pub(super) fn show(mistakes: &[crate::diagnostic::Diagnostic]) -> Result<(), Error> {
    let mut err = std::io::stderr().lock();
    let colour = err.is_terminal();
    for mistake in mistakes {
        writeln!(err, "{}\n", mistake.excerpt(colour))?;
    }
    let many = if mistakes.len() == 1 { "mistake" } else { "mistakes" };
    writeln!(err, "{} {many} in the settings; nothing is started until they are right", mistakes.len())?;
    Ok(())
}

impl FromArgMatches for Settings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Settings, clap::Error> {
        let file = matches.get_one::<PathBuf>(FILE_OPTION).cloned();
        let said = |documented: Documented| {
            let setting = documented.setting;
            let text = match setting.switch {
                true if matches.get_flag(setting.name) => Some("true".to_owned()),
                true if matches.get_flag(&no(setting.name)) => Some("false".to_owned()),
                true => None,
                false => matches
                    .get_many::<String>(setting.name)
                    .map(|texts| texts.map(String::as_str).collect::<Vec<_>>().join(",")),
            };
            Some((setting.name, text?))
        };
        Ok(Settings { file, options: config::documented().into_iter().filter_map(said).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Settings::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Settings {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE_OPTION)
            .long(FILE_OPTION)
            .value_name("FILE")
            .env(FILE_VARIABLE)
            .value_parser(value_parser!(PathBuf))
            .help("The file that settings are read from, instead of laurels.toml where that is there");
        let all = config::documented().into_iter().flat_map(options);
        command.arg(file).args(all)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Settings::augment_args(command)
    }
}

/// The option of a setting, and the one that takes it back.
fn options(Documented { setting, comment, rule, default }: Documented) -> Vec<Arg> {
    let (section, _) = setting.place();
    let short = comment.split_once(". ").map_or(comment.trim_end_matches('.'), |(first, _)| first).to_owned();
    let variable = setting.variable();
    let long = format!("{comment}\n{rule}\n[default: {default}] [environment: {variable}]");
    let option = |id: String, flag: String| {
        let option = Arg::new(id).long(flag);
        match section {
            Some(section) => option.help_heading(format!("[{section}]")).hide_short_help(true),
            None => option,
        }
    };
    let set = option(setting.name.to_owned(), setting.flag.clone());
    if !setting.switch {
        let set = if setting.many { set.action(ArgAction::Append) } else { set };
        return vec![set.value_name(setting.called).help(short).long_help(long)];
    }
    let taken_back = option(no(setting.name), format!("no-{}", setting.flag))
        .action(ArgAction::SetTrue)
        .overrides_with(setting.name)
        .help(format!("Takes --{} back, which may be said elsewhere", setting.flag));
    let set = set.action(ArgAction::SetTrue).overrides_with(no(setting.name));
    vec![set.help(short).long_help(long), taken_back]
}

fn no(name: &str) -> String {
    format!("no-{name}")
}
