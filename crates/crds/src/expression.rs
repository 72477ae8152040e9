//! Relevance expressions of rule files: a small part of Python's expressions, read into a tree and evaluated here.
//!
//! `and`, `or`, `not`, comparisons (`==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `not in`, chained), `a if b else c`, names, strings,
//! numbers, `True`, `False`, `None`, tuples, lists, dictionaries and parentheses. Calls, attributes,
//! subscripts and arithmetic are refused, as the reference client refuses them.
//!
//! Source: crds 14.0.3 `core.mapping_verifier` (what is allowed) and Python's own semantics.

use std::cmp::Ordering;

use thiserror::Error;

use crate::literal::{Kind, Limits, Parser, SyntaxError, TokenKind};

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum EvaluationError {
    /// A name that is neither a parameter nor a constant.
    #[error("the name `{0}` is not defined")]
    UnknownName(String),
    /// A comparison that has no meaning for its operands.
    #[error("`{0}` does not apply to these values")]
    Operands(&'static str),
}

/// A checked expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expression {
    source: String,
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Constant(Datum),
    Name(String),
    Sequence(Vec<Node>),
    Dict(Vec<(Node, Node)>),
    Not(Box<Node>),
    Negative(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    /// `then if condition else otherwise`, in that order.
    Choice(Box<[Node; 3]>),
    Compare(Box<Node>, Vec<(Comparison, Node)>),
}

/// A value during evaluation.
#[derive(Debug, Clone, PartialEq)]
enum Datum {
    None,
    Number(f64),
    Text(String),
    Sequence(Vec<Datum>),
    Dict(Vec<(Datum, Datum)>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
}

impl Expression {
    /// Reads an expression.
    pub(crate) fn parse(source: &str) -> Result<Self, SyntaxError> {
        let mut reader = Reader(Parser::new(source, &Limits::default())?);
        let root = reader.choice()?;
        reader.0.skip_newlines()?;
        reader.0.expect_end()?;
        Ok(Self {
            source: source.to_owned(),
            root,
        })
    }

    /// The text it was read from.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Truth of the expression where `lookup` gives the values of names.
    pub(crate) fn holds(
        &self,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<bool, EvaluationError> {
        Ok(self.root.evaluate(lookup)?.is_true())
    }
}

struct Reader<'a>(Parser<'a>);

impl Reader<'_> {
    fn keyword(&mut self, word: &str) -> Result<bool, SyntaxError> {
        let found = matches!(&self.0.peek().kind, TokenKind::Name(name) if name == word);
        if found {
            self.0.take()?;
        }
        Ok(found)
    }

    fn choice(&mut self) -> Result<Node, SyntaxError> {
        self.0.descend()?;
        let then = self.any_of()?;
        let node = if self.keyword("if")? {
            let condition = self.any_of()?;
            if !self.keyword("else")? {
                return Err(self.0.error("`else`"));
            }
            Node::Choice(Box::new([then, condition, self.choice()?]))
        } else {
            then
        };
        self.0.ascend();
        Ok(node)
    }

    fn any_of(&mut self) -> Result<Node, SyntaxError> {
        let mut terms = vec![self.all_of()?];
        while self.keyword("or")? {
            terms.push(self.all_of()?);
        }
        Ok(single(terms, Node::Or))
    }

    fn all_of(&mut self) -> Result<Node, SyntaxError> {
        let mut terms = vec![self.negation()?];
        while self.keyword("and")? {
            terms.push(self.negation()?);
        }
        Ok(single(terms, Node::And))
    }

    fn negation(&mut self) -> Result<Node, SyntaxError> {
        if !self.keyword("not")? {
            return self.comparison();
        }
        self.0.descend()?;
        let inner = self.negation()?;
        self.0.ascend();
        Ok(Node::Not(Box::new(inner)))
    }

    fn comparison(&mut self) -> Result<Node, SyntaxError> {
        let first = self.atom()?;
        let mut rest = Vec::new();
        while let Some(comparison) = self.operator()? {
            rest.push((comparison, self.atom()?));
        }
        if rest.is_empty() {
            Ok(first)
        } else {
            Ok(Node::Compare(Box::new(first), rest))
        }
    }

    fn operator(&mut self) -> Result<Option<Comparison>, SyntaxError> {
        let comparison = match &self.0.peek().kind {
            TokenKind::Mark("==") => Comparison::Equal,
            TokenKind::Mark("!=") => Comparison::NotEqual,
            TokenKind::Mark("<") => Comparison::Less,
            TokenKind::Mark("<=") => Comparison::LessEqual,
            TokenKind::Mark(">") => Comparison::Greater,
            TokenKind::Mark(">=") => Comparison::GreaterEqual,
            TokenKind::Name(name) if name == "in" => Comparison::In,
            TokenKind::Name(name) if name == "not" => {
                self.0.take()?;
                if !self.keyword("in")? {
                    return Err(self.0.error("`in` after `not`"));
                }
                return Ok(Some(Comparison::NotIn));
            }
            _ => return Ok(None),
        };
        self.0.take()?;
        Ok(Some(comparison))
    }

    fn atom(&mut self) -> Result<Node, SyntaxError> {
        self.0.descend()?;
        let node = match self.0.peek().kind.clone() {
            TokenKind::Value(_) => match self.0.constant()? {
                Kind::Str(text) => Node::Constant(Datum::Text(text)),
                Kind::Int(value) => Node::Constant(Datum::Number(value as f64)),
                Kind::Float(value) => Node::Constant(Datum::Number(value)),
                _ => return Err(self.0.error("a string or a number, not bytes")),
            },
            TokenKind::Name(name) => {
                if ["and", "or", "in", "is", "if", "else", "lambda"].contains(&name.as_str()) {
                    return Err(self.0.error("a value"));
                }
                self.0.take()?;
                match name.as_str() {
                    "True" => Node::Constant(Datum::Number(1.0)),
                    "False" => Node::Constant(Datum::Number(0.0)),
                    "None" => Node::Constant(Datum::None),
                    _ => Node::Name(name),
                }
            }
            TokenKind::Mark("-") => {
                self.0.take()?;
                Node::Negative(Box::new(self.atom()?))
            }
            TokenKind::Mark("(") => self.parenthesised()?,
            TokenKind::Mark("[") => {
                self.0.take()?;
                Node::Sequence(self.items("]")?)
            }
            TokenKind::Mark("{") => self.dictionary()?,
            _ => return Err(self.0.error("a value")),
        };
        self.0.ascend();
        Ok(node)
    }

    fn parenthesised(&mut self) -> Result<Node, SyntaxError> {
        self.0.take()?;
        if self.0.accept(")")? {
            return Ok(Node::Sequence(Vec::new()));
        }
        let first = self.choice()?;
        if self.0.accept(")")? {
            return Ok(first);
        }
        if !self.0.accept(",")? {
            return Err(self.0.error("an operator, `,` or `)`"));
        }
        let mut items = vec![first];
        items.extend(self.items(")")?);
        Ok(Node::Sequence(items))
    }

    fn items(&mut self, close: &str) -> Result<Vec<Node>, SyntaxError> {
        let mut items = Vec::new();
        while !self.0.accept(close)? {
            items.push(self.choice()?);
            if !self.0.accept(",")? {
                self.0.expect(close)?;
                break;
            }
        }
        Ok(items)
    }

    fn dictionary(&mut self) -> Result<Node, SyntaxError> {
        self.0.take()?;
        let mut entries = Vec::new();
        while !self.0.accept("}")? {
            let key = self.choice()?;
            self.0.expect(":")?;
            entries.push((key, self.choice()?));
            if !self.0.accept(",")? {
                self.0.expect("}")?;
                break;
            }
        }
        Ok(Node::Dict(entries))
    }
}

fn single(mut terms: Vec<Node>, several: impl Fn(Vec<Node>) -> Node) -> Node {
    if terms.len() == 1 {
        terms.remove(0)
    } else {
        several(terms)
    }
}

impl Node {
    fn evaluate(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Datum, EvaluationError> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Name(name) => match lookup(name) {
                Some(value) => Ok(Datum::Text(value)),
                None => Err(EvaluationError::UnknownName(name.clone())),
            },
            Self::Sequence(items) => {
                let items: Result<_, _> = items.iter().map(|item| item.evaluate(lookup)).collect();
                Ok(Datum::Sequence(items?))
            }
            Self::Dict(entries) => {
                let entry = |(key, value): &(Node, Node)| {
                    Ok((key.evaluate(lookup)?, value.evaluate(lookup)?))
                };
                let entries: Result<_, _> = entries.iter().map(entry).collect();
                Ok(Datum::Dict(entries?))
            }
            Self::Not(inner) => Ok(truth(!inner.evaluate(lookup)?.is_true())),
            Self::Negative(inner) => match inner.evaluate(lookup)? {
                Datum::Number(value) => Ok(Datum::Number(-value)),
                _ => Err(EvaluationError::Operands("-")),
            },
            Self::And(terms) => until(terms, lookup, false),
            Self::Or(terms) => until(terms, lookup, true),
            Self::Choice(parts) => {
                let place = if parts[1].evaluate(lookup)?.is_true() {
                    0
                } else {
                    2
                };
                parts[place].evaluate(lookup)
            }
            Self::Compare(first, rest) => {
                let mut left = first.evaluate(lookup)?;
                for (comparison, right) in rest {
                    let right = right.evaluate(lookup)?;
                    if !comparison.holds(&left, &right)? {
                        return Ok(truth(false));
                    }
                    left = right;
                }
                Ok(truth(true))
            }
        }
    }
}

/// The first term whose truth is `stop`, or the last one, as Python's `and` and `or` give it.
fn until(
    terms: &[Node],
    lookup: &dyn Fn(&str) -> Option<String>,
    stop: bool,
) -> Result<Datum, EvaluationError> {
    let mut last = Datum::None;
    for term in terms {
        last = term.evaluate(lookup)?;
        if last.is_true() == stop {
            break;
        }
    }
    Ok(last)
}

fn truth(value: bool) -> Datum {
    Datum::Number(f64::from(u8::from(value)))
}

impl Datum {
    fn is_true(&self) -> bool {
        match self {
            Self::None => false,
            Self::Number(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Sequence(items) => !items.is_empty(),
            Self::Dict(entries) => !entries.is_empty(),
        }
    }

    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Sequence(a), Self::Sequence(b)) => {
                for (a, b) in a.iter().zip(b) {
                    if a != b {
                        return a.order(b);
                    }
                }
                Some(a.len().cmp(&b.len()))
            }
            _ => None,
        }
    }
}

impl Comparison {
    fn holds(self, left: &Datum, right: &Datum) -> Result<bool, EvaluationError> {
        let ordered = |sign, fits: fn(Ordering) -> bool| match left.order(right) {
            Some(order) => Ok(fits(order)),
            None => Err(EvaluationError::Operands(sign)),
        };
        match self {
            Self::Equal => Ok(left == right),
            Self::NotEqual => Ok(left != right),
            Self::Less => ordered("<", Ordering::is_lt),
            Self::LessEqual => ordered("<=", Ordering::is_le),
            Self::Greater => ordered(">", Ordering::is_gt),
            Self::GreaterEqual => ordered(">=", Ordering::is_ge),
            Self::In => contains(right, left),
            Self::NotIn => Ok(!contains(right, left)?),
        }
    }
}

/// Python's `item in container`: a part of a string, an item of a sequence, a key of a dictionary.
fn contains(container: &Datum, item: &Datum) -> Result<bool, EvaluationError> {
    match (container, item) {
        (Datum::Text(text), Datum::Text(part)) => Ok(text.contains(part.as_str())),
        (Datum::Sequence(items), _) => Ok(items.contains(item)),
        (Datum::Dict(entries), _) => Ok(entries.iter().any(|(key, _)| key == item)),
        _ => Err(EvaluationError::Operands("in")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(source: &str) -> Result<bool, EvaluationError> {
        let lookup = |name: &str| match name {
            "TYPE" => Some("MIR_IMAGE".to_owned()),
            "N" => Some("1.0".to_owned()),
            _ => None,
        };
        Expression::parse(source).expect(source).holds(&lookup)
    }

    #[test]
    fn evaluates_as_python_does() {
        let table = [
            ("True", true),
            ("False", false),
            ("(TYPE == \"MIR_IMAGE\")", true),
            ("(TYPE != 'X')", true),
            ("(TYPE not in ('MIR_IMAGE', 'NRC_IMAGE'))", false),
            ("(TYPE in ('A',))", false),
            // Without the comma this is no tuple: a part of the string counts.
            ("('IMAGE' in ('MIR_IMAGE'))", true),
            ("not TYPE == 'X' and N == '1.0'", true),
            ("N == 1.0", false),
            ("TYPE == 'X' or N == '1.0' and False", false),
            ("1 < 2 < 3", true),
            ("1 < 2 > 3", false),
            ("-1 < 0", true),
            ("('a', 2) < ('a', 3)", true),
            ("'k' in {'k': 1}", true),
            ("'y' if N == '1.0' else ''", true),
            ("()", false),
            ("[]", false),
            ("None", false),
            ("'' or TYPE", true),
            ("not not N", true),
            ("True == 1", true),
            ("N in ['1.0', '2.0']", true),
            ("NOPE if False else True", true),
        ];
        for (source, expected) in table {
            assert_eq!(holds(source), Ok(expected), "{source}");
        }
    }

    #[test]
    fn unknown_names_and_operands_are_errors() {
        assert_eq!(
            holds("always"),
            Err(EvaluationError::UnknownName("always".into()))
        );
        assert_eq!(holds("TYPE < 1"), Err(EvaluationError::Operands("<")));
        assert_eq!(holds("'a' in 1"), Err(EvaluationError::Operands("in")));
        // The right side of `or` is not looked at.
        assert_eq!(holds("True or NOPE"), Ok(true));
    }

    #[test]
    fn refuses_what_could_run() {
        for source in [
            "f(1)",
            "a.b",
            "a[0]",
            "1 + 1",
            "lambda: 1",
            "a is b",
            "",
            "a b",
            "__import__('os').system('x')",
            "b'x'",
        ] {
            assert!(Expression::parse(source).is_err(), "{source}");
        }
        let deep = "(".repeat(10_000) + &")".repeat(10_000);
        assert!(Expression::parse(&deep).is_err());
    }
}
