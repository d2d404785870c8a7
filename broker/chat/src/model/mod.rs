//! What the domain is about, as it is stored and as plugins see it.

mod channel;
mod device;
mod member;
mod message;
mod preferences;
mod user;
mod workspace;

pub use channel::{Channel, ChannelOverview, ChannelPatch, ChannelType, NewChannel, Posting};
pub use device::{Device, NewDevice, Platform, Provider};
pub use member::{Member, ReadPosition, Role};
pub use message::{Attachment, AttachmentType, Entry, Message, NewMessage, Pin, Reaction, Sent};
pub use natter_outbox::preview::{LinkPreview, LinkType};
pub use preferences::{Preferences, PreferencesPatch, PushKind};
pub use user::{Profile, User, UserBrief, UserPatch};
pub use workspace::{Invite, NewInvite, NewWorkspace, Workspace, WorkspaceMember, WorkspaceView};
