-- What an analyst reads of schema allo in psql, Metabase and Superset. Grain first; then what null means, the unit, and
-- which clock. This file: the mirror, as last read.

COMMENT ON SCHEMA allo IS
  'A mirror of Allo Power Dialer queues with their history. allo-queue-mirror alone writes here; read freely, change nothing. All instants are timestamptz, on one of two clocks. Observed: when the mirror looked, on this database''s clock. Source: the API''s own time; where the API names no zone, the configured one (UTC unless set). The mirror polls: it sees states, and what appeared and vanished between two readings was never seen. Where a comment says nothing else, null means that the API did not say.';

COMMENT ON TABLE allo.teams IS
  'One row per Allo team whose API key was used here.';
COMMENT ON COLUMN allo.teams.team_id IS 'The API''s id of the team. A key without a team stands for a team of its own: key-, then the id the API gives the key or else the key''s fingerprint.';
COMMENT ON COLUMN allo.teams.name IS 'Name of the team, as the API said last.';
COMMENT ON COLUMN allo.teams.first_seen_at IS 'Observed: when the API first named this team.';
COMMENT ON COLUMN allo.teams.last_seen_at IS 'Observed: when the API last named this team. Renewed once per pass.';
COMMENT ON COLUMN allo.teams.history_from IS 'From when on history is whole. What ended earlier was deleted (RETAIN_HISTORY_DAYS): stays with their versions and dials, settings, assignments. So what was true before then is not known any more, whatever rows are left; only queue_snapshots reach further back. Null: nothing was ever deleted.';

COMMENT ON TABLE allo.teammates IS
  'One row per teammate ever listed by the API, on the team that listed them last. Both lists, active and blocked, are read in every pass. Nobody is ever deleted from here.';
COMMENT ON COLUMN allo.teammates.user_id IS 'The API''s id of the teammate.';
COMMENT ON COLUMN allo.teammates.team_id IS 'The team that listed this teammate last.';
COMMENT ON COLUMN allo.teammates.name IS 'Name, as last listed.';
COMMENT ON COLUMN allo.teammates.email IS 'E-mail address, as last listed.';
COMMENT ON COLUMN allo.teammates.role IS 'Role, as last listed: ADMIN, MANAGER, MEMBER, or a word the API adds.';
COMMENT ON COLUMN allo.teammates.status IS 'ACTIVE or BLOCKED, as last listed, or a word the API adds. It keeps its last value when is_listed is false.';
COMMENT ON COLUMN allo.teammates.image_url IS 'Address of the picture, as last listed. Null: none.';
COMMENT ON COLUMN allo.teammates.extra IS 'Fields of the API without a column here, and values whose type was not the documented one, as last listed. Null: none.';
COMMENT ON COLUMN allo.teammates.is_listed IS 'Whether the latest lists name this teammate. False does not yet mean that they left: see left_at.';
COMMENT ON COLUMN allo.teammates.first_seen_at IS 'Observed: when a list first named this teammate.';
COMMENT ON COLUMN allo.teammates.last_seen_at IS 'Observed: when a list last named this teammate.';
COMMENT ON COLUMN allo.teammates.left_at IS 'Observed: the first time the API answered that this teammate is not on the team, filled in once a later pass was told the same and no list names them. Null: not known to have left. Cleared when a reading finds them again.';
COMMENT ON COLUMN allo.teammates.missing_since IS 'Bookkeeping of the two-pass rule. Observed: the first of the answers, unbroken until now, that this teammate is not on the team. Null: the last answer about them was another one.';
COMMENT ON COLUMN allo.teammates.missing_pass_id IS 'Bookkeeping of the two-pass rule: the pass that got the answer of missing_since.';
COMMENT ON COLUMN allo.teammates.last_read_started_at IS 'Observed: when the last applied reading of this teammate began. Applied are those with the status ok, no_queue or not_found. Null: none yet.';
COMMENT ON COLUMN allo.teammates.last_observed_at IS 'Observed: when the last applied reading of this teammate ended. How fresh the mirror is for them. Null: none yet.';

COMMENT ON TABLE allo.queues IS
  'One row per queue ever seen, ended ones included, as last seen. A queue is current (is_current true), ended (false), or unknown (null). An ending is believed only when a later pass agrees: a queue whose holder is seen without it is unknown from the end of that pass, and ends, dated back to that first observation, when a later pass has read everyone and nobody holds it.';
COMMENT ON COLUMN allo.queues.queue_id IS 'The API''s id of the queue. It stays the same when the queue goes to another teammate.';
COMMENT ON COLUMN allo.queues.team_id IS 'Team of the teammate who was seen with it last.';
COMMENT ON COLUMN allo.queues.user_id IS 'The teammate who was seen with it last: the holder, while the queue is current. For who held it earlier see queue_assignments.';
COMMENT ON COLUMN allo.queues.name IS 'Name of the queue.';
COMMENT ON COLUMN allo.queues.creator_id IS 'The teammate who made the queue.';
COMMENT ON COLUMN allo.queues.assignee_id IS 'The teammate the API names as assignee. Null is legal; user_id always says who was asked.';
COMMENT ON COLUMN allo.queues.voicemail_handling IS 'SKIP or NO_SKIP, or a word the API adds.';
COMMENT ON COLUMN allo.queues.do_not_disturb IS 'ENABLED or DISABLED, or a word the API adds.';
COMMENT ON COLUMN allo.queues.created_at IS 'Source: when the queue was made.';
COMMENT ON COLUMN allo.queues.updated_at IS 'Source: when the queue was last updated, as of the last reading. It may move alone; that is no change to queue_versions.';
COMMENT ON COLUMN allo.queues.extra IS 'Fields of the API without a column here, and values whose type was not the documented one, as last read. Null: none.';
COMMENT ON COLUMN allo.queues.is_current IS 'True: seen with user_id at the last reading of it. False: ended. Null: unknown, because its holder was seen without it, or is not on the team any more, and nothing is concluded (yet).';
COMMENT ON COLUMN allo.queues.first_seen_at IS 'Observed: end of the reading that first showed this queue.';
COMMENT ON COLUMN allo.queues.ended_at IS 'Observed: end of the first reading that showed its holder without it. Null: not ended, or unknown. Cleared when the queue comes back; the gap stays in the versions.';
COMMENT ON COLUMN allo.queues.end_reason IS 'queue_replaced: its holder had another queue at ended_at. queue_gone: its holder had none. Null: not ended, or unknown. A queue nobody can observe keeps null: nothing is claimed.';
COMMENT ON COLUMN allo.queues.replaced_by_queue_id IS 'The queue its holder had instead at ended_at. Null unless end_reason is queue_replaced.';
COMMENT ON COLUMN allo.queues.numbers IS 'How many rows queue_numbers has for this queue.';
COMMENT ON COLUMN allo.queues.last_read_started_at IS 'Observed: when the last reading that showed this queue began.';
COMMENT ON COLUMN allo.queues.last_observed_at IS 'Observed: when the last reading that showed this queue ended. It grows with every reading, also where nothing changed.';
COMMENT ON COLUMN allo.queues.missing_since IS 'Bookkeeping of the two-pass rule. Observed: end of the first reading that showed its holder without it; ended_at, if it comes to that. Null: not missed since it was last seen.';
COMMENT ON COLUMN allo.queues.missing_replaced_by_queue_id IS 'Bookkeeping of the two-pass rule: the queue the holder had instead at missing_since. Null: none.';
COMMENT ON COLUMN allo.queues.unknown_since IS 'Bookkeeping of the two-pass rule. Observed: when a finished pass left this queue unknown. It stays after an ending, until the queue is seen again.';
COMMENT ON COLUMN allo.queues.held_back_passes IS 'Bookkeeping of the two-pass rule: how many passes since then could not read every teammate, and so proved nothing. After three of them the next one ends the queue all the same.';
COMMENT ON COLUMN allo.queues.unobservable_since IS 'Observed: when its holder was first answered to be not on the team, filled in once a later pass was told the same. Its versions end there. Null: not the case since the queue was last seen.';
COMMENT ON COLUMN allo.queues.membership_digest IS 'Bookkeeping: digest of position, number_to and created_at of all numbers, to prove that two walks over the queue agree. Empty since a number was erased, until the queue is read again. No meaning outside the program.';
COMMENT ON COLUMN allo.queues.content_digest IS 'Bookkeeping: digest of everything in all numbers, and a mark of the rows that hold them, so that an unchanged queue causes no write and a row that something else touched is mended. Empty since a number was erased, until the queue is read again. No meaning outside the program.';

COMMENT ON TABLE allo.queue_numbers IS
  'One row per slot (position) of a queue, as the last complete reading of that queue showed it. CAREFUL: THE NUMBERS OF ENDED AND UNKNOWN QUEUES ARE IN HERE TOO. For the numbers that stand in a queue now: join allo.queues using (queue_id) where is_current. A number removed from a current queue leaves this table (queue_entries keeps it); the last rows of an ended queue stay. Never count this table without that join.';
COMMENT ON COLUMN allo.queue_numbers.queue_id IS 'The queue.';
COMMENT ON COLUMN allo.queue_numbers.position IS 'The API''s position in the queue, from 0. Gaps are legal, and a position may be used again: identity is entry_id.';
COMMENT ON COLUMN allo.queue_numbers.entry_id IS 'The stay of this number in the queue: see queue_entries.';
COMMENT ON COLUMN allo.queue_numbers.number_to IS 'The phone number as the API sends it, E.164 as documented. It may stand in a queue more than once. Null: none came, or it was erased, or is suppressed.';
COMMENT ON COLUMN allo.queue_numbers.created_at IS 'Source: when the number was added to the queue.';
COMMENT ON COLUMN allo.queue_numbers.updated_at IS 'Source: when the number was last updated. It may move alone; that is no change.';
COMMENT ON COLUMN allo.queue_numbers.call_start_date IS 'Source: when the holder began calling this number, the latest time. Null: not called yet, or the API did not say.';
COMMENT ON COLUMN allo.queue_numbers.call_id IS 'The API''s id of the latest call. Null: no call placed yet, or the API did not say.';
COMMENT ON COLUMN allo.queue_numbers.routing_result IS 'What became of the call, in the API''s word: FAILED, RECEIVED, BLOCKED, ANSWERED, TRANSFERRED_BLAND, TRANSFERRED_ELEVEN_LABS, TRANSFERRED_EXTERNAL, FAILED_EXTERNAL, VOICEMAIL, CLOSED, or a word the API adds. Null: nothing yet.';
COMMENT ON COLUMN allo.queue_numbers.sync_status IS 'NOT_SYNCED, PROCESSING, SYNCED, or a word the API adds. About the contact in Allo, never about the call.';
COMMENT ON COLUMN allo.queue_numbers.detected_outbound_voicemail IS 'Whether a machine answered. Null: not known.';
COMMENT ON COLUMN allo.queue_numbers.not_reached_destination_reason IS 'Why the call did not get through: BUSY, CALLEE_TEMPORARILY_UNAVAILABLE, RING_TIMEOUT, NOT_IN_SERVICE, DECLINED, NETWORK_ERROR, or a word the API adds. Null: it did, or nothing is known yet.';
COMMENT ON COLUMN allo.queue_numbers.voicemail_left IS 'Whether a voicemail was left. Null: not known.';
COMMENT ON COLUMN allo.queue_numbers.extra IS 'Fields of the API without a column here, and values whose type was not the documented one, of the last reading only. Null: none, or erased with the number.';
COMMENT ON COLUMN allo.queue_numbers.row_digest IS 'Bookkeeping: digest of everything in this row, to find the slots that differ. 0 once the number was erased. No meaning outside the program.';
