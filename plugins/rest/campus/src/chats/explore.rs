//! `GET /chats/explore/communities`.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_chat::{ChannelOverview, ChatError};
use natter_core::EntityId;

use super::AT_ONCE;
use super::extra::is_admin;
use super::view::Names;
use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::{Answer, Problem};
use crate::graph::{Reel, ReelTotals};
use crate::shapes::chat::{CampusChat, CampusChats, CampusExploreQuery, CampusSeen};
use crate::shapes::reel::{CampusReel, CampusReelUser};
use crate::shapes::value::{CampusId, CampusTime};

/// Characters of a search.
const SEARCH_MIN: usize = 3;
/// Reels of a chat unless the query says otherwise.
const REELS: u32 = 5;
/// Groups whose activity is compared; of more that match, those with the newest ids.
const COMPARED_MAX: usize = 1_000;
/// The time in which what is said counts half, in milliseconds: a week.
const HALF_LIFE_MS: f64 = 7.0 * 24.0 * 60.0 * 60.0 * 1_000.0;
/// What counts how much beside one view of a reel.
const LIKE_POINTS: f64 = 2.0;
const PARTICIPANT_POINTS: f64 = 5.0;
const MESSAGE_POINTS: f64 = 3.0;

/// A group that matches.
struct Match {
    overview: ChannelOverview,
    reels: Vec<Reel>,
    totals: ReelTotals,
    activity: f64,
}

impl Campus {
    /// Group chats with a name, the most active first.
    ///
    /// # Errors
    /// 400 for a search that is too short.
    pub(crate) async fn explore(&self, caller: &Caller, query: CampusExploreQuery) -> Answer<CampusChats> {
        let search = query.search.as_deref().map(str::trim).unwrap_or_default().to_lowercase();
        if search.chars().count() < SEARCH_MIN {
            return Err(Problem::invalid("search", format!("must have at least {SEARCH_MIN} characters")));
        }
        let ids = self.communities(caller.tenant(), &search, query.category.as_deref()).await?;
        let count = ids.len();
        let reels = query.reels_limit.map_or(REELS, natter_rest::InRange::get) as usize;
        let compared = ids.into_iter().rev().take(COMPARED_MAX);
        let looks = stream::iter(compared).map(|id| self.look_at(caller, id, reels));
        let found: Vec<_> = looks.buffered(AT_ONCE).boxed().try_collect().await?;
        let mut found: Vec<Match> = found.into_iter().flatten().collect();
        found.sort_by(|one, other| {
            let by_activity = other.activity.total_cmp(&one.activity);
            by_activity.then_with(|| other.overview.channel.id.cmp(&one.overview.channel.id))
        });
        let page = found.into_iter().skip(query.page.offset(query.limit.get())).take(query.limit.get());
        let views = stream::iter(page).map(|found| self.explored(caller, found));
        Ok(CampusChats { chats: views.buffered(AT_ONCE).boxed().try_collect().await?, count })
    }

    /// A group that matches; `None` when the index names one that is gone.
    async fn look_at(&self, caller: &Caller, id: EntityId, reels: usize) -> Answer<Option<Match>> {
        let tenant = caller.tenant();
        let overview = match self.chat().channel_from_outside(tenant, caller.id(), id).await {
            Ok(overview) => overview,
            Err(ChatError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (reels, totals) = self.graph().reels_of(tenant, &id.to_hex(), reels).await?;
        let activity = activity(&overview, totals, self.now_ms());
        Ok(Some(Match { overview, reels, totals, activity }))
    }

    async fn explored(&self, caller: &Caller, found: Match) -> Answer<CampusChat> {
        let Match { overview, reels, totals, .. } = found;
        let is_joined = overview.membership.is_some();
        let request = if is_joined { None } else { self.own_request(caller, overview.channel.id).await? };
        let reels = stream::iter(reels).map(|reel| self.reel_view(caller, reel));
        let seen = CampusSeen {
            unread: Some(if is_joined { overview.unread } else { 0 }),
            reels_count: Some(totals.count),
            request,
            reels: Some(reels.buffered(AT_ONCE).boxed().try_collect().await?),
            is_joined: Some(is_joined),
            are_you_admin: overview.membership.as_ref().is_some_and(|own| is_admin(&overview.channel, own)),
            participants_count: Some(overview.channel.member_count),
            ..CampusSeen::default()
        };
        let with_members = self.with_members(caller.tenant(), overview).await?;
        let chat = self.shown(caller.tenant(), caller.id(), &with_members, Names::Creator).await?;
        Ok(CampusChat { seen, ..chat })
    }

    async fn reel_view(&self, caller: &Caller, reel: Reel) -> Answer<CampusReel> {
        let own = caller.hex();
        let user = match reel.is_anonymous && reel.user != own {
            true => None,
            false => self.reel_user(caller, &own, &reel.user).await?,
        };
        Ok(CampusReel {
            id: reel.id,
            user,
            chat: reel.chat,
            description: reel.description,
            tag: reel.tag,
            video: reel.video,
            hashtags: reel.hashtags,
            is_anonymous: reel.is_anonymous,
            views: reel.views,
            likes: reel.likes,
            super_likes: reel.super_likes,
            shares: reel.shares,
            comments: reel.comments,
            created_at: CampusTime(reel.created_at),
            updated_at: CampusTime(reel.updated_at),
            is_liked: false,
            is_super_liked: false,
            is_favorite: false,
        })
    }

    async fn reel_user(&self, caller: &Caller, own: &str, user: &str) -> Answer<Option<CampusReelUser>> {
        let Some(id) = CampusId::parse(user) else { return Ok(None) };
        let found = self.chat().user_by_entity(caller.tenant(), id.0).await?;
        let known = found.as_ref().map_or(user, |found| &found.id);
        let person = self.person(caller.tenant(), known).await?;
        let is_followed = self.graph().follows(caller.tenant(), own, user).await?;
        Ok(Some(CampusReelUser { user: person, is_followed }))
    }
}

/// How much happens in a group: what its reels are seen and liked, who takes part, and what was said lately.
fn activity(overview: &ChannelOverview, totals: ReelTotals, now_ms: i64) -> f64 {
    let age_ms = now_ms.saturating_sub(overview.activity_at).max(0) as f64;
    let recent = overview.max_seq as f64 * (-age_ms / HALF_LIFE_MS).exp2();
    totals.views as f64
        + totals.likes as f64 * LIKE_POINTS
        + overview.channel.member_count as f64 * PARTICIPANT_POINTS
        + recent * MESSAGE_POINTS
}
