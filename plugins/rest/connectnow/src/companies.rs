//! Companies: what chats belong to. An API user has their own, and sees no others.

use natter_rest::Rejection;

use crate::api_users::ApiUser;
use crate::bodies::CompanyBody;
use crate::connect_now::ConnectNow;
use crate::errors::ApiError;
use crate::rows::{COMPANIES, COMPANIES_MAX, Company};
use crate::shapes::id_in_path;

impl ConnectNow {
    /// All companies of a user, newest last.
    pub(crate) async fn companies(&self, user: &ApiUser) -> Result<Vec<Company>, ApiError> {
        let rows = COMPANIES.all(self.store(), &self.tenant(), &user.domain_id(), COMPANIES_MAX).await?;
        Ok(rows.into_iter().map(|(_, company)| company.value).collect())
    }

    /// A company.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn company(&self, user: &ApiUser, id: &str) -> Result<Company, ApiError> {
        let id = id_in_path(id)?.to_hex();
        let found = COMPANIES.get(self.store(), &self.tenant(), &user.domain_id(), &id).await?;
        found.map(|company| company.value).ok_or(ApiError::NotFound)
    }

    /// Makes a company.
    ///
    /// # Errors
    /// 422 when the user has as many as they may.
    pub(crate) async fn make_company(&self, user: &ApiUser, body: CompanyBody) -> Result<Company, ApiError> {
        if self.companies(user).await?.len() >= COMPANIES_MAX {
            return Err(ApiError::invalid("name", "cannot be taken: there are too many companies"));
        }
        let now_ms = self.now_ms();
        let company = Company {
            id: self.new_id()?,
            name: body.name.unwrap_or_default(),
            website: body.website.flatten(),
            created_at: now_ms,
            updated_at: now_ms,
        };
        COMPANIES.put(self.store(), &self.tenant(), &user.domain_id(), &company.id.to_hex(), &company).await?;
        Ok(company)
    }

    /// Changes a company.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn change_company(
        &self,
        user: &ApiUser,
        id: &str,
        body: CompanyBody,
    ) -> Result<Company, ApiError> {
        let id = id_in_path(id)?.to_hex();
        let now_ms = self.now_ms();
        let change = |known: Option<&Company>| {
            let mut company = known.cloned().ok_or(ApiError::NotFound)?;
            company.name = body.name.clone().unwrap_or(company.name);
            company.website = body.website.clone().unwrap_or(company.website);
            company.updated_at = now_ms.max(company.created_at);
            Ok::<_, ApiError>(Some(company))
        };
        let changed = COMPANIES.update(self.store(), &self.tenant(), &user.domain_id(), &id, change).await?;
        changed.map(|company| company.value).ok_or(ApiError::NotFound)
    }

    /// Deletes a company with its chats. The company goes last: what a failure leaves behind is still found.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn delete_company(&self, user: &ApiUser, id: &str) -> Result<(), ApiError> {
        let company = self.company(user, id).await?;
        for chat in self.chat_ids(user, Some(company.id)).await? {
            self.delete_chat_by_id(user, chat).await?;
        }
        COMPANIES.delete(self.store(), &self.tenant(), &user.domain_id(), &company.id.to_hex()).await?;
        Ok(())
    }

    /// Whether a company is a user's own.
    ///
    /// # Errors
    /// 422.
    pub(crate) async fn require_company(&self, user: &ApiUser, id: natter_core::EntityId) -> Result<(), ApiError> {
        let found = COMPANIES.get(self.store(), &self.tenant(), &user.domain_id(), &id.to_hex()).await?;
        found.map(|_| ()).ok_or_else(|| Rejection::invalid("company_id", "is invalid").into())
    }
}
