//! What the stand-in knows: a fold of its operations.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc::Sender;

use super::{Fault, events};

/// What the file has a line for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Operation {
    Channel { name: String },
    Message { channel: String, user: String, text: String, client_id: String },
    Edit { channel: String, message: String, text: String },
    React { channel: String, message: String, user: String, emoji: String, adds: bool },
    Read { channel: String, user: String, message: String },
}

#[derive(Default)]
struct Stored {
    id: String,
    text: String,
    reactions: BTreeMap<String, Vec<String>>,
}

#[derive(Default)]
struct Channel {
    messages: Vec<Stored>,
    client_ids: HashMap<String, usize>,
    reads: BTreeMap<String, u64>,
    events: Vec<Bytes>,
    subscribers: Vec<Sender<Bytes>>,
}

pub(super) struct State {
    fault: Fault,
    file: File,
    unwritten: Vec<u8>,
    channels: BTreeMap<String, Channel>,
    sends: u64,
    told: u64,
    /// How many there were.
    pub(super) operations: u64,
}

impl State {
    pub(super) fn open(folder: &Path, fault: Fault) -> Self {
        fs::create_dir_all(folder).unwrap();
        let path = folder.join("operations");
        let stored = fs::read(&path).unwrap_or_default();
        let whole = stored.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let file = File::options().create(true).append(true).open(path).unwrap();
        file.set_len(whole as u64).unwrap();
        let (unwritten, channels) = (Vec::new(), BTreeMap::new());
        let mut state = Self { fault, file, unwritten, channels, sends: 0, told: 0, operations: 0 };
        for line in stored[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            state.apply(serde_json::from_slice(line).unwrap());
        }
        state
    }

    pub(super) fn write_late(&mut self) {
        self.file.write_all(&std::mem::take(&mut self.unwritten)).unwrap();
    }

    /// Keeps an operation and does it.
    pub(super) fn perform(&mut self, operation: Operation) -> Value {
        let mut line = serde_json::to_vec(&operation).unwrap();
        line.push(b'\n');
        match (self.fault, &operation) {
            (Fault::AckBeforeWrite, operation) if !matches!(operation, Operation::Channel { .. }) => {
                self.unwritten.extend_from_slice(&line);
            }
            (Fault::ForgetReads, Operation::Read { .. }) => {}
            _ => self.file.write_all(&line).unwrap(),
        }
        self.apply(operation)
    }

    /// Performs a send; `None` to break its connection.
    pub(super) fn send(&mut self, operation: Operation) -> Option<(u16, Value)> {
        self.sends += 1;
        let Operation::Message { channel, client_id, .. } = &operation else { return None };
        let known = &self.channels[channel];
        if let Some(index) = known.client_ids.get(client_id)
            && self.fault != Fault::ForgetClientIds
        {
            return Some((200, shape(*index, &known.messages[*index])));
        }
        match self.fault {
            Fault::Refuse if self.sends == 50 => return Some((429, json!({ "error": { "code": "RATE_LIMITED" } }))),
            Fault::LoseMessage if self.sends.is_multiple_of(50) => {
                return Some((201, json!({ "id": "lost", "seq": known.messages.len() + 1 })));
            }
            Fault::RepeatMessage if self.sends.is_multiple_of(50) => drop(self.perform(operation.clone())),
            _ => {}
        }
        let answer = self.perform(operation);
        let breaks = self.fault == Fault::ForgetClientIds && self.sends.is_multiple_of(20);
        (!breaks).then_some((201, answer))
    }

    fn apply(&mut self, operation: Operation) -> Value {
        self.operations += 1;
        match operation {
            Operation::Channel { name } => {
                let id = name.replace(' ', "-");
                self.channels.insert(id.clone(), Channel::default());
                json!({ "id": id })
            }
            Operation::Message { channel, text, client_id, .. } => self.message(&channel, text, client_id),
            Operation::Edit { channel, message, text } => {
                let index = self.index(&channel, &message);
                self.stored(&channel, index).text = text;
                let message = shape(index, self.stored(&channel, index));
                self.tell(&channel, "message.updated", &json!({ "message": message }));
                message
            }
            Operation::React { channel, message, user, emoji, adds } => {
                self.react(&channel, &message, (&user, &emoji), adds)
            }
            Operation::Read { channel, user, message } => {
                let seq = self.index(&channel, &message) as u64 + 1;
                let position = self.channels.get_mut(&channel).unwrap().reads.entry(user).or_default();
                *position = seq.max(*position);
                json!({ "success": true, "lastReadSeq": *position })
            }
        }
    }

    fn message(&mut self, channel: &str, text: String, client_id: String) -> Value {
        let known = self.channels.get_mut(channel).unwrap();
        let index = known.messages.len();
        let id = format!("{channel}-{index}");
        known.messages.push(Stored { id, text, ..Stored::default() });
        if !client_id.is_empty() {
            known.client_ids.insert(client_id, index);
        }
        let message = shape(index, &known.messages[index]);
        self.tell(channel, "message.new", &json!({ "message": message }));
        message
    }

    fn react(&mut self, channel: &str, message: &str, (user, emoji): (&str, &str), adds: bool) -> Value {
        let index = self.index(channel, message);
        let reactions = &mut self.stored(channel, index).reactions;
        let users = reactions.entry(emoji.to_owned()).or_default();
        let had = users.iter().any(|known| known == user);
        users.retain(|known| known != user);
        if adds {
            users.push(user.to_owned());
        }
        reactions.retain(|_, users| !users.is_empty());
        if had != adds {
            let what = if adds { "reaction.added" } else { "reaction.removed" };
            self.tell(channel, what, &json!({ "messageId": message, "emoji": emoji, "userId": user }));
        }
        json!({ "success": true })
    }

    /// Puts an event into a channel's log and sends it to its subscribers.
    fn tell(&mut self, channel: &str, what: &str, payload: &Value) {
        let data = Bytes::from(json!({ "type": what, "payload": payload }).to_string());
        let known = self.channels.get_mut(channel).unwrap();
        known.events.push(data.clone());
        let frame = events::push(&format!("chat:demo:{channel}"), known.events.len() as u64, data);
        for subscriber in &known.subscribers {
            self.told += 1;
            if self.fault != Fault::DropEvent || !self.told.is_multiple_of(50) {
                subscriber.try_send(frame.clone()).ok();
            }
        }
    }

    /// Everything behind `since`, and the newest offset.
    pub(super) fn subscribe(&mut self, name: &str, since: usize, outgoing: &Sender<Bytes>) -> (Vec<Bytes>, u64) {
        let channel = self.channels.get_mut(name.strip_prefix("chat:demo:").unwrap()).unwrap();
        channel.subscribers.push(outgoing.clone());
        (channel.events.iter().skip(since).cloned().collect(), channel.events.len() as u64)
    }

    pub(super) fn page(&self, channel: &str, since: usize) -> Value {
        let all = &self.channels[channel].messages;
        let page: Vec<Value> =
            all.iter().enumerate().skip(since).take(200).map(|(index, stored)| shape(index, stored)).collect();
        json!({ "hasMore": since + page.len() < all.len(), "messages": page, "maxSeq": all.len() })
    }

    pub(super) fn read_status(&self, channel: &str) -> Value {
        let mark = |(user, seq): (&String, &u64)| json!({ "userId": user, "lastReadSeq": seq });
        json!({ "members": self.channels[channel].reads.iter().map(mark).collect::<Vec<_>>() })
    }

    pub(super) fn knows(&self, channel: &str, message: &str) -> bool {
        self.channels[channel].messages.iter().any(|stored| stored.id == message)
    }

    fn index(&self, channel: &str, message: &str) -> usize {
        self.channels[channel].messages.iter().rposition(|stored| stored.id == message).unwrap()
    }

    fn stored(&mut self, channel: &str, index: usize) -> &mut Stored {
        &mut self.channels.get_mut(channel).unwrap().messages[index]
    }
}

/// A message as the API shows it.
fn shape(index: usize, stored: &Stored) -> Value {
    let user = |id: &String| json!({ "id": id });
    let reaction = |(emoji, users): (&String, &Vec<String>)| json!({ "type": emoji, "count": users.len(), "users": users.iter().map(user).collect::<Vec<_>>() });
    let reactions: Vec<Value> = stored.reactions.iter().map(reaction).collect();
    json!({ "id": stored.id, "seq": index + 1, "text": stored.text, "reactions": reactions })
}
