-- Comments that analysts see in psql, Metabase and Superset, schema allo: first what one row is, then the meaning of null,
-- the unit and the clock. This file: the mirror, as last read.

COMMENT ON SCHEMA allo IS
  'A mirror of Allo Power Dialer queues with their history. Only allo-queue-mirror writes here: you may read everything, but change nothing. All instants are timestamptz. Observed: when the mirror saw it, by this database''s clock. Source: the time that the API sends; if it has no time zone, ALLO_TIME_ZONE applies (default UTC). The mirror polls, so what appeared and disappeared between two readings was not seen. Unless a comment says otherwise, null means that the API sent no value.';

COMMENT ON TABLE allo.teams IS
  'One row per Allo team whose API key was used here.';
COMMENT ON COLUMN allo.teams.team_id IS 'The API''s id of the team. If the API names no team for a key, the key counts as a team of its own: key- and the API''s id of the key, or else the key''s fingerprint.';
COMMENT ON COLUMN allo.teams.name IS 'Name of the team, as last sent by the API.';
COMMENT ON COLUMN allo.teams.first_seen_at IS 'Observed: when the API first named this team.';
COMMENT ON COLUMN allo.teams.last_seen_at IS 'Observed: when the API last named this team. Renewed once per pass.';
COMMENT ON COLUMN allo.teams.history_from IS 'History is complete from here on. Entries with their versions and dials, settings and assignments that ended earlier were deleted (RETAIN_HISTORY_DAYS). So what was true before is unknown, even if some rows are left. Only queue_snapshots go further back. Null: nothing was deleted.';

COMMENT ON TABLE allo.teammates IS
  'One row per teammate ever listed by the API, with the team that listed them last. Every pass reads both lists, active and blocked. Rows are never deleted.';
COMMENT ON COLUMN allo.teammates.user_id IS 'The API''s id of the teammate.';
COMMENT ON COLUMN allo.teammates.team_id IS 'The team that listed this teammate last.';
COMMENT ON COLUMN allo.teammates.name IS 'Name, as last listed.';
COMMENT ON COLUMN allo.teammates.email IS 'E-mail address, as last listed.';
COMMENT ON COLUMN allo.teammates.role IS 'Role, as last listed: ADMIN, MANAGER, MEMBER, or a word the API adds.';
COMMENT ON COLUMN allo.teammates.status IS 'ACTIVE or BLOCKED, as last listed, or a word the API adds. It keeps its last value when is_listed is false.';
COMMENT ON COLUMN allo.teammates.image_url IS 'Address of the picture, as last listed. Null: none.';
COMMENT ON COLUMN allo.teammates.extra IS 'Fields of the API without a column here, and values whose type was not the documented one, as last listed. Null: none.';
COMMENT ON COLUMN allo.teammates.is_listed IS 'Whether the latest lists contain this teammate. False does not yet mean that they left: see left_at.';
COMMENT ON COLUMN allo.teammates.first_seen_at IS 'Observed: when a list first named this teammate.';
COMMENT ON COLUMN allo.teammates.last_seen_at IS 'Observed: when a list last named this teammate.';
COMMENT ON COLUMN allo.teammates.left_at IS 'Observed: when the API first said that this teammate is not on the team. Set when a later pass gets the same answer and no list contains them. Null: not known to have left. Cleared when a reading finds them again.';
COMMENT ON COLUMN allo.teammates.missing_since IS 'Internal (two-pass rule). Observed: the first of the consecutive answers that this teammate is not on the team. Null: the last answer was another one.';
COMMENT ON COLUMN allo.teammates.missing_pass_id IS 'Internal (two-pass rule): the pass that got the answer of missing_since.';
COMMENT ON COLUMN allo.teammates.last_read_started_at IS 'Observed: start of the last applied reading of this teammate. Readings with the status ok, no_queue or not_found are applied. Null: none yet.';
COMMENT ON COLUMN allo.teammates.last_observed_at IS 'Observed: end of the last applied reading of this teammate. It shows how fresh their data are. Null: none yet.';

COMMENT ON TABLE allo.queues IS
  'One row per queue ever seen, ended ones included, as last seen. A queue is current (is_current true), ended (false), or unknown (null). An end needs two passes: a queue becomes unknown when the pass finishes that saw its holder without it; it ends when a later pass has read everyone and found no holder. ended_at is then the time of the first of these readings.';
COMMENT ON COLUMN allo.queues.queue_id IS 'The API''s id of the queue. It stays the same when the queue is reassigned.';
COMMENT ON COLUMN allo.queues.team_id IS 'Team of the last known holder.';
COMMENT ON COLUMN allo.queues.user_id IS 'The last known holder: the present holder while the queue is current. For earlier holders see queue_assignments.';
COMMENT ON COLUMN allo.queues.name IS 'Name of the queue.';
COMMENT ON COLUMN allo.queues.creator_id IS 'The teammate who created the queue.';
COMMENT ON COLUMN allo.queues.assignee_id IS 'The teammate that the API names as assignee. Null is legal; user_id is the teammate for whom the queue was requested.';
COMMENT ON COLUMN allo.queues.voicemail_handling IS 'SKIP or NO_SKIP, or a word the API adds.';
COMMENT ON COLUMN allo.queues.do_not_disturb IS 'ENABLED or DISABLED, or a word the API adds.';
COMMENT ON COLUMN allo.queues.created_at IS 'Source: when the queue was created.';
COMMENT ON COLUMN allo.queues.updated_at IS 'Source: when the queue was last updated, as last read. A change of this value alone makes no version in queue_versions.';
COMMENT ON COLUMN allo.queues.extra IS 'Fields of the API without a column here, and values whose type was not the documented one, as last read. Null: none.';
COMMENT ON COLUMN allo.queues.is_current IS 'True: its holder had it at its last reading. False: ended. Null: unknown, because its holder was seen without it and this is not confirmed, or its holder is not on the team any more.';
COMMENT ON COLUMN allo.queues.first_seen_at IS 'Observed: end of the reading that first showed this queue.';
COMMENT ON COLUMN allo.queues.ended_at IS 'Observed: end of the first reading that showed its holder without it. Null: not ended, or unknown. Cleared when the queue returns; the gap stays in the versions.';
COMMENT ON COLUMN allo.queues.end_reason IS 'queue_replaced: its holder had another queue at ended_at. queue_gone: its holder had none. Null: not ended, or unknown, also if its holder left the team.';
COMMENT ON COLUMN allo.queues.replaced_by_queue_id IS 'The queue its holder had instead at ended_at. Null unless end_reason is queue_replaced.';
COMMENT ON COLUMN allo.queues.numbers IS 'Number of rows in queue_numbers for this queue.';
COMMENT ON COLUMN allo.queues.last_read_started_at IS 'Observed: when the last reading that showed this queue began.';
COMMENT ON COLUMN allo.queues.last_observed_at IS 'Observed: end of the last reading that showed this queue. It changes with every reading, also if nothing else changed.';
COMMENT ON COLUMN allo.queues.last_look_applied_at IS 'Observed: end of the last look that changed fields of its numbers. Null: none did.';
COMMENT ON COLUMN allo.queues.missing_since IS 'Internal (two-pass rule). Observed: end of the first reading that showed its holder without it. It becomes ended_at if the queue ends. Null: not missing since it was last seen.';
COMMENT ON COLUMN allo.queues.missing_replaced_by_queue_id IS 'Internal (two-pass rule): the queue that the holder had instead at missing_since. Null: none.';
COMMENT ON COLUMN allo.queues.unknown_since IS 'Internal (two-pass rule). Observed: when a finished pass, other than one that a look requested, left this queue unknown. It stays after an end, until the queue is seen again.';
COMMENT ON COLUMN allo.queues.held_back_passes IS 'Internal (two-pass rule): number of passes since unknown_since that could not read every teammate. After three of them, the next pass ends the queue anyway.';
COMMENT ON COLUMN allo.queues.unobservable_since IS 'Observed: when the API first said that its holder is not on the team. Set when a later pass gets the same answer. Its versions end there. Null: it has not said so since the queue was last seen.';
COMMENT ON COLUMN allo.queues.membership_digest IS 'Internal: digest of position, number_to and created_at of all numbers, which proves that two reads of the queue agree. Empty after a number was erased, until the queue is read again. No meaning outside the program.';
COMMENT ON COLUMN allo.queues.content_digest IS 'Internal: digest of all fields of all numbers, with a fingerprint of the stored rows. If both are unchanged, nothing is written; if the rows were edited by hand, they are repaired. Empty after a number was erased, until the queue is read again. No meaning outside the program.';

COMMENT ON TABLE allo.queue_numbers IS
  'One row per position of a queue, as shown by the last complete reading of that queue. CAREFUL: THE NUMBERS OF ENDED AND UNKNOWN QUEUES ARE IN HERE TOO. For the numbers in current queues: join allo.queues using (queue_id) where is_current. A number removed from a current queue is removed from this table (queue_entries keeps it); the last rows of an ended queue stay. Never count this table without that join.';
COMMENT ON COLUMN allo.queue_numbers.queue_id IS 'The queue.';
COMMENT ON COLUMN allo.queue_numbers.position IS 'The API''s position in the queue, from 0. Gaps are legal, and a position may be used again: the identity is entry_id.';
COMMENT ON COLUMN allo.queue_numbers.entry_id IS 'The entry of this number: see queue_entries.';
COMMENT ON COLUMN allo.queue_numbers.number_to IS 'The phone number as the API sends it, documented as E.164. It may occur several times in a queue. Null: the API sent none, or it was erased, or it is suppressed.';
COMMENT ON COLUMN allo.queue_numbers.created_at IS 'Source: when the number was added to the queue.';
COMMENT ON COLUMN allo.queue_numbers.updated_at IS 'Source: when the number was last updated. A change of this value alone makes no version.';
COMMENT ON COLUMN allo.queue_numbers.call_start_date IS 'Source: when the latest call to this number began. Null: not called yet, or the API did not say.';
COMMENT ON COLUMN allo.queue_numbers.call_id IS 'The API''s id of the latest call. Null: no call placed yet, or the API did not say.';
COMMENT ON COLUMN allo.queue_numbers.routing_result IS 'Result of the call, as the API sends it: FAILED, RECEIVED, BLOCKED, ANSWERED, TRANSFERRED_BLAND, TRANSFERRED_ELEVEN_LABS, TRANSFERRED_EXTERNAL, FAILED_EXTERNAL, VOICEMAIL, CLOSED, or a word the API adds. Null: no result yet.';
COMMENT ON COLUMN allo.queue_numbers.sync_status IS 'NOT_SYNCED, PROCESSING, SYNCED, or a word the API adds. It is about the contact in Allo, never about the call.';
COMMENT ON COLUMN allo.queue_numbers.detected_outbound_voicemail IS 'Whether a machine answered. Null: not known.';
COMMENT ON COLUMN allo.queue_numbers.not_reached_destination_reason IS 'Why the call did not get through: BUSY, CALLEE_TEMPORARILY_UNAVAILABLE, RING_TIMEOUT, NOT_IN_SERVICE, DECLINED, NETWORK_ERROR, or a word the API adds. Null: it did, or nothing is known yet.';
COMMENT ON COLUMN allo.queue_numbers.voicemail_left IS 'Whether a voicemail was left. Null: not known.';
COMMENT ON COLUMN allo.queue_numbers.extra IS 'Fields of the API without a column here, and values whose type was not the documented one, of the last reading only. Null: none, or erased with the number.';
COMMENT ON COLUMN allo.queue_numbers.row_digest IS 'Internal: digest of all fields of this row, to find changed positions. 0 after the number was erased. No meaning outside the program.';
