//! Words: what a search finds entries by.
//!
//! A word is a run of letters and digits of any script, without regard to case and accents; each Han, Hiragana and Katakana character is a
//! word by itself, as these scripts do not separate words. `rprt_91b2` is two words, `Größe` is `grosse`, `İZMİR` is
//! `izmir`. The words of an entry are those of its titles, its user, and the keys and values of its change.

mod scalars;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use self::scalars::{Place, scalars, spelt};
use crate::{
    Row,
    entry::Section,
    limits::{SEARCH_WORDS_MAX, WORD_BYTES_MAX},
};

/// One condition of a search.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Word {
    /// A word as [`words`] gives it.
    pub text: String,
    /// Whether words that begin with it are meant, too.
    pub prefix: bool,
}

/// Reads a search: all its words have to be found, and those before a `*` are prefixes. The error says what is wrong.
pub fn parse(search: &str) -> Result<Vec<Word>, String> {
    let mut wanted: Vec<Word> = Vec::new();
    for (at, piece) in search.split('*').enumerate() {
        if at > 0
            && let Some(last) = wanted.last_mut()
        {
            last.prefix = true;
        }
        words(piece, |word| wanted.push(Word { text: word.to_owned(), prefix: false }));
        // In `a *`, the asterisk stands alone.
        if piece.ends_with(char::is_whitespace) || piece.is_empty() {
            wanted.push(Word { text: String::new(), prefix: false });
        }
    }
    wanted.retain(|word| !word.text.is_empty());
    match wanted.len() {
        0 => Err("hold at least one word of letters or digits".to_owned()),
        count if count > SEARCH_WORDS_MAX => Err(format!("hold at most {SEARCH_WORDS_MAX} words")),
        _ => Ok(wanted),
    }
}

/// Gives each word of a text, in order.
pub fn words(text: &str, mut each: impl FnMut(&str)) {
    let mut give = |word: &str| each(word.get(..word.floor_char_boundary(WORD_BYTES_MAX)).unwrap_or(word));
    if text.is_ascii() {
        let mut lower = String::new();
        for word in text.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
            if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
                lower.clear();
                lower.push_str(word);
                lower.make_ascii_lowercase();
                give(&lower);
            } else {
                give(word);
            }
        }
        return;
    }
    let folded = fold(text);
    let mut start = None;
    for (at, char) in folded.char_indices() {
        let inside = char.is_alphanumeric() || (start.is_some() && is_combining_mark(char));
        let alone = inside && stands_alone(char);
        if let Some(from) = start
            && (!inside || alone)
        {
            give(folded.get(from..at).unwrap_or_default());
            start = None;
        }
        if alone {
            give(folded.get(at..at + char.len_utf8()).unwrap_or_default());
        } else if inside && start.is_none() {
            start = Some(at);
        }
    }
    if let Some(from) = start {
        give(folded.get(from..).unwrap_or_default());
    }
}

/// The text without differences of case, width and accents.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    // What is not ASCII in between; it neither joins with ASCII nor parts from it.
    let mut other = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.bytes().take_while(u8::is_ascii).count();
        let (ascii, after) = rest.split_at(plain);
        folded.extend(ascii.chars().map(|char| char.to_ascii_lowercase()));
        let special = after.bytes().take_while(|byte| !byte.is_ascii()).count();
        let (special, after) = after.split_at(special);
        other.clear();
        fold_into(&mut other, special);
        if other.is_ascii() {
            folded.push_str(&other);
        } else {
            // Back together what is no accent: Hangul syllables, voiced kana.
            folded.extend(other.nfc());
        }
        rest = after;
    }
    folded
}

/// Appends the text without these differences, and apart what can be apart.
fn fold_into(folded: &mut String, text: &str) {
    for char in text.nfkd().filter(|char| !is_accent(*char)).flat_map(char::to_lowercase) {
        match char {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ı' => folded.push('i'),
            'ς' => folded.push('σ'),
            // Lower case of İ is an i with a dot above it.
            char if is_accent(char) => {}
            char => folded.push(char),
        }
    }
}

/// The combining marks of Latin, Greek and Cyrillic. In other scripts marks are part of the spelling.
fn is_accent(char: char) -> bool {
    matches!(char, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Characters of scripts that do not separate words.
fn stands_alone(char: char) -> bool {
    matches!(char, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

impl Row<'_> {
    /// Gives each word that a search finds the entry by. The same word may come more than once.
    pub fn words(&self, mut each: impl FnMut(&str)) {
        self.searched_texts(|text| words(text, &mut each));
    }

    /// Gives each text whose words a search finds the entry by.
    pub fn searched_texts(&self, mut each: impl FnMut(&str)) {
        self.searched(|text, _| each(text));
    }

    /// Gives both at once: each text whose words a search finds the entry by, and whether it is the name of a field that the
    /// entry changed.
    pub fn searched(&self, mut each: impl FnMut(&str, bool)) {
        for text in self.titles_and_user() {
            each(&text, false);
        }
        scalars(self.changed(), |place, text| each(text, place == Place::Key(1)));
    }

    /// Gives the name of each field that the entry changed.
    pub fn changed_fields(&self, mut each: impl FnMut(&str)) {
        scalars(self.changed(), |place, text| {
            if place == Place::Key(1) {
                each(text);
            }
        });
    }
}

impl Row<'_> {
    /// Gives each key, string and number of a section as it is spelt in the row, strings without quotation marks; nothing
    /// of a section that is erased. Who erases the section may look for these in other places.
    pub fn spelt_values(&self, section: Section, mut each: impl FnMut(&str)) {
        for text in self.texts_of(section) {
            spelt(text, |place, value| {
                // The names of our own fields say nothing.
                if place != Place::Key(0) {
                    each(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value));
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        words(text, |word| all.push(word.to_owned()));
        all
    }

    proptest! {
        #[test]
        fn a_text_is_folded_in_pieces_as_it_is_at_once(text in "[a-zA-Z ß-ỿΑ-я日が゙각ᆨ\u{300}\u{338}=]{0,12}|\\PC{0,12}") {
            let mut at_once = String::new();
            fold_into(&mut at_once, &text);
            prop_assert_eq!(fold(&text), at_once.nfc().collect::<String>());
        }
    }

    #[test]
    fn case_and_accents_make_no_difference() {
        for (text, expected) in [
            ("Cloud spend, by TEAM!", vec!["cloud", "spend", "by", "team"]),
            ("rprt_91B2c3", vec!["rprt", "91b2c3"]),
            ("Größe GRÖSSE grosse", vec!["grosse", "grosse", "grosse"]),
            ("İZMİR ılık Łódź Ærø", vec!["izmir", "ilik", "lodz", "aero"]),
            ("ΣΊΣΥΦΟΣ Σίσυφος", vec!["σισυφοσ", "σισυφοσ"]),
            ("日本語 report", vec!["日", "本", "語", "report"]),
            ("が か ﾃﾞ", vec!["が", "か", "デ"]),
            ("한국어", vec!["한국어"]),
            ("हिन्दी", vec!["हिन्दी"]),
            ("e\u{301}te\u{301}", vec!["ete"]),
            ("ＡＢＣ１２", vec!["abc12"]),
            ("-- !", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(all(text), expected, "{text}");
        }
    }

    #[test]
    fn a_search_is_words_and_prefixes() {
        let parsed = |search| {
            let words = parse(search)?;
            Ok::<_, String>(
                words
                    .iter()
                    .map(|word| format!("{}{}", word.text, if word.prefix { "*" } else { "" }))
                    .collect::<Vec<_>>()
                    .join(" "),
            )
        };
        assert_eq!(parsed("Cloud  spend"), Ok("cloud spend".into()));
        assert_eq!(parsed("clo* Größ*"), Ok("clo* gross*".into()));
        assert_eq!(parsed("rprt_91*x"), Ok("rprt 91* x".into()));
        assert_eq!(parsed("team *"), Ok("team".into()));
        assert_eq!(parsed("* team"), Ok("team".into()));
        assert!(parsed("*").is_err() && parsed(" - ").is_err() && parsed("").is_err());
        assert!(parsed(&"a ".repeat(SEARCH_WORDS_MAX + 1)).is_err());
    }

    #[test]
    fn a_long_word_counts_by_its_beginning() {
        let long = "é".repeat(WORD_BYTES_MAX);
        assert_eq!(all(&long), ["e".repeat(WORD_BYTES_MAX)]);
        assert_eq!(all(&"語x".repeat(2)), ["語", "x", "語", "x"]);
        let cut = all(&"ж".repeat(WORD_BYTES_MAX));
        assert_eq!(cut, ["ж".repeat(WORD_BYTES_MAX / 2)]);
    }
}
