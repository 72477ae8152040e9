//! Tokens to literals.

use super::{Kind, Lexer, Limits, Literal, Position, SyntaxError, Token, TokenKind};

/// Reads one literal that fills the text.
///
/// # Errors
/// [`SyntaxError`] if the text is something else, too long or nested too deeply.
pub fn parse_literal(text: &str, limits: &Limits) -> Result<Literal, SyntaxError> {
    let mut parser = Parser::new(text, limits)?;
    parser.skip_newlines()?;
    let value = parser.literal()?;
    parser.skip_newlines()?;
    parser.expect_end()?;
    Ok(value)
}

/// A reader of literals with one token of look-ahead.
pub(crate) struct Parser<'a> {
    lexer: Lexer<'a>,
    next: Token,
    depth: usize,
    deepest: usize,
}

impl<'a> Parser<'a> {
    /// Starts at the beginning of `text`.
    pub(crate) fn new(text: &'a str, limits: &Limits) -> Result<Self, SyntaxError> {
        if text.len() > limits.bytes {
            return Err(SyntaxError {
                position: Position { line: 1, column: 1 },
                expected: format!("at most {} bytes", limits.bytes),
                found: format!("{} bytes", text.len()),
            });
        }
        let mut lexer = Lexer::new(text.strip_prefix('\u{feff}').unwrap_or(text));
        let next = lexer.next()?;
        Ok(Self {
            lexer,
            next,
            depth: 0,
            deepest: limits.depth,
        })
    }

    /// The token to come.
    pub(crate) fn peek(&self) -> &Token {
        &self.next
    }

    /// Takes the token to come.
    pub(crate) fn take(&mut self) -> Result<Token, SyntaxError> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.next, next))
    }

    /// An error about the token to come.
    pub(crate) fn error(&self, expected: impl Into<String>) -> SyntaxError {
        SyntaxError {
            position: self.next.position,
            expected: expected.into(),
            found: self.next.describe(),
        }
    }

    /// True, and takes it, if the token to come is `mark`.
    pub(crate) fn accept(&mut self, mark: &str) -> Result<bool, SyntaxError> {
        let found = matches!(self.next.kind, TokenKind::Mark(m) if m == mark);
        if found {
            self.take()?;
        }
        Ok(found)
    }

    /// Takes `mark` or fails.
    pub(crate) fn expect(&mut self, mark: &str) -> Result<(), SyntaxError> {
        if self.accept(mark)? {
            Ok(())
        } else {
            Err(self.error(format!("`{mark}`")))
        }
    }

    /// Takes line ends and semicolons.
    pub(crate) fn skip_newlines(&mut self) -> Result<(), SyntaxError> {
        while matches!(self.next.kind, TokenKind::Newline | TokenKind::Mark(";")) {
            self.take()?;
        }
        Ok(())
    }

    /// Fails unless the text is used up.
    pub(crate) fn expect_end(&self) -> Result<(), SyntaxError> {
        if self.next.kind == TokenKind::End {
            Ok(())
        } else {
            Err(self.error("the end of the text"))
        }
    }

    /// Goes one level down, or fails at the limit.
    pub(crate) fn descend(&mut self) -> Result<(), SyntaxError> {
        self.depth += 1;
        if self.depth > self.deepest {
            return Err(self.error(format!("at most {} levels of nesting", self.deepest)));
        }
        Ok(())
    }

    /// Comes back one level.
    pub(crate) fn ascend(&mut self) {
        self.depth -= 1;
    }

    /// Reads one literal.
    pub(crate) fn literal(&mut self) -> Result<Literal, SyntaxError> {
        self.descend()?;
        let position = self.next.position;
        let kind = match &self.next.kind {
            TokenKind::Value(_) => self.constant()?,
            TokenKind::Name(_) => self.name()?,
            TokenKind::Mark("(") => self.parenthesised()?,
            TokenKind::Mark("[") => {
                self.take()?;
                Kind::List(self.items("]")?)
            }
            TokenKind::Mark("{") => self.braces()?,
            TokenKind::Mark(sign @ ("-" | "+")) => {
                let negative = *sign == "-";
                self.take()?;
                self.signed(negative)?
            }
            _ => return Err(self.error("a literal")),
        };
        self.ascend();
        Ok(Literal { kind, position })
    }

    /// A number or string, with the strings that follow it directly.
    pub(crate) fn constant(&mut self) -> Result<Kind, SyntaxError> {
        if !matches!(self.next.kind, TokenKind::Value(_)) {
            return Err(self.error("a string or a number"));
        }
        let TokenKind::Value(mut first) = self.take()?.kind else {
            return Err(self.error("a string or a number"));
        };
        while let TokenKind::Value(next) = &self.next.kind {
            match (&mut first, next) {
                (Kind::Str(text), Kind::Str(more)) => text.push_str(more),
                (Kind::Bytes(octets), Kind::Bytes(more)) => octets.extend_from_slice(more),
                // Not strings of one kind: what follows is for the caller to refuse.
                _ => break,
            }
            self.take()?;
        }
        Ok(first)
    }

    fn signed(&mut self, negative: bool) -> Result<Kind, SyntaxError> {
        let expected = self.error("a number after its sign");
        match self.take()?.kind {
            TokenKind::Value(Kind::Int(value)) => {
                Ok(Kind::Int(if negative { -value } else { value }))
            }
            TokenKind::Value(Kind::Float(value)) => {
                Ok(Kind::Float(if negative { -value } else { value }))
            }
            _ => Err(expected),
        }
    }

    fn name(&mut self) -> Result<Kind, SyntaxError> {
        let TokenKind::Name(mut name) = self.take()?.kind else {
            return Err(self.error("a name"));
        };
        match name.as_str() {
            "None" => return Ok(Kind::None),
            "True" => return Ok(Kind::Bool(true)),
            "False" => return Ok(Kind::Bool(false)),
            _ => {}
        }
        while self.accept(".")? {
            match self.take()?.kind {
                TokenKind::Name(part) => {
                    name.push('.');
                    name.push_str(&part);
                }
                _ => return Err(self.error("a name after `.`")),
            }
        }
        if !self.accept("(")? {
            return Err(self.error(format!("`(` after the name `{name}`, which is no literal")));
        }
        Ok(Kind::Call(name, self.items(")")?))
    }

    fn parenthesised(&mut self) -> Result<Kind, SyntaxError> {
        self.take()?;
        if self.accept(")")? {
            return Ok(Kind::Tuple(Vec::new()));
        }
        let first = self.literal()?;
        if self.accept(")")? {
            return Ok(first.kind);
        }
        if !self.accept(",")? {
            return Err(self.error("`,` or `)`"));
        }
        let mut items = vec![first];
        items.extend(self.items(")")?);
        Ok(Kind::Tuple(items))
    }

    /// Items up to `close`, which is taken.
    fn items(&mut self, close: &str) -> Result<Vec<Literal>, SyntaxError> {
        let mut items = Vec::new();
        while !self.accept(close)? {
            items.push(self.literal()?);
            if !self.accept(",")? {
                if self.accept(close)? {
                    break;
                }
                return Err(self.error(format!("`,` or `{close}`")));
            }
        }
        Ok(items)
    }

    fn braces(&mut self) -> Result<Kind, SyntaxError> {
        self.take()?;
        if self.accept("}")? {
            return Ok(Kind::Dict(Vec::new()));
        }
        let first = self.literal()?;
        if !self.accept(":")? {
            let mut items = vec![first];
            if self.accept(",")? {
                items.extend(self.items("}")?);
            } else {
                self.expect("}")?;
            }
            return Ok(Kind::Set(items));
        }
        let mut entries = vec![(first, self.literal()?)];
        while !self.accept("}")? {
            if !self.accept(",")? {
                return Err(self.error("`,` or `}`"));
            }
            if self.accept("}")? {
                break;
            }
            let key = self.literal()?;
            self.expect(":")?;
            entries.push((key, self.literal()?));
        }
        Ok(Kind::Dict(entries))
    }
}
