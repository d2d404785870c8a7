//! `/api/companies`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use natter_rest::Path;

use super::{Asked, Here, gone, made, ok};
use crate::admission::Sent;
use crate::bodies::CompanyBody;
use crate::caller::Caller;
use crate::connect_now::ConnectNow;
use crate::errors::{ApiError, ConnectNowDialect, Failure};
use crate::paging::{ListOf, PageQuery};
use crate::shapes::{CompanyView, One};

/// The caller's companies, newest last.
#[utoipa::path(
    get,
    path = "/api/companies",
    operation_id = "list_companies",
    params(PageQuery),
    responses(
        (status = 200, body = ListOf<CompanyView>),
        (status = 401, body = Failure),
        (status = 422, description = "No such page number", body = Failure),
    ),
    security(("api_token" = [])),
)]
pub(super) async fn list(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Here(url): Here,
    query: Asked<PageQuery>,
) -> Result<Response, ApiError> {
    let (user, page) = (caller.api_user()?, query?.0);
    let companies = connect_now.companies(user).await?;
    let views: Vec<CompanyView> = page.slice(&companies).iter().map(CompanyView::of).collect();
    Ok(axum::Json(page.list(views, companies.len() as u64, &url)).into_response())
}

/// A company.
#[utoipa::path(
    get,
    path = "/api/companies/{company_id}",
    operation_id = "show_company",
    params(("company_id" = String, Path)),
    responses(
        (status = 200, body = One<CompanyView>),
        (status = 401, body = Failure),
        (status = 404, body = Failure),
    ),
    security(("api_token" = [])),
)]
pub(super) async fn show(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path(id, ..): Path<String, ConnectNowDialect>,
) -> Result<Response, ApiError> {
    Ok(ok(CompanyView::of(&connect_now.company(caller.api_user()?, &id).await?)))
}

/// Makes a company.
#[utoipa::path(
    post,
    path = "/api/companies",
    operation_id = "create_company",
    request_body = CompanyBody,
    responses(
        (status = 201, body = One<CompanyView>),
        (status = 400, description = "The body cannot be read", body = Failure),
        (status = 401, body = Failure),
        (status = 422, body = Failure),
    ),
    security(("api_token" = [])),
)]
pub(super) async fn create(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    sent: Sent,
) -> Result<Response, ApiError> {
    let user = caller.api_user()?;
    let company = connect_now.make_company(user, CompanyBody::read(sent.fields()?, true)?).await?;
    Ok(made(CompanyView::of(&company)))
}

/// Changes a company; what is not given stays.
#[utoipa::path(
    put,
    path = "/api/companies/{company_id}",
    operation_id = "edit_company",
    params(("company_id" = String, Path)),
    request_body = CompanyBody,
    responses(
        (status = 200, body = One<CompanyView>),
        (status = 400, description = "The body cannot be read", body = Failure),
        (status = 401, body = Failure),
        (status = 404, body = Failure),
        (status = 422, body = Failure),
    ),
    security(("api_token" = [])),
)]
pub(super) async fn edit(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path(id, ..): Path<String, ConnectNowDialect>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let user = caller.api_user()?;
    connect_now.company(user, &id).await?;
    let company = connect_now.change_company(user, &id, CompanyBody::read(sent.fields()?, false)?).await?;
    Ok(ok(CompanyView::of(&company)))
}

/// Deletes a company with its chats.
#[utoipa::path(
    delete,
    path = "/api/companies/{company_id}",
    operation_id = "delete_company",
    params(("company_id" = String, Path)),
    responses((status = 204), (status = 401, body = Failure), (status = 404, body = Failure)),
    security(("api_token" = [])),
)]
pub(super) async fn delete(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path(id, ..): Path<String, ConnectNowDialect>,
) -> Result<Response, ApiError> {
    connect_now.delete_company(caller.api_user()?, &id).await?;
    Ok(gone())
}
