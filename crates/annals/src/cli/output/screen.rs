//! Tables that fit where they are shown.

use std::io::{self, IsTerminal};

use comfy_table::{Attribute, Cell, Color, ContentArrangement, LineStyle, Row, Table, TableStyle};

use super::colours;

/// Where a table is shown.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Screen {
    /// Columns of the terminal; `None` is a pipe or a file, where a table is as wide as its content.
    pub(in crate::cli) width: Option<u16>,
    /// Whether to use colours.
    pub(in crate::cli) colours: bool,
}

impl Screen {
    /// What standard output is.
    pub(in crate::cli) fn of_stdout() -> Self {
        let stdout = io::stdout();
        let width = if stdout.is_terminal() { Table::new().width() } else { None };
        Self { width, colours: colours(&stdout) }
    }

    /// An empty table with these headings.
    pub(in crate::cli) fn table(self, headings: &[&str]) -> Table {
        let mut header = Row::from(headings.iter().map(|heading| self.bold(heading)).collect::<Vec<_>>());
        header.max_height(1);
        let mut table = Table::new();
        table
            .load_style(TableStyle::new().header_separator(LineStyle::none().fill('─')))
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_truncation_indicator("…")
            .set_header(header)
            // Width and colours are decided here, and not again by looking at the terminal.
            .force_no_tty();
        if self.colours {
            table.enforce_styling().style_text_only();
        }
        if let Some(width) = self.width {
            table.set_width(width);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table
    }

    fn bold(self, text: &str) -> Cell {
        if self.colours { Cell::new(text).add_attribute(Attribute::Bold) } else { Cell::new(text) }
    }

    /// A cell whose text is in this colour.
    pub(in crate::cli) fn coloured(self, text: impl ToString, colour: Color) -> Cell {
        if self.colours { Cell::new(text).fg(colour) } else { Cell::new(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_its_screen() {
        for (width, colours) in [(None, false), (Some(40), false), (Some(40), true)] {
            let mut table = Screen { width, colours }.table(&["ONE", "TWO"]);
            table.add_row(["short", &"long ".repeat(20)]);
            let text = table.trim_fmt();
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert_eq!(widest > Some(60), width.is_none(), "{text}");
            assert_eq!(text.contains('\u{1b}'), colours, "{text}");
        }
    }
}
