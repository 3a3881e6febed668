//! Settings: what is in the file of defaults, what holds, and what is said of mistakes.

use super::*;

fn file(text: &str) -> Said {
    let file = Source { name: "laurels.toml".to_owned(), text: text.to_owned() };
    Said { file: Some(file), ..Said::default() }
}

fn variables(variables: &[(&str, &str)]) -> Said {
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Said { environment: environment.collect(), ..Said::default() }
}

/// Each mistake on one line.
fn mistakes(said: &Said) -> Vec<String> {
    let mistakes = settle(said).map(|settled| settled.taken).expect_err("something is wrong");
    mistakes.iter().map(Diagnostic::to_string).collect()
}

fn taken(said: &Said, name: &str) -> (String, String) {
    let settled = settle(said).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let taken = settled.taken.into_iter().find(|taken| taken.name == name).expect(name);
    (taken.value, taken.origin.to_string())
}

#[test]
fn every_setting_is_documented_where_its_default_is() {
    for Documented { setting, comment, rule, .. } in documented() {
        let name = setting.name;
        assert!(comment.len() > 10, "laurels.default.toml does not say what `{name}` means");
        let must_be = setting.must_be[..1].to_uppercase() + &setting.must_be[1..];
        let when = if setting.reread { "SIGHUP" } else { "Restart" };
        assert_eq!(rule, format!("{must_be}. {when}."), "the last line of the comment of `{name}`");
    }
}

#[test]
fn the_file_of_defaults_has_every_setting_in_order_and_as_it_is_shown() {
    let settled = settle(&Said::default()).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let mut section = None;
    let mut expected = String::new();
    for (setting, taken) in settings().into_iter().zip(&settled.taken) {
        assert_eq!((setting.name, &taken.origin), (taken.name, &Origin::Default));
        let (of, name) = setting.place();
        if of != section {
            expected.push_str(&format!("[{}]\n", of.expect("those without a section come first")));
            section = of;
        }
        expected.push_str(&format!("{name} = {}\n", taken.value));
    }
    let lines = DEFAULTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    assert_eq!(lines.map(|line| format!("{line}\n")).collect::<String>(), expected);
}

#[test]
fn every_setting_can_be_said_by_file_variable_and_option() {
    let mut options = std::collections::BTreeSet::new();
    for Documented { setting, default, .. } in documented() {
        let (section, name) = setting.place();
        let header = section.map(|section| format!("[{section}]\n")).unwrap_or_default();
        let in_file = format!("{header}{name} = {default}");
        let line = in_file.lines().count();
        assert_eq!(taken(&file(&in_file), setting.name), (default.clone(), format!("laurels.toml:{line}")));

        let text = written_as_text(&default);
        let variable = setting.variable();
        // One that is empty says nothing.
        let origin = if text.is_empty() { "default".to_owned() } else { variable.clone() };
        assert_eq!(taken(&variables(&[(&variable, &text)]), setting.name), (default.clone(), origin));

        let said = Said { options: vec![(setting.name, text.clone())], ..Said::default() };
        let no = if setting.switch && text == "false" { "no-" } else { "" };
        assert_eq!(taken(&said, setting.name), (default, format!("--{no}{}", setting.flag)));
        assert!(options.insert(setting.flag.clone()), "two settings have the option --{}", setting.flag);
    }
}

/// A value of TOML as one text.
fn written_as_text(value: &str) -> String {
    let table: toml::Table = toml::from_str(&format!("v = {value}")).unwrap();
    table["v"].as_str().map_or_else(|| value.to_owned(), str::to_owned)
}

#[test]
fn what_is_said_later_holds_and_all_of_it_is_read() {
    let mut said = file("retain = \"90d\"\n[store]\ncache_bytes = 2097152");
    assert_eq!(taken(&said, "retain"), ("\"90d\"".into(), "laurels.toml:1".into()));
    assert_eq!(taken(&said, "store.cache_bytes"), ("\"2MiB\"".into(), "laurels.toml:3".into()));
    said.environment = variables(&[("LAURELS_RETAIN", "36h"), ("LAURELS_LISTEN", "")]).environment;
    assert_eq!(taken(&said, "retain"), ("\"36h\"".into(), "LAURELS_RETAIN".into()));
    assert_eq!(taken(&said, "listen").1, "default", "a variable that is empty says nothing");
    said.options = vec![("retain", "all".to_owned()), ("watch", "false".to_owned())];
    assert_eq!(taken(&said, "retain"), ("\"all\"".into(), "--retain".into()));
    assert_eq!(taken(&said, "watch"), ("false".into(), "--no-watch".into()));
    assert_eq!(settle(&said).unwrap().config.retain, None);

    said.environment = variables(&[("LAURELS_RETAIN", "soon")]).environment;
    let wrong = mistakes(&said);
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].starts_with("the environment:1:16: `retain` must be \"all\", or a time"), "{wrong:?}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_place() {
    let mut said = file(
        "lisen = \"127.0.0.1:80\"\nwatch = \"yes\"\ncache_bytes = \"1GiB\"\n\n[store]\nsegment_bytes = \"1KiB\"\nlisten = \"x\"\n\
         [sore]\nretain = 5\n[nothing]\n[data]\n",
    );
    said.options = vec![("listen", "localhost".to_owned())];
    said.environment = variables(&[("LAURELS_STORE_SEGMENTBYTES", "1MiB")]).environment;
    let wrong = mistakes(&said);
    let expected = [
        "laurels.toml:1:1: there is no setting `lisen`; did you mean `listen`?",
        "laurels.toml:2:9: `watch` must be true or false; this is \"yes\"; the default is true",
        "laurels.toml:3:1: there is no setting `cache_bytes`; did you mean `store.cache_bytes`? It stands below `[store]`",
        "laurels.toml:6:17: `store.segment_bytes` must be a size such as \"8MiB\", at least 4KiB; this is \"1KiB\"; the default is \"64MiB\"",
        "laurels.toml:7:1: there is no setting `store.listen`; did you mean `listen`? It stands above the first section",
        "laurels.toml:9:1: there is no setting `sore.retain`; did you mean `retain`? It stands above the first section",
        "laurels.toml:10:1: there is no setting `nothing`; `laurels config default` prints all there are",
        "laurels.toml:11:1: `data` must be a path; this is a table; the default is \"laurels-data\"",
        "the command line:1:10: `listen` must be an IP address and a port, such as \"127.0.0.1:50051\"; this is \"localhost\"; the default is \"127.0.0.1:50051\"",
        "the environment:1:1: there is no setting for the variable `LAURELS_STORE_SEGMENTBYTES`; did you mean `LAURELS_STORE_SEGMENT_BYTES`?",
    ];
    assert_eq!(wrong, expected);
}

#[test]
fn a_section_that_is_a_value_and_what_is_no_toml_are_said() {
    let wrong = mistakes(&file("store = true\nwatch = true\nwatch = false\n"));
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].ends_with("`store` is a section: write `[store]`, and its settings below"), "{wrong:?}");
    assert!(wrong[1].starts_with("laurels.toml:3:1: `watch` is here twice"), "{wrong:?}");
    let wrong = mistakes(&file("retain = 90d\n"));
    assert!(wrong.iter().any(|one| one.contains("this is not TOML")), "{wrong:?}");
}

/// Somebody writes a key into the file of settings, where there is no setting for it.
#[test]
fn the_value_of_what_is_no_setting_is_not_shown() {
    let mut said = file("[store]\nsecret = \"hush\"\ncache_bytes = 1\n");
    said.environment = variables(&[("LAURELS_STORE_SECRET", "hush")]).environment;
    let wrong = settle(&said).unwrap_err();
    assert_eq!(wrong.len(), 3);
    for mistake in wrong.iter().filter(|mistake| mistake.message.contains("no setting")) {
        assert!(!mistake.excerpt(false).contains("hush"), "{}", mistake.excerpt(false));
    }
}

#[test]
fn variables_that_are_meant_for_others_are_left_alone() {
    let said = variables(&[
        ("LAURELS_SERVER", "http://127.0.0.1:1"),
        ("LAURELS_KEY", "k"),
        ("LAURELS_PORT", "tcp://10.0.0.11:50051"),
        ("LAURELS_PORT_50051_TCP_ADDR", "10.0.0.11"),
        ("LAURELS_SERVICE_HOST", "10.0.0.11"),
        ("LAURELS_SITE", "ours"),
        ("PATH", "/bin"),
    ]);
    assert_eq!(settle(&said).unwrap().unknown_variables, ["LAURELS_SITE"]);
}

#[test]
fn the_defaults_of_the_code_are_those_of_the_file() {
    let Config { store, limits, .. } = Config::default();
    let options = crate::store::Options::default();
    assert_eq!(options.segment_bytes, store.segment_bytes);
    assert_eq!(options.checkpoint_journal_bytes, store.checkpoint_bytes);
    assert_eq!(options.cache_bytes, store.cache_bytes);
    assert_eq!(crate::service::Limits::default(), (&limits).into());
    assert_eq!(crate::catalog::Size::default(), (&limits).into());
}

/// A setting that nothing asks for would be a promise that nothing keeps.
#[test]
fn every_setting_is_asked_for_outside_of_config() {
    let mut code = String::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if path.ends_with("src/config") => {}
                true => folders.push(path),
                false => code.push_str(&std::fs::read_to_string(path).unwrap()),
            }
        }
    }
    for setting in settings() {
        let asked = match setting.place() {
            (Some(section), name) => format!("{section}.{name}"),
            (None, name) => format!("config.{name}"),
        };
        assert!(code.contains(&asked), "nothing asks for `{}`", setting.name);
    }
}
