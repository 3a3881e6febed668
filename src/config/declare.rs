//! How settings are declared: a name, a type and a kind each, from which everything else is made.

use super::kind::Kind;

/// A setting, apart from its value.
#[derive(Clone, Debug)]
pub struct Setting {
    /// As a file has it: `limits.connections`.
    pub name: &'static str,
    /// Its option, without the dashes before: `limits-connections`.
    pub flag: String,
    /// What a value is called in the help of the command line.
    pub called: &'static str,
    /// Whether the option has no value, and is taken back by one with `no-` before it.
    pub switch: bool,
    /// Whether the option may be given many times, a value each.
    pub many: bool,
    /// What a value must be, in words that go on from "must be".
    pub must_be: String,
    /// Whether the files that it names are read again at SIGHUP. All else holds until a restart.
    pub reread: bool,
}

impl Setting {
    pub(super) fn new<T>(name: &'static str, kind: &Kind<T>) -> Setting {
        let flag = kind.flag.map_or_else(|| name.replace(['.', '_'], "-"), str::to_owned);
        let Kind { called, switch, many, reread, .. } = *kind;
        Setting { name, flag, called, switch, many, must_be: kind.must_be.clone(), reread }
    }

    /// Its variable in the environment: `LAURELS_LIMITS_CONNECTIONS`.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.replace('.', "_").to_uppercase())
    }

    /// The section of a file that it stands in, or none, and its name there.
    pub fn place(&self) -> (Option<&'static str>, &'static str) {
        self.name.split_once('.').map_or((None, self.name), |(section, name)| (Some(section), name))
    }

    /// When another value comes into use, in words.
    pub fn comes_into_use(&self) -> &'static str {
        match self.reread {
            true => "SIGHUP",
            false => "restart",
        }
    }
}

/// What all variables of the environment begin with.
pub(super) const PREFIX: &str = "LAURELS_";

/// Declares all settings: those without a section first. Makes the structs that have their values, the list of them,
/// and the function that reads them.
macro_rules! settings {
    (
        $( $field:ident: $type:ty = $kind:expr; )*
        $( [$section:ident] $Section:ident { $( $inner:ident: $inner_type:ty = $inner_kind:expr; )* } )*
    ) => {
        /// The value of every setting. What each means is said in `laurels.default.toml`.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "laurels.default.toml documents every setting, as a test sees to")]
        pub struct Config {
            $( pub $field: $type, )*
            $( pub $section: $Section, )*
        }

        $(
            #[doc = concat!("The settings of `[", stringify!($section), "]`.")]
            #[derive(Clone, Debug, PartialEq)]
            #[expect(missing_docs, reason = "laurels.default.toml documents every setting, as a test sees to")]
            pub struct $Section { $( pub $inner: $inner_type, )* }

            impl $Section {
                fn take(values: &mut $crate::config::layers::Values<'_>) -> Option<$Section> {
                    // All of them before any is missed, so that every mistake is said.
                    $( let $inner = values.take(
                        concat!(stringify!($section), ".", stringify!($inner)), &$inner_kind); )*
                    Some($Section { $( $inner: $inner?, )* })
                }
            }
        )*

        impl Config {
            /// Takes every setting from what was written. None where one is wrong, which has been said.
            pub(super) fn take(values: &mut $crate::config::layers::Values<'_>) -> Option<Config> {
                $( let $field = values.take(stringify!($field), &$kind); )*
                $( let $section = $Section::take(values); )*
                Some(Config { $( $field: $field?, )* $( $section: $section?, )* })
            }
        }

        /// Every setting, in the order of the file.
        pub fn settings() -> Vec<$crate::config::Setting> {
            use $crate::config::Setting;
            vec![
                $( Setting::new::<$type>(stringify!($field), &$kind), )*
                $( $( Setting::new::<$inner_type>(
                    concat!(stringify!($section), ".", stringify!($inner)), &$inner_kind), )* )*
            ]
        }
    };
}
pub(super) use settings;
