//! Names of people from several parts of the world, none of them anybody in particular.

use super::random::Random;

/// A name as it is written, and as it stands in a mail address.
type Part = (&'static str, &'static str);

struct Culture {
    given: &'static [Part],
    family: &'static [Part],
    family_first: bool,
}

/// The name of the person that `who` stands for, in full. Each `marriage` gives another family name.
pub(super) fn full(who: u64, marriage: u64) -> String {
    let (culture, (given, _), (family, _)) = parts(who, marriage);
    if culture.family_first { format!("{family} {given}") } else { format!("{given} {family}") }
}

/// The mail address of the person that `who` stands for.
pub(super) fn mail(who: u64) -> String {
    let (_, (_, given), (_, family)) = parts(who, 0);
    format!("{given}.{family}@example.com")
}

fn parts(who: u64, marriage: u64) -> (&'static Culture, Part, Part) {
    let mut random = Random::new(who);
    let culture = match random.below(100) {
        0..80 => &WESTERN,
        80..92 => &JAPANESE,
        _ => &ARABIC,
    };
    let given = random.pick(culture.given);
    let family = Random::new(random.next().wrapping_add(marriage)).pick(culture.family);
    (culture, given, family)
}

static WESTERN: Culture = Culture {
    family_first: false,
    given: &[
        ("Ada", "ada"),
        ("Amélie", "amelie"),
        // The same accent as a combining mark, as some keyboards and file systems write it.
        ("Ame\u{301}lie", "amelie"),
        ("Andrzej", "andrzej"),
        ("Ágnes", "agnes"),
        ("Åsa", "asa"),
        ("Björn", "bjorn"),
        ("Carlos", "carlos"),
        ("Chidi", "chidi"),
        ("Dana", "dana"),
        ("Elif", "elif"),
        ("Emma", "emma"),
        ("Giulia", "giulia"),
        ("Grace", "grace"),
        ("Hannah", "hannah"),
        ("Ingrid", "ingrid"),
        ("Jonas", "jonas"),
        ("José", "jose"),
        ("Kofi", "kofi"),
        ("Liam", "liam"),
        ("Łukasz", "lukasz"),
        ("Maria", "maria"),
        ("Mehmet", "mehmet"),
        ("Noah", "noah"),
        ("Olivia", "olivia"),
        ("Priya", "priya"),
        ("Rahul", "rahul"),
        ("Ruth", "ruth"),
        ("Søren", "soren"),
        ("Thandiwe", "thandiwe"),
        ("Tomáš", "tomas"),
        ("Zoë", "zoe"),
    ],
    family: &[
        ("Almeida", "almeida"),
        ("Andersson", "andersson"),
        ("Bianchi", "bianchi"),
        ("Castillo", "castillo"),
        ("Çelik", "celik"),
        ("Chowdhury", "chowdhury"),
        ("Dubois", "dubois"),
        ("Fitzgerald", "fitzgerald"),
        ("García", "garcia"),
        ("Grünwald", "gruenwald"),
        ("Hansen", "hansen"),
        ("Horváth", "horvath"),
        ("Iyer", "iyer"),
        ("Jensen", "jensen"),
        ("Kowalczyk", "kowalczyk"),
        ("Lindqvist", "lindqvist"),
        ("MacLeod", "macleod"),
        ("Mensah", "mensah"),
        ("Müller", "mueller"),
        ("Nkosi", "nkosi"),
        ("Novák", "novak"),
        ("O’Brien", "obrien"),
        ("Okafor", "okafor"),
        ("Patel", "patel"),
        ("Rossi", "rossi"),
        ("Schäfer", "schaefer"),
        ("Smith", "smith"),
        ("Taylor", "taylor"),
        ("van der Berg", "vanderberg"),
        ("Weiß", "weiss"),
        ("Williams", "williams"),
        ("Yıldız", "yildiz"),
    ],
};

static JAPANESE: Culture = Culture {
    family_first: true,
    given: &[
        ("美咲", "misaki"),
        ("陽菜", "hina"),
        ("結衣", "yui"),
        ("翔太", "shota"),
        ("健一", "kenichi"),
        ("大輔", "daisuke"),
        ("さくら", "sakura"),
        ("ケン", "ken"),
    ],
    family: &[
        ("佐藤", "sato"),
        ("鈴木", "suzuki"),
        ("高橋", "takahashi"),
        ("田中", "tanaka"),
        ("渡辺", "watanabe"),
        ("伊藤", "ito"),
        ("山本", "yamamoto"),
        ("中村", "nakamura"),
    ],
};

static ARABIC: Culture = Culture {
    family_first: false,
    given: &[
        ("ليلى", "layla"),
        ("يوسف", "yusuf"),
        ("مريم", "maryam"),
        ("عمر", "omar"),
        ("سارة", "sara"),
        ("كريم", "karim"),
    ],
    family: &[
        ("حداد", "haddad"),
        ("منصور", "mansour"),
        ("الخطيب", "alkhatib"),
        ("ناصر", "nasser"),
        ("فارس", "fares"),
        ("سليمان", "suleiman"),
    ],
};
