//! Names that stay apart, and references that still meet.

use serde::{Deserialize, Serialize};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{IntoParams, OpenApi, ToSchema};
use utoipa_axum::routes;

use super::*;
use crate::{InRange, Limit, Offset};

#[derive(Serialize, Deserialize, ToSchema)]
struct Thing {
    name: String,
    parts: Vec<Part>,
    #[schema(example = "#/components/schemas/Thing")]
    note: Option<String>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Part {
    size: u32,
}

#[derive(Deserialize, IntoParams)]
#[expect(dead_code, reason = "only described")]
struct Listing {
    limit: Limit<20, 100>,
    offset: Offset,
    size: Option<InRange<1, 9>>,
}

#[utoipa::path(post, path = "/things", request_body = Thing, params(Listing), security(("key" = [])),
    responses((status = 201, body = Thing, description = "made")))]
async fn make_thing() {}

#[derive(OpenApi)]
struct Base;

fn document(plugin: &'static str) -> ApiDocument {
    let mut base = Base::openapi();
    let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key")));
    base.components.get_or_insert_default().security_schemes.insert("key".into(), utoipa::openapi::RefOr::T(key));
    let routes = OpenApiRouter::<()>::with_openapi(base).routes(routes!(make_thing));
    ApiDocument::describe(plugin, "Things", "makes things", routes).1
}

#[test]
fn every_name_begins_with_its_plugin_and_every_reference_is_found() {
    let document = document("shop");
    let json = document.json();
    let schemas: Vec<_> = json["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    assert!(schemas.contains(&"shop_Thing".to_owned()) && schemas.contains(&"shop_Part".to_owned()), "{schemas:?}");
    assert!(schemas.iter().all(|name| name.starts_with("shop_")), "{schemas:?}");
    assert_eq!(
        json["paths"]["/things"]["post"]["responses"]["201"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/shop_Thing"
    );
    assert_eq!(document.dangling_references(), Vec::<String>::new());
    let operation = &json["paths"]["/things"]["post"];
    assert_eq!(operation["operationId"], "shop_make_thing");
    assert_eq!(operation["tags"], json!(["shop"]));
    assert_eq!(operation["security"], json!([{ "shop_key": [] }]));
    assert!(json["components"]["securitySchemes"]["shop_key"].is_object());
}

#[test]
fn what_stands_in_an_example_is_left_alone() {
    let document = document("shop");
    let note = &document.json()["components"]["schemas"]["shop_Thing"]["properties"]["note"];
    assert_eq!(note["example"], "#/components/schemas/Thing");
}

#[test]
fn paging_parameters_say_their_bounds() {
    let document = document("shop");
    let parameters = &document.json()["paths"]["/things"]["post"]["parameters"];
    assert_eq!(parameters[0]["name"], "limit");
    let schema = &parameters[0]["schema"];
    assert_eq!((&schema["minimum"], &schema["default"]), (&json!(1), &json!(20)));
}

#[test]
fn documents_of_equal_names_are_merged_side_by_side() {
    let all = ApiDocument::merged(&[document("a"), document("b")], "http://chat.example");
    let schemas = all["components"]["schemas"].as_object().unwrap();
    assert!(schemas.contains_key("a_Thing") && schemas.contains_key("b_Thing"));
    assert_eq!(
        all["tags"],
        json!([{ "name": "a", "description": "makes things" }, { "name": "b", "description": "makes things" }])
    );
    assert_eq!(all["paths"]["/things"]["post"]["operationId"], "a_make_thing");
}

#[test]
fn no_plugin_is_a_document_too() {
    let all = ApiDocument::merged(&[], "http://chat.example");
    assert_eq!((&all["openapi"], &all["paths"]), (&json!("3.1.0"), &json!({})));
}
