//! The fields of a body, whichever of the three forms it came in, and what they may hold.
//!
//! Values of URL-encoded and multipart bodies are texts, so whatever can be told from a text is taken as one.

use std::ops::RangeInclusive;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::request::Parts;
use bytes::Bytes;
use natter_chat::is_plain_email;
use natter_core::EntityId;
use natter_rest::{FieldError, Form, Rejection};
use serde_json::{Map, Value};

use crate::errors::ConnectNowDialect;

/// The fields as they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body that has been taken in whole.
    ///
    /// # Errors
    /// It is not what its content type says.
    pub(crate) async fn read(parts: Parts, body: Bytes) -> Result<Self, Rejection> {
        let request = Request::from_parts(parts, Body::from(body));
        let form = Form::<Map<String, Value>, ConnectNowDialect>::from_request(request, &()).await;
        Ok(Self(form.map_err(|rejected| rejected.0)?.0))
    }

    /// A token in the body.
    pub(crate) fn token(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|token| !token.is_empty())
    }

    /// Begins to look at the fields.
    pub(crate) fn check(&self) -> Checker<'_> {
        Checker { fields: &self.0, errors: Vec::new() }
    }
}

/// Takes fields out, and gathers what is wrong with them.
pub(crate) struct Checker<'a> {
    fields: &'a Map<String, Value>,
    errors: Vec<FieldError>,
}

impl<'a> Checker<'a> {
    /// A field's value; `null` and what is not there are the same here.
    fn value(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Whether a field is there, be it `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Notes what is wrong with a field; the first that is counts.
    pub(crate) fn wrong(&mut self, name: &str, message: impl Into<String>) {
        if self.errors.iter().any(|error| error.field == name) {
            return;
        }
        self.errors.push(FieldError { field: name.to_owned(), message: message.into() });
    }

    /// Notes a field that has to be there and is not.
    pub(crate) fn require(&mut self, name: &str) {
        if self.value(name).is_none_or(|value| value.as_str().is_some_and(|text| text.trim().is_empty())) {
            self.wrong(name, "field is required");
        }
    }

    /// A text of so many characters, without white space around it.
    pub(crate) fn text(&mut self, name: &str, characters: RangeInclusive<usize>) -> Option<String> {
        let text = self.raw_text(name)?.trim();
        self.within(name, text, characters)
    }

    /// A text of so many characters as it is, but not of white space alone.
    pub(crate) fn exact_text(&mut self, name: &str, characters: RangeInclusive<usize>) -> Option<String> {
        let text = self.raw_text(name)?;
        if text.trim().is_empty() {
            self.wrong(name, "field is required");
            return None;
        }
        self.within(name, text, characters)
    }

    /// An email address.
    pub(crate) fn email(&mut self, name: &str) -> Option<String> {
        let text = self.raw_text(name)?.trim();
        if !is_plain_email(text) {
            self.wrong(name, "must be a valid email address");
            return None;
        }
        Some(text.to_owned())
    }

    /// Digits, as a number or as a text.
    pub(crate) fn digits(&mut self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::Number(number) => Some(number.to_string()),
            Value::String(text) => Some(text.trim().to_owned()),
            _ => {
                self.wrong(name, "must be a number");
                None
            }
        }
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(flag) => return Some(*flag),
            Value::Number(number) if number.as_u64() == Some(1) => return Some(true),
            Value::Number(number) if number.as_u64() == Some(0) => return Some(false),
            Value::String(text) => match text.as_str() {
                "1" | "true" => return Some(true),
                "0" | "false" => return Some(false),
                _ => {}
            },
            _ => {}
        }
        self.wrong(name, "must be true or false");
        None
    }

    /// An id.
    pub(crate) fn id(&mut self, name: &str) -> Option<EntityId> {
        let found = self.raw_text(name).and_then(EntityId::parse_hex);
        if found.is_none() && self.value(name).is_some_and(Value::is_string) {
            self.wrong(name, "is invalid");
        }
        found
    }

    /// What was wrong, if anything.
    ///
    /// # Errors
    /// Every wrong field.
    pub(crate) fn done(self) -> Result<(), Rejection> {
        if self.errors.is_empty() { Ok(()) } else { Err(Rejection::Invalid(self.errors)) }
    }

    fn raw_text(&mut self, name: &str) -> Option<&'a str> {
        let value = self.value(name)?;
        if !value.is_string() {
            self.wrong(name, "must be a string");
        }
        value.as_str()
    }

    fn within(&mut self, name: &str, text: &str, characters: RangeInclusive<usize>) -> Option<String> {
        let (least, most) = (*characters.start(), *characters.end());
        match text.chars().count() {
            0 if least > 0 => self.wrong(name, "field is required"),
            count if count > most => self.wrong(name, format!("must not be greater than {most} characters")),
            count if count < least => self.wrong(name, format!("must be at least {least} characters")),
            _ => return Some(text.to_owned()),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Fields {
        Fields(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn texts_from_forms_count_as_what_they_stand_for() {
        let fields = fields(r#"{"a": "1", "b": false, "c": "no", "d": 123456, "e": " 123456 ", "f": [1]}"#);
        let mut check = fields.check();
        assert_eq!((check.flag("a"), check.flag("b"), check.flag("z")), (Some(true), Some(false), None));
        assert_eq!((check.digits("d"), check.digits("e")), (Some("123456".to_owned()), Some("123456".to_owned())));
        assert_eq!((check.flag("c"), check.digits("f"), check.text("d", 1..=9)), (None, None, None));
        let Err(Rejection::Invalid(errors)) = check.done() else { panic!("three are wrong") };
        assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), ["c", "f", "d"]);
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        let fields = fields(r#"{"a": "  ", "b": "üüü", "c": " x ", "d": "", "e": null}"#);
        let mut check = fields.check();
        assert_eq!((check.text("b", 1..=3), check.exact_text("c", 1..=3)), (Some("üüü".into()), Some(" x ".into())));
        assert_eq!((check.text("d", 0..=3), check.text("e", 1..=3)), (Some(String::new()), None));
        assert_eq!((check.text("a", 1..=3), check.exact_text("a", 1..=3), check.text("b", 1..=2)), (None, None, None));
        check.require("e");
        assert!(matches!(check.done(), Err(Rejection::Invalid(errors)) if errors.len() == 3));
    }
}
