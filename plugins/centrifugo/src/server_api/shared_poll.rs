//! `shared_poll_publish`: a backend brings a value before it is asked for it.

use std::sync::Arc;

use natter_node::config::SubscriptionType;

use super::caller::Caller;
use super::error::ApiError;
use super::fields::Done;
use super::publication::PublicationRequest;

/// Gives a key a value, for whoever tracks it. An older version than the one that is known changes nothing.
///
/// 107 without channel, key or version, or when the namespace is no shared poll; 108 when the namespace takes no values.
pub(super) async fn publish(caller: Arc<Caller>, mut request: PublicationRequest) -> Result<Done, ApiError> {
    if request.channel.is_empty() || request.key.is_empty() || request.version == 0 {
        return Err(ApiError::BAD_REQUEST);
    }
    let channel = caller.channel(&request.channel)?;
    let rules = &channel.rules.rules;
    if rules.subscription_type != SubscriptionType::SharedPoll {
        return Err(ApiError::BAD_REQUEST);
    }
    if !rules.shared_poll.publish_enabled {
        return Err(ApiError::NOT_AVAILABLE);
    }
    let data = request.take_data()?;
    let version = (request.version, request.epoch.as_str());
    caller.shared.polls.publish(&channel.key, &request.key, version, data)?;
    Ok(Done {})
}
